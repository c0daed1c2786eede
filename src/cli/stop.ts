// What SIGINT, SIGTERM and SIGQUIT mean to a server that runs in a terminal or under a supervisor.

import type { Surroundings } from './surroundings.ts'

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGQUIT'

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGQUIT']

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
): 'drain' | 'exit' | 'quit' | 'nothing' {
  if (signal === 'SIGQUIT') return 'quit'
  if (drainingSinceMs === undefined) return 'drain'
  return signal === 'SIGINT' && nowMs - drainingSinceMs >= SAME_PRESS_MS ? 'exit' : 'nothing'
}

/** Three promises about signals, until released. */
export interface StopWatch {
  readonly drain: Promise<void>
  /** At once, as Ctrl-C ends any program. */
  readonly exit: Promise<void>
  /** At once, as was wanted. */
  readonly quit: Promise<void>
  release(): void
}

/** Listens from now on, so that a signal during the start is not lost either. */
export function watchForStop({
  signals,
  now,
  hungUp
}: Pick<Surroundings, 'signals' | 'now' | 'hungUp'>): StopWatch {
  const drain = Promise.withResolvers<void>()
  const exit = Promise.withResolvers<void>()
  const quit = Promise.withResolvers<void>()
  let since: number | undefined
  const receive = (signal: StopSignal): void => {
    const meaning = meaningOf(signal, now(), since)
    if (meaning === 'quit') quit.resolve()
    else since ??= now()
    if (meaning === 'drain') drain.resolve()
    if (meaning === 'exit') exit.resolve()
  }
  const hangUp = (): void => {
    if (hungUp()) receive('SIGTERM')
  }
  const listeners: { signal: StopSignal | 'SIGHUP'; listener: () => void }[] = [
    ...STOP_SIGNALS.map((signal) => ({ signal, listener: () => receive(signal) })),
    { signal: 'SIGHUP', listener: hangUp }
  ]
  for (const { signal, listener } of listeners) signals.on(signal, listener)
  const release = (): void => {
    for (const { signal, listener } of listeners) signals.off(signal, listener)
  }
  return { drain: drain.promise, exit: exit.promise, quit: quit.promise, release }
}
