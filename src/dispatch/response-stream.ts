// The body of a streamed response on the main thread. It tells the worker what the socket has
// accepted, so a slow client stops the application instead of filling memory.
import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { WasgiError } from '../errors.ts'
import { publicError } from '../public-error.ts'

export interface ResponseStreamOwner {
  /** The socket, or whoever reads instead of it, took these bytes and is ready for more. */
  accepted(bytes: number): void
  /** The consumer is gone or the response is over; called once. */
  closed(): void
}

/** waiting: for a consumer. socket: written straight to it. reader: read like any other stream. */
type Mode = 'waiting' | 'socket' | 'reader'

export class ResponseStream extends Readable {
  readonly #owner: ResponseStreamOwner
  #mode: Mode = 'waiting'
  #response: ServerResponse | undefined
  /** Chunks that came before there was a consumer: at most the response window. */
  #early: Uint8Array[] = []
  #delivered = 0
  #finished = false
  #broken: WasgiError | undefined

  constructor(owner: ResponseStreamOwner) {
    // No buffer of its own: `_read` is then called when, and only when, everything delivered so far
    // has been taken and more is wanted.
    super({ highWaterMark: 0 })
    this.#owner = owner
    // It may break before anybody listens, while a hook of Fastify thinks or after one dropped it.
    this.on('error', () => {})
  }

  /** Hands on a chunk of the response, which from now on belongs to this stream. */
  deliver(chunk: Uint8Array): void {
    if (this.destroyed || chunk.length === 0) return
    if (this.#mode === 'waiting') this.#early.push(chunk)
    else if (this.#mode === 'socket') this.#write(chunk)
    else {
      this.#delivered += chunk.length
      this.push(chunk)
    }
  }

  /** The application has produced everything. */
  finish(): void {
    if (this.destroyed) return
    this.#finished = true
    if (this.#mode !== 'waiting') this.#end()
  }

  /**
   * The application broke off. What it had produced still reaches the client, even where nobody has
   * asked for it yet: the response is cut after it, not replaced.
   */
  break(error: WasgiError): void {
    if (this.#mode === 'waiting' || this.#delivered > 0) this.#broken = error
    else this.destroy(error)
  }

  /**
   * Fastify pipes into the response when no hook wants the body. Then chunks are written straight
   * to the socket: its callbacks tell exactly what it has accepted, and each chunk's memory is given
   * back at that moment. Left to the garbage collector, which sees only small objects here, a fast
   * download of gigabytes would hold hundreds of megabytes.
   */
  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    const real = destination instanceof ServerResponse && destination.socket instanceof Socket
    if (!real || options?.end === false || this.#mode !== 'waiting') {
      return super.pipe(destination, options)
    }
    this.#mode = 'socket'
    this.#response = destination
    for (const chunk of this.#early.splice(0)) this.#write(chunk)
    if (this.#finished) this.#end()
    if (this.#broken !== undefined) this.destroy(this.#broken)
    return destination
  }

  /** Whoever consumes this may show the error to the client, so it becomes the client's version. */
  override destroy(error?: Error): this {
    return super.destroy(error instanceof WasgiError ? publicError(error) : error)
  }

  override _read(): void {
    if (this.#mode === 'socket') return
    if (this.#mode === 'waiting') {
      this.#mode = 'reader'
      for (const chunk of this.#early.splice(0)) this.deliver(chunk)
      if (this.#finished) this.#end()
      if (this.#broken !== undefined && this.#delivered === 0) this.destroy(this.#broken)
      return
    }
    if (this.#broken !== undefined) {
      this.destroy(this.#broken)
      return
    }
    const bytes = this.#delivered
    this.#delivered = 0
    if (bytes > 0) this.#owner.accepted(bytes)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#early = []
    this.#owner.closed()
    callback(error)
  }

  #write(chunk: Uint8Array): void {
    const bytes = chunk.length
    this.#response?.write(chunk, (error) => {
      if (error) return
      const { buffer } = chunk
      if (buffer instanceof ArrayBuffer) buffer.transfer(0)
      this.#owner.accepted(bytes)
    })
  }

  #end(): void {
    this.push(null)
    if (this.#mode !== 'socket') return
    this.#response?.end()
    this.resume() // nothing was pushed; this lets 'end' come
  }
}
