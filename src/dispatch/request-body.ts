// The body of a request, read from the socket only as fast as the application asks for it.
import type { Readable } from 'node:stream'
import type { BodyPiece } from '../wire/messages.ts'

/** The largest piece that crosses at once; also the size of Python's input buffer. */
export const PIECE_BYTES = 65_536

type Piece = Pick<BodyPiece, 'status' | 'chunk'>

const NOTHING = new Uint8Array()

export class RequestBody {
  readonly #source: Readable
  readonly #limitBytes: number
  #rest: Buffer = Buffer.alloc(0)
  #received = 0
  #tooLarge = false
  #discarded = false
  /** Ends the wait for a change of the source. */
  #wake: (() => void) | undefined

  /** `limitBytes`: more than this is `too-large`, for bodies that do not announce their length. */
  constructor(source: Readable, limitBytes: number) {
    this.#source = source
    this.#limitBytes = limitBytes
    // A client that goes away is an answer ('gone'), not an exception.
    source.on('error', () => {})
  }

  /** The next piece, once there is one. Never rejects. */
  async next(): Promise<Piece> {
    for (;;) {
      if (this.#discarded) return { status: 'gone', chunk: NOTHING }
      if (this.#tooLarge) return { status: 'too-large', chunk: NOTHING }
      const chunk = this.#take()
      if (chunk !== undefined) return { status: 'more', chunk }
      if (this.#tooLarge) continue
      if (this.#source.readableEnded) return { status: 'end', chunk: NOTHING }
      if (this.#source.destroyed) return { status: 'gone', chunk: NOTHING }
      await this.#change()
    }
  }

  /** Reads the whole body, for one that announced a small length. Undefined when it did not arrive. */
  async whole(): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = []
    for (;;) {
      const { status, chunk } = await this.next()
      if (status === 'end') return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
      if (status !== 'more') return undefined
      pieces.push(chunk)
    }
  }

  /** Throws away what the application did not read, so that the connection can go on. */
  discard(): void {
    this.#rest = Buffer.alloc(0)
    this.#discarded = true
    this.#wake?.() // whoever waits for the next piece keeps the source from flowing
    this.#source.resume()
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
      const done = (): void => {
        for (const name of names) source.off(name, done)
        this.#wake = undefined
        resolve()
      }
      for (const name of names) source.on(name, done)
      this.#wake = done
    })
  }
}
