// Signals that ask something of a server that goes on serving. They mean what gunicorn's users expect.

import type { RunningServer, Surroundings } from './surroundings.ts'

export type OrderSignal = 'SIGHUP' | 'SIGTTIN' | 'SIGTTOU' | 'SIGUSR1' | 'SIGUSR2'

/** The part of a server that takes orders. */
export type Ordered = Pick<RunningServer, 'reload' | 'changeWorkers' | 'reopenLogs' | 'dumpState'>

export interface Orders {
  /** There is a server from now on. */
  begin(server: Ordered): void
  /** The server stops: orders come to nothing. */
  end(): void
  release(): void
}

/**
 * Listens from now on, since most of these signals would end the process. What is asked before there is
 * a server is done once there is one: what it has loaded until then may be old already.
 */
export function listenForOrders({
  signals,
  hungUp
}: Pick<Surroundings, 'signals' | 'hungUp'>): Orders {
  let server: Ordered | undefined
  const early = new Set<OrderSignal>()
  const meanings: Readonly<Record<OrderSignal, (to: Ordered) => void>> = {
    SIGHUP: (to) => {
      if (hungUp()) return // stop.ts ends the server
      to.reopenLogs()
      // Whatever becomes of it is in the log.
      to.reload().catch(() => {})
    },
    SIGTTIN: (to) => to.changeWorkers(1),
    SIGTTOU: (to) => to.changeWorkers(-1),
    SIGUSR1: (to) => to.reopenLogs(),
    SIGUSR2: (to) => to.dumpState()
  }
  const listeners = (Object.keys(meanings) as OrderSignal[]).map((signal) => ({
    signal,
    listener: () => {
      if (server === undefined) early.add(signal)
      else meanings[signal](server)
    }
  }))
  for (const { signal, listener } of listeners) signals.on(signal, listener)
  return {
    begin: (given) => {
      server = given
      for (const signal of early) meanings[signal](given)
    },
    end: () => {
      server = undefined
    },
    release: () => {
      for (const { signal, listener } of listeners) signals.off(signal, listener)
    }
  }
}
