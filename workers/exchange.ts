// The worker's side of the request being served: credit for what it may produce, pieces of the body
// it pulls, and the news that the client is gone. One at a time (threads = 1); the realm asks through
// plain functions, and every wait is a number that `settle` ends.
import type { BodyPiece, Credit, FromWorker, RequestTask, WholeBody } from '../src/wire/messages.ts'
import type { RequestTable } from '../src/wire/request-table.ts'

/** Sends one message to the main thread. Bytes in it are transferred. */
export type Post = (message: FromWorker, transfer: ArrayBuffer[]) => void

const CHUNK = 2
const WHOLE = 3
const HINTS = 4
const ASK = 5
const GONE = -1
const TOO_LARGE = -2
const TOO_SLOW = -4
const MALFORMED = -5
/** What waits end with when the request takes too long. */
export const TIMED_OUT: number = -6
/** What `take` answers while nothing is there. */
export const NOTHING_YET: number = -3

/** Interim responses of one request, and bytes of each. A client can be slow to take them. */
const HINTS_AT_MOST = 16
const HINT_BYTES = 8192

export class Exchange {
  readonly #requests: RequestTable
  readonly #post: Post
  readonly #settle: (ticket: number, value: number) => void
  readonly #windowBytes: number
  #task: RequestTask | undefined
  #credit = 0
  #draining = 0
  #pulling = 0
  /** A piece asked for in advance: pulling is a round trip to the main thread. */
  #ahead: BodyPiece | undefined
  #asked = false
  #gone = false
  #hints = 0

  constructor(
    requests: RequestTable,
    post: Post,
    settle: (ticket: number, value: number) => void,
    windowBytes: number
  ) {
    this.#requests = requests
    this.#post = post
    this.#settle = settle
    this.#windowBytes = windowBytes
  }

  open(task: RequestTask): void {
    this.#task = task
    this.#credit = this.#windowBytes
    this.#draining = 0
    this.#pulling = 0
    this.#ahead = undefined
    this.#asked = false
    this.#gone = false
    this.#hints = 0
  }

  close(): void {
    this.#task = undefined
  }

