// Counts what becomes of a group's snapshots, on the way to whoever logs it.
import type { ErrorCode, WasgiError } from '../errors.ts'
import type { SnapshotEvent } from './source.ts'

/** What `app.wasgi.applications[n].snapshot()` gives. */
export interface SnapshotStatus {
  /** Where the one in use is from; undefined if interpreters boot from nothing. */
  readonly from: SnapshotEvent['from'] | undefined
  /** Of the capture. */
  readonly id: string | undefined
  /** Interpreters that were restored from it. */
  readonly restored: number
  /** What has gone wrong, by code: captures refused, restores failed, files not used or not written. */
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>
}

interface Counted {
  onSnapshot(event: SnapshotEvent): void
  onSnapshotFailure(error: WasgiError): void
}

export class SnapshotCounts {
  #used: SnapshotEvent | undefined
  #restored = 0
  readonly #failures: Partial<Record<ErrorCode, number>> = {}

  /** The same events, counted. */
  watch<Events extends Counted>(events: Events): Events {
    return {
      ...events,
      onSnapshot: (event: SnapshotEvent) => {
        this.#used = event
        events.onSnapshot(event)
      },
      onSnapshotFailure: (error: WasgiError) => {
        this.#failures[error.code] = (this.#failures[error.code] ?? 0) + 1
        events.onSnapshotFailure(error)
      }
    }
  }

  /** From now on interpreters boot from nothing. */
  forget(): void {
    this.#used = undefined
  }

  addRestored(): void {
    this.#restored++
  }

  status(): SnapshotStatus {
    const { from, id } = this.#used ?? {}
    return { from, id, restored: this.#restored, failures: { ...this.#failures } }
  }
}
