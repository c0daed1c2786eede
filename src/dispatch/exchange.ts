// The main thread's side of one request: what goes to a worker, what comes back, and the promise
// that the server waits on. It knows nothing of Fastify and nothing of how workers are chosen.
import { WasgiError } from '../errors.ts'
import type { Complete, ResponseMessage, Streamed, ToWorker, WholeBody } from '../wire/messages.ts'
import { monotonicMs } from '../wire/request-table.ts'
import type { RequestBody } from './request-body.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'
import { ResponseStream } from './response-stream.ts'

/** What the server gives the group. */
export interface GatewayRequest {
  /** wire/request-head.ts */
  readonly head: string
  /** The whole body; null when `source` has it, undefined when there is none. */
  readonly body: Uint8Array | null | undefined
  readonly source: RequestBody | undefined
  /** `GET /path`, for logs; without the query, which may hold secrets. */
  readonly label: string
  /** The application's number in its interpreter; that of the only one is 0. */
  readonly application?: number
  /** The server's own id of it, as its logs have it. */
  readonly requestId?: string | undefined
}

/** What the group gives the server: a whole body, or a stream that must be consumed or destroyed. */
export interface GatewayResponse extends ResponseHead {
  readonly body: WholeBody | ResponseStream
}

/** What an exchange needs of the worker that has it. */
export interface ExchangeWorker {
  /** For logs. */
  readonly name?: string
  send(message: ToWorker, transfer?: ArrayBuffer[]): void
}

export class Exchange {
  readonly id: number
  readonly request: GatewayRequest
  /** On the clock of monotonicMs. */
  readonly arrivedAt: number = monotonicMs()
  readonly response: Promise<GatewayResponse>
  /** Row in the request table while a worker has it; -1 while it waits. */
  slot = -1
  /** Gets the headers of each interim response: name, value, name, value. Never after the head. */
  onHints: ((fields: readonly string[]) => void) | undefined
  /**
   * When request_timeout was over, on the clock of monotonicMs; 0 if it is not. The request's failure,
   * or the death of its worker, is then a 504.
   */
  timedOutAt = 0
  /** Its application's script has said that it is to be loaded anew, and is not asked again. */
  asked = false
  /** When a worker started it, on the clock of monotonicMs; 0 while that is not known. */
  startedAt = 0
  readonly #resolve: (response: GatewayResponse) => void
  readonly #reject: (error: WasgiError) => void
  readonly #onCancel: (exchange: Exchange) => void
  #worker: ExchangeWorker | undefined
  #stream: ResponseStream | undefined
  #over = false

  constructor(id: number, request: GatewayRequest, onCancel: (exchange: Exchange) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<GatewayResponse>()
    this.id = id
    this.request = request
    this.response = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#onCancel = onCancel
  }

  /** True once the server has its whole answer or has gone away. */
  get over(): boolean {
    return this.#over
  }

  /** The worker that has it, or had it last. */
  get workerName(): string | undefined {
    return this.#worker?.name
  }

  /** A worker has been chosen. */
  assign(worker: ExchangeWorker, slot: number): void {
    this.#worker = worker
    this.slot = slot
  }

  /** The client is gone, or the server wants no more of it. */
  cancel(): void {
    if (this.#over) return
    this.#over = true
    this.#onCancel(this)
    this.#worker?.send({ kind: 'cancel', id: this.id })
    this.fail(new WasgiError('WASGI_ERR_CLIENT_GONE', [this.request.label]))
  }

  /** It is to be started again, once its application is loaded anew. */
  recall(): void {
    this.slot = -1
    this.asked = true
    this.startedAt = 0
  }

  /** An answer that is no failure. */
  conclude(answer: Complete | Streamed): void {
    if (answer.kind === 'complete') this.complete(answer.head, answer.body)
    else if (answer.kind === 'streamed') this.finishStream()
    else this.cancel()
  }

  complete(head: string, body: WholeBody): void {
    this.#over = true
    this.#resolve({ ...parseResponseHead(head), body })
    this.request.source?.discard()
  }

  /** A message of the response. */
  receive(message: ResponseMessage): void {
    if (message.kind === 'hints') this.#passHints(message.lines)
    else if (message.kind === 'chunk') this.#stream?.deliver(message.chunk)
    else if (message.kind === 'head') this.#startStream(message.head, message.chunk)
    else this.complete(message.head, message.body)
  }

  #passHints(lines: string): void {
    if (!this.#over && this.#stream === undefined) this.onHints?.(lines.split('\n'))
  }

  #startStream(head: string, chunk: Uint8Array): void {
    const stream = new ResponseStream({
      accepted: (bytes) => this.#worker?.send({ kind: 'credit', id: this.id, bytes }),
      closed: () => this.cancel()
    })
    this.#stream = stream
    this.#resolve({ ...parseResponseHead(head), body: stream })
    stream.deliver(chunk)
  }

  finishStream(): void {
    if (this.#stream !== undefined) this.#stream.finish()
    else if (!this.#over) {
      // Only an application that meddles with the gateway can end a response that never began.
      this.#reject(new WasgiError('WASGI_ERR_APP_EXCEPTION', ['no response', this.request.label]))
    }
    this.#over = true
    this.request.source?.discard()
  }

  /** Ends it badly: an error for the server before the head, a broken stream after it. */
  fail(error: WasgiError): void {
    this.#over = true
    this.#reject(error)
    this.#stream?.break(error)
    this.request.source?.discard()
  }

  /** The application asked for the next piece of the body. */
  async pull(): Promise<void> {
    const worker = this.#worker
    const piece = await this.request.source?.next()
    // A copy of its own: cloning a view would clone the whole buffer that lies under it.
    const chunk = new Uint8Array(piece?.chunk ?? [])
    const status = piece?.status ?? 'end'
    worker?.send({ kind: 'body', id: this.id, status, chunk }, [chunk.buffer])
  }
}
