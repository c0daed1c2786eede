// When a worker that does its work is given up all the same. Pure, so that every rule has a table test.
import type { Ending } from './death.ts'

/** 0 is never, or no limit, but for `gracefulTimeoutMs`. */
export interface RecycleLimits {
  /** The longest life of an interpreter. */
  readonly restartIntervalMs: number
  /** Processor time of a worker's thread. */
  readonly cpuTimeLimitMs: number
  /** How long a whole group may have nothing to do. */
  readonly inactivityTimeoutMs: number
  /** How long the event loop of a worker that is idle, or whose request waits, may stand still. */
  readonly deadlockTimeoutMs: number
  /** How long a worker that is to go may take for what it runs; 0 is no time at all. */
  readonly gracefulTimeoutMs: number
}

/** What of a worker the rules look at. */
export interface WorkerTally {
  readonly ageMs: number
  readonly cpuMs: number
}

/** Why a worker is to be replaced, as soon as it is quiet. */
export function shouldRetire(worker: WorkerTally, limits: RecycleLimits): Ending | undefined {
  const { restartIntervalMs, cpuTimeLimitMs } = limits
  if (restartIntervalMs > 0 && worker.ageMs >= restartIntervalMs) {
    const reason = `it lived for restart_interval (${restartIntervalMs} ms)`
    return { kind: 'restart-interval', reason }
  }
  if (cpuTimeLimitMs > 0 && worker.cpuMs >= cpuTimeLimitMs) {
    const used = Math.round(worker.cpuMs)
    const reason = `it used ${used} ms of processor time (cpu_time_limit ${cpuTimeLimitMs} ms)`
    return { kind: 'cpu-time-limit', reason }
  }
  return undefined
}

/** Why a group that has had nothing to do for so long gives up its interpreters. */
export function shouldSleep(idleMs: number, limits: RecycleLimits): Ending | undefined {
  const { inactivityTimeoutMs } = limits
  if (inactivityTimeoutMs === 0 || idleMs < inactivityTimeoutMs) return undefined
  const reason = `its group had no request for inactivity_timeout (${inactivityTimeoutMs} ms)`
  return { kind: 'inactivity-timeout', reason }
}

/** That a worker's event loop turns (wire/pulse.ts). */
export interface Signs {
  readonly beats: number
  /** 0 of one that runs no request; else how often its Python has begun to wait or gone on. */
  readonly suspensions: number
}

/** For how long an event loop has been seen to stand still. */
export interface Stillness {
  readonly signs: Signs
  readonly stillMs: number
}

/**
 * Adds what a look at it showed, `elapsedMs` after the one before. A look that comes late itself
 * counts for no more than `looksMs`: then all threads of the process have stood still.
 */
export function watchStillness(
  before: Stillness | undefined,
  signs: Signs,
  elapsedMs: number,
  looksMs: number
): Stillness {
  const { beats, suspensions } = signs
  const same = before?.signs.beats === beats && before.signs.suspensions === suspensions
  return { signs, stillMs: same ? before.stillMs + Math.min(elapsedMs, looksMs) : 0 }
}

/** Why a worker whose event loop stands still is ended. */
export function isDeadlocked(stillness: Stillness, limits: RecycleLimits): Ending | undefined {
  const { deadlockTimeoutMs } = limits
  if (deadlockTimeoutMs === 0 || stillness.stillMs < deadlockTimeoutMs) return undefined
  const meanwhile =
    stillness.signs.suspensions === 0 ? 'and it ran no request' : 'while its request waited'
  const reason = `its event loop stood still for deadlock_timeout (${deadlockTimeoutMs} ms), ${meanwhile}`
  return { kind: 'deadlock-timeout', reason }
}
