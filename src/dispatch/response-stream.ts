// The body of a streamed response on the main thread. It tells the worker what the socket has
// accepted, so a slow client stops the application instead of filling memory.
import { Readable } from 'node:stream'

export interface ResponseStreamOwner {
  /** The consumer took these bytes and is ready for more. */
  accepted(bytes: number): void
  /** The consumer is gone or the response is over; called once. */
  closed(): void
}

export class ResponseStream extends Readable {
  readonly #owner: ResponseStreamOwner
  #delivered = 0

  constructor(owner: ResponseStreamOwner) {
    // No buffer of its own: `_read` is then called when, and only when, everything delivered so far
    // has been taken and more is wanted.
    super({ highWaterMark: 0 })
    this.#owner = owner
  }

  /** Hands on a chunk of the response. */
  deliver(chunk: Uint8Array): void {
    if (this.destroyed || chunk.length === 0) return
    this.#delivered += chunk.length
    this.push(chunk)
  }

  /** The application has produced everything. */
  finish(): void {
    if (!this.destroyed) this.push(null)
  }

  override _read(): void {
    const bytes = this.#delivered
    this.#delivered = 0
    if (bytes > 0) this.#owner.accepted(bytes)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#owner.closed()
    callback(error)
  }
}
