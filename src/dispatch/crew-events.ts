// What a crew tells of its workers.
import type { WasgiError } from '../errors.ts'
import type { LogLine, Ready, RequestMessage, Saw } from '../wire/messages.ts'
import type { LostRequest, WorkerDeath } from './death.ts'
import type { GroupWorker } from './worker.ts'

export interface CrewEvents {
  /** A worker without an interpreter is there; `bootFor` makes it one. */
  onEmpty(): void
  onReady(worker: GroupWorker, ready: Ready): void
  /** The worker boots from nothing instead. */
  onRestoreFailure(worker: GroupWorker, reason: string): void
  onLog(worker: GroupWorker, line: LogLine): void
  onSaw?: ((saw: Saw) => void) | undefined
  /** Everything else a worker sends belongs to one of its requests. */
  onMessage(worker: GroupWorker, message: RequestMessage): void
  /** What the worker has started and not answered. */
  lost(worker: GroupWorker): LostRequest | undefined
  /** The worker is gone. */
  onDeath(death: WorkerDeath, worker: GroupWorker | undefined): void
  onBootFailure(worker: string, error: WasgiError): void
  /** Workers start, and die soon after, again and again. */
  onCrashLoop(worker: string, error: WasgiError): void
}
