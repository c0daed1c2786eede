// What stands in for a process group when there may be none: restrict_embedded keeps interpreters out
// of the main thread, and the application was not given to a daemon process group.
import { WasgiError } from '../errors.ts'
import type { SnapshotStatus } from '../snapshot/counts.ts'
import type { GroupState } from './census.ts'
import type { GroupCondition, InterpreterStatus, RequestGroup, WorkerStatus } from './group.ts'

export class RestrictedGroup implements RequestGroup {
  readonly name: string
  readonly started: Promise<void> = Promise.resolve()
  readonly #target: string
  readonly #onFailure: (error: WasgiError) => void

  constructor(name: string, target: string, onFailure: (error: WasgiError) => void) {
    this.name = name
    this.#target = target
    this.#onFailure = onFailure
  }

  /** Throws WASGI_ERR_EMBEDDED_RESTRICTED, which is a 500, as mod_wsgi's WSGI0143. */
  handle(): never {
    const error = new WasgiError('WASGI_ERR_EMBEDDED_RESTRICTED', [this.#target])
    this.#onFailure(error)
    throw error
  }

  workers(): readonly WorkerStatus[] {
    return []
  }

  interpreters(): readonly InterpreterStatus[] {
    return []
  }

  snapshot(): SnapshotStatus {
    return { from: undefined, id: undefined, restored: 0, failures: {} }
  }

  condition(): GroupCondition {
    const nothing = { queued: 0, workers: [], wipes: { count: 0, ms: 0 } }
    return { group: this.name, ready: false, code: 'WASGI_ERR_EMBEDDED_RESTRICTED', ...nothing }
  }

  async recycle(): Promise<void> {}

  state(): GroupState {
    return { group: this.name, workers: 0, most: 0, queued: 0, snapshot: this.snapshot(), crew: [] }
  }

  async reload(): Promise<void> {}

  changeWorkers(): number {
    return 0
  }

  async close(): Promise<void> {}
}
