// Requests that wait for a worker, and how long they may.
import { monotonicMs } from '../wire/request-table.ts'
import type { Exchange } from './exchange.ts'

export class RequestQueue {
  /** 0 is no limit. */
  readonly #timeoutMs: number
  #waiting: Exchange[] = []

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  get size(): number {
    return this.#waiting.length
  }

  push(exchange: Exchange): void {
    this.#waiting.push(exchange)
  }

  /** The one that has been here longest. */
  shift(): Exchange | undefined {
    return this.#waiting.shift()
  }

  remove(exchange: Exchange): void {
    const index = this.#waiting.indexOf(exchange)
    if (index !== -1) this.#waiting.splice(index, 1)
  }

  takeAll(): readonly Exchange[] {
    return this.#waiting.splice(0)
  }

  /** Takes out those that have waited too long. They need not be the first: some have been moved. */
  takeLate(nowMs: number): readonly Exchange[] {
    const late = this.#waiting.filter((exchange) => this.isLate(exchange, nowMs))
    if (late.length > 0) {
      this.#waiting = this.#waiting.filter((exchange) => !late.includes(exchange))
    }
    return late
  }

  /** Whether a request that has not started has waited too long, wherever it has. */
  isLate({ arrivedAt }: Exchange, nowMs: number = monotonicMs()): boolean {
    return nowMs > this.deadlineOf(arrivedAt)
  }

  /** Until when a request that came at `arrivedAt` is to be started. */
  deadlineOf(arrivedAt: number): number {
    return this.#timeoutMs === 0 ? Number.POSITIVE_INFINITY : arrivedAt + this.#timeoutMs
  }
}
