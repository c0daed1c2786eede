// What a command needs of the process around it and of the rest of wasgi, as plain values and
// functions: tests pass their own. Nothing here runs.

import type { ResolvedSettings } from '../config/settings.ts'
import type { InstallProgress, InstallRequest, InstallResult } from '../packages/install.ts'

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
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown
  off(signal: StopSignal, listener: () => void): unknown
}

/** What the commands do. The real ones are loaded only when their command runs. */
export interface Actions {
  startServer(resolved: ResolvedSettings): Promise<RunningServer>
  checkApplication(resolved: ResolvedSettings): Promise<CheckResult>
  installPackages(
    request: InstallRequest,
    report: (line: InstallProgress) => void
  ): Promise<InstallResult>
}

/** A server that answers. */
export interface RunningServer {
  /** `http://HOST:PORT` as a browser reaches it, or `unix:/path`. */
  readonly url: string
  /** Lets requests in progress finish, within `shutdown_timeout`. */
  close(): Promise<void>
}

/** What `wasgi check` found. */
export interface CheckResult {
  readonly callable: string
  readonly pythonVersion: string
  readonly bootMs: number
}
