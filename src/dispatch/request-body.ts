// The body of a request, read from the socket only as fast as the application asks for it.
import type { Readable } from 'node:stream'
import type { BodyPiece } from '../wire/messages.ts'

/** The largest piece that crosses at once; also the size of Python's input buffer. */
export const PIECE_BYTES = 65_536

/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** What earns a slow client another second, as in Apache's mod_reqtimeout. */
const BYTES_PER_SECOND = 500

type Piece = Pick<BodyPiece, 'status' | 'chunk'>

export interface RequestBodyOptions {
  /** More than this is `too-large`, for bodies that do not announce their length. */
  readonly limitBytes: number
  /**
   * A client that is waited for longer is `too-slow`; 0 is no limit, and each 500 bytes received add a
   * second. Only waiting counts: an application may take its time.
   */
  readonly timeoutMs: number
  /** The Content-Length, if there is one. HTTP/2 lets a stream end before it is reached. */
  readonly announcedBytes: number | undefined
  /** The client sends nothing before somebody reads (`Expect: 100-continue`). */
  readonly heldBack: boolean
}

const NOTHING = new Uint8Array()

/**
 * RFC 9110, 6.5.1: fields that frame, route or authenticate a message. Another program on the way may
 * have taken them for the request's own.
 */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto'
])

function hasForbiddenTrailer(source: Readable & { readonly rawTrailers?: string[] }): boolean {
  const names = source.rawTrailers ?? []
  return names.some((name, at) => at % 2 === 0 && FORBIDDEN_TRAILERS.has(name.toLowerCase()))
}

export class RequestBody {
  readonly #source: Readable
  readonly #limitBytes: number
  readonly #announcedBytes: number | undefined
  readonly #timeoutMs: number
  /** Until it is read. */
  #heldBack: boolean
  /** How long the client has been waited for. */
  #waitedMs = 0
  #tooSlow = false
  #rest: Buffer = Buffer.alloc(0)
  #received = 0
  #tooLarge = false
  #discarded = false
  /** Ends the wait for a change of the source. */
  #wake: (() => void) | undefined

  constructor(source: Readable, options: RequestBodyOptions) {
    const { limitBytes, timeoutMs, heldBack, announcedBytes } = options
    this.#source = source
    this.#announcedBytes = announcedBytes
    this.#limitBytes = limitBytes
    this.#timeoutMs = timeoutMs
    this.#heldBack = heldBack
    // A client that goes away is an answer ('gone'), not an exception.
    source.on('error', () => {})
  }

  /** The next piece, once there is one. Never rejects. */
  async next(): Promise<Piece> {
    this.#heldBack = false
    for (;;) {
      if (this.#discarded) return { status: 'gone', chunk: NOTHING }
      if (this.#tooLarge) return { status: 'too-large', chunk: NOTHING }
      const chunk = this.#take()
      if (chunk !== undefined) return { status: 'more', chunk }
      if (this.#tooLarge) continue
      if (this.#source.readableEnded) return { status: this.#ending(), chunk: NOTHING }
      if (this.#source.destroyed) return { status: 'gone', chunk: NOTHING }
      if (this.#tooSlow) return { status: 'too-slow', chunk: NOTHING }
      await this.#change()
    }
  }

  #ending(): 'end' | 'gone' | 'malformed' {
    if (this.#announcedBytes !== undefined && this.#received !== this.#announcedBytes) return 'gone'
    return hasForbiddenTrailer(this.#source) ? 'malformed' : 'end'
  }

  /** Reads the whole body, for one that announced a small length; else says why it did not arrive. */
  async whole(): Promise<Uint8Array | Exclude<Piece['status'], 'more' | 'end'>> {
    const pieces: Uint8Array[] = []
    for (;;) {
      const { status, chunk } = await this.next()
      if (status === 'end')
        return pieces[0] !== undefined && pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
      if (status !== 'more') return status
      pieces.push(chunk)
    }
  }

  /** Throws away what the application did not read, so that the connection can go on. */
  discard(): void {
    this.#rest = Buffer.alloc(0)
    this.#discarded = true
    this.#wake?.() // whoever waits for the next piece keeps the source from flowing
    if (!this.#heldBack) this.#source.resume()
  }

  #take(): Uint8Array | undefined {
    if (this.#rest.length === 0) {
      const chunk = this.#source.read() as Buffer | null
      if (chunk === null) return undefined
      this.#received += chunk.length
      if (this.#received > this.#limitBytes) {
        this.#tooLarge = true
        return undefined
      }
      this.#rest = chunk
    }
    const piece = this.#rest.subarray(0, PIECE_BYTES)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  #change(): Promise<void> {
    const source = this.#source
    return new Promise((resolve) => {
      const names = ['readable', 'end', 'close', 'error'] as const
      const since = performance.now()
      const timer = this.#startTimer()
      const done = (): void => {
        clearTimeout(timer)
        this.#waitedMs += performance.now() - since
        for (const name of names) source.off(name, done)
        this.#wake = undefined
        resolve()
      }
      for (const name of names) source.on(name, done)
      this.#wake = done
    })
  }

  /** Ends the wait when the client has been waited for long enough. */
  #startTimer(): NodeJS.Timeout | undefined {
    if (this.#timeoutMs === 0) return undefined
    const earnedMs = (this.#received / BYTES_PER_SECOND) * 1000
    const leftMs = this.#timeoutMs + earnedMs - this.#waitedMs
    return setTimeout(
      () => {
        this.#tooSlow = true
        this.#wake?.()
      },
      Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS)
    )
  }
}
