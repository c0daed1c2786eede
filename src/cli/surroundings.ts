// What a command needs of the process around it and of the rest of wasgi, as plain values and
// functions: tests pass their own. Nothing here runs.

import type { ResolvedMounts, ResolvedServer, Settings } from '../config/settings.ts'
import type { InstallProgress, InstallRequest, InstallResult } from '../packages/install.ts'
import type { Dependency, ImageReport } from '../snapshot/image.ts'
import type { Pruned, StoredSnapshot, StoredState, Verdict } from '../snapshot/store.ts'
import type { OrderSignal } from './orders.ts'
import type { StopSignal } from './stop.ts'

/** The process, as far as commands may touch it. */
export interface Surroundings {
  /** Without the executable and the script. */
  readonly arguments: readonly string[]
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly folder: string
  /** Standard output: only what the command promises. */
  readonly out: (text: string) => void
  /** Standard error: everything for people. */
  readonly err: (text: string) => void
  /** Whether standard error is a terminal, where a line can be written over. */
  readonly terminal: boolean
  readonly signals: SignalSource
  /** Whether the terminal that this process was started in is gone. */
  readonly hungUp: () => boolean
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}

/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(signal: StopSignal | OrderSignal, listener: () => void): unknown
  off(signal: StopSignal | OrderSignal, listener: () => void): unknown
}

/** What the commands do. The real ones are loaded only when their command runs. */
export interface Actions {
  startServer(resolved: ResolvedServer): Promise<RunningServer>
  checkApplication(resolved: ResolvedServer): Promise<CheckResult>
  installPackages(
    request: InstallRequest,
    report: (line: InstallProgress) => void
  ): Promise<InstallResult>
  /** Those of `wasgi snapshot`, from one module. */
  snapshots(): Promise<SnapshotActions>
}

/** What `wasgi snapshot` does; src/snapshot/commands.ts. Keys may be given by their first digits. */
export interface SnapshotActions {
  build(resolved: ResolvedMounts, ifMissing: boolean): Promise<BuildOutcome>
  list(place: StorePlace): Promise<readonly StoredSnapshot[]>
  inspectStored(place: StorePlace, prefix: string): Promise<SnapshotInspection>
  inspectApplication(resolved: ResolvedMounts): Promise<ApplicationInspection>
  /** All without `prefixes`. */
  verify(place: StorePlace, prefixes: readonly string[]): Promise<readonly Verdict[]>
  prune(place: StorePlace, all: boolean): Promise<readonly Pruned[]>
}

/** A server that answers. */
export interface RunningServer {
  /** `http://HOST:PORT` as a browser reaches it, or `unix:/path`. */
  readonly url: string
  /** Lets requests in progress finish, within `shutdown_timeout`. */
  close(): Promise<void>
  /** Opens log files anew, under their names: whoever rotates them has moved the old ones. */
  reopenLogs(): void
  /**
   * Reads the configuration anew, loads every application from it, and replaces its workers one after
   * another; no request is lost. Rejects with the error of what cannot be loaded: that goes on as it was.
   */
  reload(): Promise<void>
  /** Gives each process group one worker more or less, within what docs/guides/operations.md says. */
  changeWorkers(by: 1 | -1): void
  /** Writes to the log what the groups, their workers and the requests in progress are doing. */
  dumpState(): void
}

/** What `wasgi check` found. */
export interface CheckResult {
  readonly callable: string
  readonly pythonVersion: string
  readonly bootMs: number
}

/** The settings that say where snapshots are. */
export type StorePlace = Pick<Settings, 'snapshotDir' | 'snapshotLimit'>

/** What `wasgi snapshot build` did. */
export interface BuildOutcome {
  readonly key: string
  /** False when a valid one was left alone. */
  readonly made: boolean
  readonly memoryBytes: number
  readonly fileBytes: number
  readonly ms: number
}

/** A snapshot, stored or made to be looked at. Not a byte of its content. */
export interface SnapshotInspection {
  readonly kind: 'snapshot'
  readonly key: string
  /** Largest modules first. */
  readonly report: ImageReport
  readonly memoryBytes: number
  /** WebAssembly memory of the interpreter; most of what is not in `memoryBytes` is zero. */
  readonly heapBytes: number
  /** Files of the host that must stay as they are for it to be restored, by path. */
  readonly dependencies: readonly Dependency[]
  /** Undefined for one that was made to be looked at. */
  readonly stored: StoredFacts | undefined
  /** Why it may not be stored; '' if it may, or is. */
  readonly obstacle: string
}

export interface StoredFacts {
  readonly bytes: number
  readonly usedAt: string
  readonly state: StoredState
  /** What is wrong with it; undefined when the state is `ok`. */
  readonly message: string | undefined
}

/** An application that runs, but cannot be captured. */
export interface RefusalInspection {
  readonly kind: 'refused'
  readonly target: string
  readonly reasons: readonly string[]
  /** Of a hook that failed; else ''. */
  readonly traceback: string
}

export type ApplicationInspection = SnapshotInspection | RefusalInspection