  /**
   * Hands bytes to the main thread. Returns the credit left, 0 for "wait", -1 for "client gone"; of
   * hints 1, or 0 when they are too many.
   */
  send(kind: number, bytes: Uint8Array): number {
    const task = this.#task
    if (task === undefined || this.#gone || this.#requests.isCancelled(task.slot)) return GONE
    if (kind === HINTS) return this.#sendHints(task.id, bytes)
    if (kind === ASK) {
      // What it answers with waits here for the first pull.
      if (!this.#asked && this.#ahead === undefined) this.#ask(task)
      return this.credit()
    }
    // The length is taken first: transferring a chunk leaves this side with none of it.
    if (kind === CHUNK) {
      this.#credit -= bytes.length
      const chunk = bytes.slice() as Uint8Array<ArrayBuffer>
      this.#post({ kind: 'chunk', id: task.id, chunk }, [chunk.buffer])
    } else {
      const { head, body } = splitResponse(bytes)
      this.#credit -= body.length
      if (kind === WHOLE) {
        this.#post({ kind: 'whole', id: task.id, head, body: wholeBody(body) }, [])
      } else {
        const chunk = body.slice() as Uint8Array<ArrayBuffer>
        this.#post({ kind: 'head', id: task.id, head, chunk }, [chunk.buffer])
      }
    }
    return Math.max(0, this.#credit)
  }

  #sendHints(id: number, bytes: Uint8Array): number {
    if (this.#hints >= HINTS_AT_MOST || bytes.length > HINT_BYTES) return 0
    this.#hints++
    this.#post({ kind: 'hints', id, lines: latin1(bytes) }, [])
    return 1
  }

  /** Credit that there is right now; 0 for none, -1 when the client is gone. */
  credit(): number {
    return this.#isGone() ? GONE : Math.max(0, this.#credit)
  }

  /** Ends `ticket` with the credit once there is some, or with -1. */
  drain(ticket: number): void {
    const credit = this.credit()
    if (credit === 0) this.#draining = ticket
    else this.#settle(ticket, credit)
  }

  /** The next piece of the body if it is here already: as `pull` ends, or NOTHING_YET. */
  take(copy: (chunk: Uint8Array) => void): number {
    if (this.#isGone()) return GONE
    const piece = this.#ahead
    if (piece === undefined) return NOTHING_YET
    this.#ahead = undefined
    return this.#accept(piece, copy)
  }

  /** Ends `ticket` with the number of body bytes that were copied, 0 at the end, or why there is none. */
  pull(ticket: number): void {
    const task = this.#task
    if (task === undefined || this.#isGone()) {
      this.#settle(ticket, GONE)
      return
    }
    this.#pulling = ticket
    if (!this.#asked) this.#ask(task)
  }

  onCredit(message: Credit): void {
    if (message.id !== this.#task?.id) return
    this.#credit += message.bytes
    const ticket = this.#draining
    if (ticket === 0 || this.#credit <= 0) return
    this.#draining = 0
    this.#settle(ticket, this.#credit)
  }

  /** `copy` puts the piece into Python's input buffer. */
  onBody(message: BodyPiece, copy: (chunk: Uint8Array) => void): void {
    if (message.id !== this.#task?.id) return
    this.#asked = false
    const ticket = this.#pulling
    if (ticket === 0) {
      this.#ahead = message
      return
    }
    this.#pulling = 0
    this.#settle(ticket, this.#accept(message, copy))
  }

  #ask(task: RequestTask): void {
    this.#asked = true
    this.#post({ kind: 'pull', id: task.id }, [])
  }

  /** Copies a piece and asks for the one after it. */
  #accept(piece: BodyPiece, copy: (chunk: Uint8Array) => void): number {
    if (piece.status === 'end') return 0
    if (piece.status === 'too-large') return TOO_LARGE
    if (piece.status === 'too-slow') return TOO_SLOW
    if (piece.status === 'malformed') return MALFORMED
    if (piece.status !== 'more') return GONE
    const { chunk } = piece
    const { length } = chunk
    copy(chunk)
    // Given back at once: the garbage collector would let many of them pile up.
    if (chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
    if (this.#task !== undefined) this.#ask(this.#task)
    return length
  }

  onCancel(id: number): void {
    if (id !== this.#task?.id) return
    this.#gone = true
    for (const ticket of [this.#draining, this.#pulling])
      if (ticket !== 0) this.#settle(ticket, GONE)
    this.#draining = 0
    this.#pulling = 0
  }

  /** Whether the request takes too long, for what waits without being suspended. */
  isTimedOut(): boolean {
    return this.#task !== undefined && this.#requests.isTimedOut(this.#task.slot)
  }

  /** The same, once: whoever asks tells Python. */
  takeTimeout(): boolean {
    return this.#task !== undefined && this.#requests.takeTimeout(this.#task.slot)
  }

  /** Ends what the request waits for in here. False if it is not waiting, or has been told. */
  onInterrupt(): boolean {
    const ticket = this.#draining || this.#pulling
    if (ticket === 0 || !this.takeTimeout()) return false
    this.#draining = 0
    this.#pulling = 0
    this.#settle(ticket, TIMED_OUT)
    return true
  }

  isFor(id: number): boolean {
    return id === this.#task?.id
  }

  #isGone(): boolean {
    return this.#gone || (this.#task !== undefined && this.#requests.isCancelled(this.#task.slot))
  }
}

/** Takes apart what the gateway leaves in the response buffer: two lengths, head, body. */
export function splitResponse(bytes: Uint8Array): { head: string; body: Uint8Array } {
  const headLength = uint32(bytes, 0)
  const bodyLength = uint32(bytes, 4)
  const headEnd = 8 + headLength
  return {
    head: latin1(bytes.subarray(8, headEnd)),
    body: bytes.subarray(headEnd, headEnd + bodyLength)
  }
}

/** Bytes of a body that still go as text: cloning an array costs 10 us, a character 1 ns. */
const TEXT_LIMIT = 4096

/** The body of a whole response, as it crosses: a copy, since the buffer is Python's. */
export function wholeBody(body: Uint8Array): WholeBody {
  return body.length <= TEXT_LIMIT ? latin1(body) : body.slice()
}

function uint32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

/** Byte for byte; a TextDecoder named latin1 would read windows-1252. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096) as unknown as number[])
  }
  return text
}
