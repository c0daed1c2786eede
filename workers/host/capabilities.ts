// The list of everything a worker's interpreter is granted, in one place. Node-specific.
// If it is not here, Python does not have it.
import { GATEWAY_PATH } from '../../src/wire/guest-paths.ts'
import { LockTable } from '../../src/wire/lock-table.ts'
import type { Boot, Build, Saw } from '../../src/wire/messages.ts'
import { Pulse } from '../../src/wire/pulse.ts'
import type { HostCapabilities } from '../controls.ts'
import { type FileHost, grantFiles } from './files.ts'
import { hashHost } from './hashes.ts'
import { SeenFiles } from './seen-files.ts'
import { textHost, timerHost } from './text.ts'
import type { WatchedFiles } from './watched-files.ts'

/** What of the host the guest's waits and prints end in. */
export interface Sinks {
  readonly fireTimer: (id: number) => void
  readonly settle: (ticket: number, value: number) => void
  readonly log: (level: number, stream: string, text: string) => void
  /** Told of what is read of the host's files, if that was asked for. */
  readonly onSaw?: (saw: Saw) => void
  /** Told the name of each variable whose value is handed out. */
  readonly onVariable?: (name: string) => unknown
  /** Whether whoever waits for a lock is to give up. */
  readonly interrupted?: () => boolean
}

export function hostCapabilities(
  boot: Boot | Build,
  locks: SharedArrayBuffer,
  sinks: Sinks,
  watched?: WatchedFiles
): HostCapabilities {
  const files = grantFiles(boot.grants, {
    locks: new LockTable(locks, boot.owner),
    interrupted: sinks.interrupted,
    warn: (text: string) => sinks.log(40, 'gateway', text)
  })
  const timers = timerHost(sinks.fireTimer)
  const sleep = sleepHost(sinks.settle)
  return {
    functions: {
      ...textHost(boot.image === undefined ? 0 : Date.parse(boot.image.report.createdAt)),
      ...timers,
      ...hashHost(),
      ...sleep.functions,
      log: sinks.log,
      ...threadHost(boot.pulse),
      signal: signalHost(boot.signals),
      variable: (name: string) => {
        if (!Object.hasOwn(boot.env, name)) return undefined
        sinks.onVariable?.(name)
        return boot.env[name]
      }
    },
    files: eyed(watched?.wrap(files.host) ?? files.host, boot, sinks),
    isSleeping: sleep.isSleeping,
    endSleep: sleep.end,
    closeFiles: () => files.closeAll(),
    end: () => {
      timers.dropTimers()
      sleep.end(1)
      files.closeAll()
    }
  }
}

function eyed(host: FileHost, { grants, watch }: Boot | Build, { onSaw }: Sinks): FileHost {
  if (!watch || onSaw === undefined) return host
  return new SeenFiles(grants, [GATEWAY_PATH], onSaw).wrap(host)
}

/** What concerns the thread, for an interpreter that has one to itself (wire/pulse.ts). */
function threadHost(shared: SharedArrayBuffer | undefined) {
  const pulse = shared && new Pulse(shared)
  return {
    suspended: (waits: number): void => pulse?.suspend(waits > 0),
    /** Microseconds that it has computed: for kind 0 itself, for 1 in the operating system. */
    processorTime: (kind: number): number => {
      if (pulse === undefined) return 0
      const { user, system } = process.threadCpuUsage()
      return kind === 0 ? user : system
    }
  }
}

/** The number of a signal, once, or 0. Asked all the time while Python computes. */
function signalHost(shared: SharedArrayBuffer): () => number {
  const signals = new Int32Array(shared)
  return () => (signals[0] === 0 ? 0 : Atomics.exchange(signals, 0, 0))
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
  const functions = {
    suspend: (ticket: number, ms: number): void => {
      end(1)
      sleeping = ticket
      // setTimeout takes at most 2^31 - 1; whoever sleeps longer wakes early and sleeps again.
      if (ms >= 0) timer = setTimeout(end, Math.min(ms, 2_147_483_647), 0)
    },
    wake: (): void => end(1)
  }
  return { functions, end, isSleeping: () => sleeping !== 0 }
}
