// Requests that run for longer than request_timeout: each is interrupted in its own Python code, and
// only one that does not come to an end costs its worker.
import type { RequestTable } from '../wire/request-table.ts'
import type { Exchange } from './exchange.ts'
import type { GroupWorker } from './worker.ts'

export interface OvertimeLimits {
  /** 0 is no limit. */
  readonly requestTimeoutMs: number
  /** How long a request may take to come to an end once it was interrupted; 0 ends its worker at once. */
  readonly interruptTimeoutMs: number
}

/** Looks after every request that is running. `nowMs` is on the clock of monotonicMs. */
export function endOvertime(
  workers: Iterable<GroupWorker>,
  requests: RequestTable,
  limits: OvertimeLimits,
  nowMs: number
): void {
  const { requestTimeoutMs } = limits
  if (requestTimeoutMs === 0) return
  for (const worker of workers) {
    for (const exchange of worker.exchanges.values()) {
      const startedAt = requests.startedAt(exchange.slot)
      if (startedAt === 0 || nowMs - startedAt <= requestTimeoutMs) continue
      end(worker, exchange, requests, limits, nowMs)
    }
  }
}

function end(
  worker: GroupWorker,
  exchange: Exchange,
  requests: RequestTable,
  { requestTimeoutMs, interruptTimeoutMs }: OvertimeLimits,
  nowMs: number
): void {
  if (exchange.timedOutAt === 0) {
    exchange.timedOutAt = nowMs
    if (interruptTimeoutMs > 0) {
      requests.timeOut(exchange.slot)
      worker.interrupt(exchange.id)
    }
  }
  if (nowMs - exchange.timedOutAt < interruptTimeoutMs) return
  worker.terminate('request-timeout', `request_timeout (${requestTimeoutMs} ms)`)
}
