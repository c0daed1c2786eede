// What SIGINT and SIGTERM mean to a server that runs in a terminal or under a supervisor.

import type { StopSignal, Surroundings } from './surroundings.ts'

/**
 * npm and npx pass on a Ctrl-C that the terminal has sent to the whole process group already, as
 * does bin/wasgi.js under an old Node.js: one key press arrives several times within a few ms.
 */
const SAME_PRESS_MS = 250

/** What the next signal asks for, given when draining began. Pure. */
export function meaningOf(
  signal: StopSignal,
  nowMs: number,
  drainingSinceMs: number | undefined
): 'drain' | 'exit' | 'nothing' {
  if (drainingSinceMs === undefined) return 'drain'
  return signal === 'SIGINT' && nowMs - drainingSinceMs >= SAME_PRESS_MS ? 'exit' : 'nothing'
}

/** Two promises about signals, until released. */
export interface StopWatch {
  readonly drain: Promise<void>
  readonly exit: Promise<void>
  release(): void
}

/** Listens from now on, so that a signal during the start is not lost either. */
export function watchForStop({ signals, now }: Pick<Surroundings, 'signals' | 'now'>): StopWatch {
  const drain = Promise.withResolvers<void>()
  const exit = Promise.withResolvers<void>()
  let since: number | undefined
  const receive = (signal: StopSignal): void => {
    const meaning = meaningOf(signal, now(), since)
    since ??= now()
    if (meaning === 'drain') drain.resolve()
    if (meaning === 'exit') exit.resolve()
  }
  const interrupt = (): void => receive('SIGINT')
  const terminate = (): void => receive('SIGTERM')
  signals.on('SIGINT', interrupt)
  signals.on('SIGTERM', terminate)
  const release = (): void => {
    signals.off('SIGINT', interrupt)
    signals.off('SIGTERM', terminate)
  }
  return { drain: drain.promise, exit: exit.promise, release }
}
