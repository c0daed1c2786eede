// mod_wsgi's WSGISlowRequests: one record when a request has been in progress for too long, while it
// still is, and one when it has ended.
import type { FastifyBaseLogger } from 'fastify'
import { monotonicMs } from '../wire/request-table.ts'
import { pathOf } from './request-label.ts'
import { traceFields } from './trace-context.ts'
import type { Visit, VisitWatcher } from './visits.ts'

export class SlowRequests implements VisitWatcher {
  readonly #thresholdMs: number
  readonly #log: FastifyBaseLogger
  /** Not slow yet, oldest first: they all have the same time, so one timer does for all. */
  readonly #pending = new Set<Visit>()
  readonly #slow = new Set<Visit>()
  #timer: NodeJS.Timeout | undefined

  constructor(thresholdMs: number, log: FastifyBaseLogger) {
    this.#thresholdMs = thresholdMs
    this.#log = log
  }

  begun(visit: Visit): void {
    this.#pending.add(visit)
    this.#timer ??= this.#wakeAfter(this.#thresholdMs)
  }

  ended(visit: Visit, nowMs: number): void {
    if (this.#pending.delete(visit)) {
      // The timer may be late, and its turn come after the end.
      if (nowMs - visit.since >= this.#thresholdMs) this.#tell(visit, nowMs)
    }
    if (!this.#slow.delete(visit)) return
    const fields = { ...describe(visit, nowMs), status: visit.status }
    this.#log.warn(fields, 'slow request ended')
  }

  #wakeAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), ms).unref()
  }

  #sweep(): void {
    const nowMs = monotonicMs()
    this.#timer = undefined
    for (const visit of this.#pending) {
      const restMs = this.#thresholdMs - (nowMs - visit.since)
      if (restMs > 0) {
        this.#timer = this.#wakeAfter(Math.ceil(restMs))
        return
      }
      this.#pending.delete(visit)
      this.#tell(visit, nowMs)
    }
  }

  #tell(visit: Visit, nowMs: number): void {
    this.#slow.add(visit)
    this.#log.warn(describe(visit, nowMs), 'slow request')
  }
}

function describe(visit: Visit, nowMs: number): object {
  const { group, method, target, exchange } = visit
  const worker = exchange?.workerName
  return {
    ...(worker === undefined ? {} : { worker }),
    group,
    elapsed_ms: Math.round(nowMs - visit.since),
    method,
    path: pathOf(target),
    ...(exchange === undefined ? {} : traceFields(exchange.request.head))
  }
}
