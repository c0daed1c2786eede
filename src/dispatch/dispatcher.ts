// What becomes of each request, from when it comes until it is answered, refused or lost; placement.ts
// has which worker it is with. An idle worker gets what a busy one has not started. The request table
// says what has started: that is never run again, everything else always is.
import type { WasgiError } from '../errors.ts'
import type { Answer, RequestMessage, ResponseMessage } from '../wire/messages.ts'
import { monotonicMs, type RequestTable } from '../wire/request-table.ts'
import type { Ending, LostRequest } from './death.ts'
import type { DispatcherOptions } from './dispatcher-options.ts'
import { Exchange, type GatewayRequest } from './exchange.ts'
import {
  answerError,
  diedError,
  groupClosedError,
  groupDownError,
  lossError,
  lostRequest,
  queueFullError,
  queueTimeoutError,
  spentEnding,
  tracebackIn
} from './failure.ts'
import { hasRoom, Placement } from './placement.ts'
import { RequestQueue } from './queue.ts'
import type { Assignment, GroupWorker } from './worker.ts'

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #requests: RequestTable
  readonly #placement: Placement
  readonly #waiting: RequestQueue
  #lastId = 0
  #inProgress = 0
  /** Requests that wait for new code. */
  #renewing = 0
  #idleSince: number = performance.now()
  #closed = false
  #whenIdle: (() => void) | undefined

  constructor(options: DispatcherOptions, requests: RequestTable) {
    this.#options = options
    this.#waiting = new RequestQueue(options.queueTimeoutMs)
    this.#requests = requests
    this.#placement = new Placement(requests, options.workers, (worker, lost) =>
      this.#threadLost(worker, lost)
    )
  }

  handle(request: GatewayRequest): Exchange {
    const exchange = new Exchange(++this.#lastId, request, (gone) => this.#cancelled(gone))
    this.#inProgress++
    if (this.#isFull()) this.#drop(exchange, queueFullError(this.#options))
    else this.#dispatch(exchange)
    return exchange
  }

  /** Since when no request is in progress; undefined while one is. */
  get idleSince(): number | undefined {
    return this.#inProgress === 0 ? this.#idleSince : undefined
  }

  /** Resolves when no request is in progress. */
  idle(): Promise<void> {
    if (this.#inProgress === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenIdle = resolve
    })
  }

  /** Requests that no worker has started, and that somebody waits for. */
  get queued(): number {
    return this.#waiting.size + this.#placement.unstarted
  }

  /** The workers are about to be ended: nothing waits for one any more. */
  close(): void {
    this.#closed = true
    this.failWaiting()
  }

  /** A worker can take requests: those that wait, or one that a busy worker has not started. */
  feed(worker: GroupWorker): void {
    while (hasRoom(worker)) {
      const exchange = this.#waiting.shift()
      if (exchange === undefined) break
      if (this.#waiting.isLate(exchange)) this.#dropLate(exchange)
      else this.#assign(exchange, worker)
    }
    if (!hasRoom(worker) || worker.exchanges.size > 0) return
    const taken = this.#placement.takeBack()
    if (taken !== undefined) this.#assign(taken, worker)
  }

  /** No worker is ready and none can be: whoever waits is told so. */
  failWaiting(): void {
    const error = this.#down()
    if (error === undefined) return
    for (const exchange of this.#waiting.takeAll()) this.#drop(exchange, error)
  }

  /** A message that belongs to one of the worker's requests, or to one that is over. */
  receive(worker: GroupWorker, message: RequestMessage): void {
    switch (message.kind) {
      case 'pull':
        void worker.exchanges.get(message.id)?.pull()
        break
      case 'hints':
      case 'head':
      case 'chunk':
      case 'whole':
        this.#pass(worker, message)
        break
      case 'spent':
        this.retire(worker, spentEnding(message, this.#options.grants()))
        break
      default:
        this.#answered(worker, message)
    }
  }

  #pass(worker: GroupWorker, message: ResponseMessage): void {
    const exchange = worker.exchanges.get(message.id)
    if (exchange === undefined) return
    if (message.kind === 'whole') this.#noteStart(exchange)
    exchange.receive(message)
  }

  /** While the row still tells: it is released with the answer. */
  #noteStart(exchange: Exchange): void {
    if (exchange.startedAt === 0) exchange.startedAt = this.#requests.startedAt(exchange.slot)
  }

  /** Requests that have not started, whoever holds them, and that have waited too long. */
  sweepQueue(): void {
    if (this.#options.queueTimeoutMs === 0) return
    const now = monotonicMs()
    for (const exchange of this.#waiting.takeLate(now)) this.#dropLate(exchange)
    for (const worker of this.#options.workers()) {
      for (const exchange of [...worker.exchanges.values()]) {
        if (!this.#waiting.isLate(exchange, now) || !this.#placement.withdraw(worker, exchange))
          continue
        this.#dropLate(exchange)
      }
    }
  }

  /**
   * Interrupts every request that has run for longer than request_timeout, and ends the worker of one
   * that has not come to an end within interrupt_timeout after that.
   */
  sweep(): void {
    const { requestTimeoutMs, workers } = this.#options
    if (requestTimeoutMs === 0) return
    const now = monotonicMs()
    for (const worker of workers()) {
      for (const exchange of worker.exchanges.values()) {
        const startedAt = this.#requests.startedAt(exchange.slot)
        const lateMs = now - startedAt - requestTimeoutMs
        if (startedAt !== 0 && lateMs > 0) this.#late(worker, exchange, now)
      }
    }
  }

  #late(worker: GroupWorker, exchange: Exchange, now: number): void {
    const { requestTimeoutMs, interruptTimeoutMs } = this.#options
    if (exchange.timedOutAt === 0) {
      exchange.timedOutAt = now
      if (interruptTimeoutMs > 0) {
        this.#requests.timeOut(exchange.slot)
        worker.interrupt(exchange.id)
      }
    }
    if (now - exchange.timedOutAt < interruptTimeoutMs) return
    worker.terminate('request-timeout', `request_timeout (${requestTimeoutMs} ms)`)
  }

  /** Whether one more would have to wait, and as many as may already do. */
  #isFull(): boolean {
    const { queueLimit } = this.#options
    if (queueLimit === 0 || this.#inProgress <= queueLimit) return false
    return this.#placement.leastBusy()?.exchanges.size !== 0 && this.queued >= queueLimit
  }

  #dropLate(exchange: Exchange): void {
    this.#drop(exchange, queueTimeoutError(exchange, this.#options))
  }

  #dispatch(exchange: Exchange): void {
    const worker = this.#placement.leastBusy()
    if (worker !== undefined) {
      if (worker.exchanges.size > 0) this.#options.onDemand(1)
      this.#assign(exchange, worker)
      return
    }
    const down = this.#down()
    if (down !== undefined) {
      this.#drop(exchange, down)
      return
    }
    this.#waiting.push(exchange)
    this.demand()
  }

  /** Requests wait, and a worker without an interpreter may be there. */
  demand(): void {
    if (this.#waiting.size > 0) this.#options.onDemand(this.#waiting.size)
  }

  #down(): WasgiError | undefined {
    const { group } = this.#options
    if (this.#closed) return groupClosedError(group)
    const cause = this.#options.bootError()
    if (cause === undefined || this.#options.hasSpare()) return undefined
    for (const worker of this.#options.workers()) if (worker.state === 'ready') return undefined
    return groupDownError(group, cause, this.#options.retryInMs())
  }

  #assign(exchange: Exchange, worker: GroupWorker): void {
    this.#placement.assign(worker, exchange, this.#waiting.deadlineOf(exchange.arrivedAt))
  }

  #answered(worker: GroupWorker, answer: Answer): void {
    const { slot } = answer
    const exchange = worker.rows.get(slot)
    if (exchange === undefined) return
    const current = exchange.slot === slot
    if (current) this.#noteStart(exchange)
    this.#placement.release(worker, slot)
    // It may have been moved, and even be back here: then it is in another row.
    if (current) worker.exchanges.delete(exchange.id)
    if (answer.kind === 'stale') this.#renew(exchange)
    else if (answer.kind !== 'withdrawn') this.#conclude(worker, exchange, answer)
    else if (current) this.#tryElsewhere(exchange)
    if (worker.state === 'retiring') this.#wind(worker)
    else this.feed(worker)
  }

  #conclude(
    worker: GroupWorker,
    exchange: Exchange,
    answer: Exclude<Answer, { kind: 'withdrawn' | 'stale' }>
  ): void {
    worker.served++
    const { grants, requestTimeoutMs } = this.#options
    switch (answer.kind) {
      case 'died':
        worker.lost ??= lostRequest(exchange)
        worker.terminate('crash', answer.reason, tracebackIn(answer.reason, grants()))
        this.#failed(worker, exchange, diedError(worker.name, exchange, answer.reason))
        break
      case 'failed':
        this.#failed(worker, exchange, answerError(exchange, answer, grants(), requestTimeoutMs))
        break
      default:
        exchange.conclude(answer)
    }
    this.#left()
  }

  /** The application was not called: it will be, once it is loaded anew. */
  #renew(exchange: Exchange): void {
    exchange.recall()
    const { queueLimit, onStale } = this.#options
    if (exchange.over) this.#left()
    // Nobody else bounds how many they are. As with a changed script, the others get old code.
    else if (queueLimit > 0 && this.#renewing >= queueLimit / 2) this.#tryElsewhere(exchange)
    else {
      this.#renewing++
      onStale(() => {
        this.#renewing--
        this.#tryElsewhere(exchange)
      })
    }
  }

  #failed(worker: GroupWorker, exchange: Exchange, error: WasgiError): void {
    if (error.blame !== 'client') this.#options.onFailure(worker, error, exchange)
    exchange.fail(error)
  }

  /** The thread ended before it answered. What it had started is lost, the rest goes elsewhere. */
  #threadLost(worker: GroupWorker, lost: Assignment): void {
    const { exchange } = lost
    const fate = this.#placement.bury(worker, lost)
    if (fate === 'started') {
      worker.lost ??= lostRequest(exchange)
      this.#failed(worker, exchange, lossError(worker, exchange, this.#options.requestTimeoutMs))
      this.#left()
    } else if (fate === 'unstarted') this.#tryElsewhere(exchange)
  }

  /** It has not started, and its worker will not start it. */
  #tryElsewhere(exchange: Exchange): void {
    exchange.slot = -1
    if (exchange.over) return
    if (this.#waiting.isLate(exchange)) this.#dropLate(exchange)
    else this.#dispatch(exchange)
  }

  /** It takes nothing new, and ends once it is quiet. */
  retire(worker: GroupWorker, ending: Ending): void {
    worker.ending ??= ending
    if (worker.state !== 'ready') return
    worker.state = 'retiring'
    worker.retiringSince = performance.now()
    this.#wind(worker)
  }

  /** What the worker has started and not answered. */
  lost(worker: GroupWorker): LostRequest | undefined {
    const running = this.#placement.startedBy(worker)
    return worker.lost ?? (running && lostRequest(running))
  }

  /** Takes everything unstarted away, and ends the worker once it is quiet. */
  #wind(worker: GroupWorker): void {
    for (const exchange of [...worker.exchanges.values()]) {
      if (this.#placement.withdraw(worker, exchange)) this.#dispatch(exchange)
    }
    if (worker.exchanges.size > 0) return
    void worker.dismiss()
  }

  #cancelled(exchange: Exchange): void {
    if (exchange.slot === -1) {
      this.#waiting.remove(exchange)
      this.#left()
    } else if (this.#requests.withdraw(exchange.slot)) this.#left()
    else this.#requests.cancel(exchange.slot)
  }

  #drop(exchange: Exchange, error: WasgiError): void {
    exchange.fail(error)
    this.#left()
  }

  #left(): void {
    this.#inProgress--
    if (this.#inProgress > 0) return
    this.#idleSince = performance.now()
    this.#whenIdle?.()
  }
}
