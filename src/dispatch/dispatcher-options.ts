// What a dispatcher goes by, and whom it asks.
import type { WasgiError } from '../errors.ts'
import type { FileGrant } from '../wire/messages.ts'
import type { Exchange } from './exchange.ts'
import type { GroupWorker } from './worker.ts'

export interface DispatcherOptions {
  readonly group: string
  /** 0 is no limit, here and below. */
  readonly requestTimeoutMs: number
  /** How long a request may take to come to an end once it was interrupted; 0 ends its worker at once. */
  readonly interruptTimeoutMs: number
  /** How long a request may wait to be started. */
  readonly queueTimeoutMs: number
  /** How many requests may wait. */
  readonly queueLimit: number
  readonly grants: () => readonly FileGrant[]
  readonly workers: () => Iterable<GroupWorker>
  /** Why no worker can start, when that is so. */
  readonly bootError: () => WasgiError | undefined
  /** How long until one is made again, when none can. */
  readonly retryInMs: () => number
  /** Whether some worker has no interpreter yet, or one that is being made. */
  readonly hasSpare: () => boolean
  /** So many requests could do with an interpreter more. Does nothing when all workers have one. */
  readonly onDemand: (count: number) => void
  /** A script wants to be loaded anew; `resume` once that is done, or cannot be. */
  readonly onStale: (resume: () => void) => void
  readonly onFailure: (worker: GroupWorker, error: WasgiError, exchange: Exchange) => void
}
