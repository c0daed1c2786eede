// What a group does at one moment, for the log of who asks: its workers, and what each of them runs.
import type { SnapshotStatus } from '../snapshot/counts.ts'
import { monotonicMs, type RequestTable } from '../wire/request-table.ts'
import { lostRequest } from './failure.ts'
import type { GroupWorker } from './worker.ts'

export interface GroupState {
  readonly group: string
  /** How many workers there should be. */
  readonly workers: number
  /** How many it may be given. */
  readonly most: number
  /** Requests that no worker has started. */
  readonly queued: number
  readonly snapshot: SnapshotStatus
  readonly crew: readonly WorkerReport[]
}

export interface WorkerReport {
  readonly worker: string
  readonly threadId: number
  readonly state: string
  readonly boot: string
  readonly generation: number
  /** Since its interpreter began to be made; 0 if there is none. */
  readonly ageMs: number
  readonly cpuMs: number
  readonly served: number
  readonly heapBytes: number
  /** What it has started and not answered. */
  readonly requests: readonly RequestReport[]
  /** What it holds besides. */
  readonly held: number
}

export interface RequestReport {
  readonly id: string
  /** `GET /path` */
  readonly label: string
  /** Since it came. */
  readonly ageMs: number
  /** Since a worker started it. */
  readonly runningMs: number
}

/** Looks at one worker. */
export function reportOf(worker: GroupWorker, table: RequestTable): WorkerReport {
  const { name, thread, state, boot, generation, bornAt, cpuMs, served, heapBytes } = worker
  const now = monotonicMs()
  const requests: RequestReport[] = []
  for (const exchange of worker.exchanges.values()) {
    const startedAt = table.startedAt(exchange.slot)
    if (startedAt === 0) continue
    const ageMs = Math.round(now - exchange.arrivedAt)
    requests.push({ ...lostRequest(exchange), ageMs, runningMs: Math.round(now - startedAt) })
  }
  return {
    worker: name,
    threadId: thread.threadId,
    state,
    boot,
    generation,
    ageMs: bornAt === 0 ? 0 : Math.round(performance.now() - bornAt),
    cpuMs: Math.round(cpuMs),
    served,
    heapBytes,
    requests,
    held: worker.exchanges.size - requests.length
  }
}
