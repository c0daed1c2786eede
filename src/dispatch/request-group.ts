// What the server knows of a process group: whoever answers an application's requests, and what may be
// asked of it at any time.
import type { ErrorCode } from '../errors.ts'
import type { SnapshotStatus } from '../snapshot/counts.ts'
import type { SnapshotSettings } from '../snapshot/settings.ts'
import type { Ready } from '../wire/messages.ts'
import type { GroupState } from './census.ts'
import type { Mode } from './crew.ts'
import type { DeathKind } from './death.ts'
import type { Exchange, GatewayRequest } from './exchange.ts'
import type { BootTemplate, Wipes, WorkerState } from './worker.ts'

/** What may be known of a group from outside at any time; src/server/health.ts and metrics read it. */
export interface GroupCondition {
  readonly group: string
  /** Whether a worker can take requests, or could be made ready for one. */
  readonly ready: boolean
  /** Why the application could not start when that was last tried; undefined if it could. */
  readonly code: ErrorCode | undefined
  /** Requests that no worker has started. */
  readonly queued: number
  readonly workers: readonly WorkerStatus[]
  /** Of all workers there have been. */
  readonly wipes: Wipes
}

export interface WorkerStatus {
  readonly name: string
  readonly threadId: number
  readonly state: string
  readonly served: number
}

/** One interpreter that there is, or that is being made. */
export interface InterpreterStatus {
  /** The process group. */
  readonly group: string
  /** `group/number`, as logs name it. */
  readonly worker: string
  /** Whether it is in the main thread or in a worker. */
  readonly mode: Mode
  readonly state: Exclude<WorkerState, 'empty' | 'dead'>
  /** How it came to be: booted from nothing, restored from a snapshot, or the host program's own. */
  readonly boot: Ready['boot']
  /** As `wasgi.snapshot.generation()`: 0 if cold, 1 once restored, 1 more with each wipe. */
  readonly generation: number
  /** Requests it has answered. */
  readonly served: number
  /** Bytes of its WebAssembly memory after the last request. It never shrinks. */
  readonly heapBytes: number
}

/** What interpreters are made from; a reload may bring another. */
export interface Recipe {
  readonly boot: BootTemplate
  /** How snapshots are made and kept; undefined when every interpreter boots from nothing. */
  readonly snapshot: SnapshotSettings | undefined
}

/**
 * How a reload replaces workers: one after another, while the others still answer with the old code; or
 * all at once, so that no request from then on is answered by old code.
 */
export type ReloadManner = 'rolling' | 'at-once'

/** Whoever answers an application's requests. */
export interface RequestGroup {
  readonly name: string
  /** Settles when every worker is ready, or with the first failure to boot. */
  readonly started: Promise<void>
  /** Sends a request to a worker. Its `response` is the answer; `cancel()` when the client is gone. */
  handle(request: GatewayRequest): Exchange
  workers(): readonly WorkerStatus[]
  /** The interpreters there are. A worker of a lazy group has none before it is needed. */
  interpreters(): readonly InterpreterStatus[]
  /** What its interpreters are restored from, and what has gone wrong with that. */
  snapshot(): SnapshotStatus
  condition(): GroupCondition
  /** What it does right now, request by request. */
  state(): GroupState
  /**
   * Replaces every worker, one after another, and resolves when the last one has been. No request
   * is lost. Rejects with the error of a replacement that could not boot: the others stay.
   */
  recycle(kind: DeathKind, reason: string): Promise<void>
  /**
   * Loads the application anew, with another recipe if one is given, and replaces the workers. No
   * request is lost. Rejects with a WasgiError when it cannot be loaded, or when `signal` gives up an
   * import that takes too long: then nothing has changed.
   */
  reload(manner: ReloadManner, recipe?: Recipe, signal?: AbortSignal): Promise<void>
  /** Has one worker more or less from now on. Gives how many there are to be. */
  changeWorkers(by: 1 | -1): number
  /** Waits for the requests in progress, at most `timeoutMs`, then ends the workers. */
  close(timeoutMs: number): Promise<void>
}
