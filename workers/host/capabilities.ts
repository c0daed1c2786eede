// The list of everything a worker's interpreter is granted, in one place. Node-specific.
// If it is not here, Python does not have it.
import { LockTable } from '../../src/wire/lock-table.ts'
import type { Boot, Build } from '../../src/wire/messages.ts'
import type { HostCapabilities } from '../controls.ts'
import { grantFiles } from './files.ts'
import { hashHost } from './hashes.ts'
import { textHost, timerHost } from './text.ts'
import type { WatchedFiles } from './watched-files.ts'

/** What of the host the guest's waits and prints end in. */
export interface Sinks {
  readonly fireTimer: (id: number) => void
  readonly settle: (ticket: number, value: number) => void
  readonly log: (level: number, stream: string, text: string) => void
  /** Told the name of each variable whose value is handed out. */
  readonly onVariable?: (name: string) => unknown
}

export function hostCapabilities(
  boot: Boot | Build,
  locks: SharedArrayBuffer,
  sinks: Sinks,
  watched?: WatchedFiles
): HostCapabilities {
  const files = grantFiles(boot.grants, {
    locks: new LockTable(locks, boot.owner),
    warn: (text: string) => sinks.log(40, 'gateway', text)
  })
  const timers = timerHost(sinks.fireTimer)
  const sleep = sleepHost(sinks.settle)
  return {
    functions: {
      ...textHost(boot.image === undefined ? 0 : Date.parse(boot.image.report.createdAt)),
      ...timers,
      ...hashHost(),
      ...sleep,
      log: sinks.log,
      variable: (name: string) => {
        if (!Object.hasOwn(boot.env, name)) return undefined
        sinks.onVariable?.(name)
        return boot.env[name]
      }
    },
    files: watched?.wrap(files.host) ?? files.host,
    closeFiles: () => files.closeAll(),
    end: () => {
      timers.dropTimers()
      sleep.wake()
      files.closeAll()
    }
  }
}

/** One sleeper at a time (threads = 1): `suspend` ends after `ms` with 0, or with 1 by `wake`. */
function sleepHost(settle: (ticket: number, value: number) => void) {
  let sleeping = 0
  let timer: NodeJS.Timeout | undefined
  const end = (value: number): void => {
    const ticket = sleeping
    sleeping = 0
    clearTimeout(timer)
    timer = undefined
    if (ticket !== 0) settle(ticket, value)
  }
  return {
    suspend: (ticket: number, ms: number): void => {
      end(1)
      sleeping = ticket
      // setTimeout takes at most 2^31 - 1; whoever sleeps longer wakes early and sleeps again.
      if (ms >= 0) timer = setTimeout(end, Math.min(ms, 2_147_483_647), 0)
    },
    wake: (): void => end(1)
  }
}
