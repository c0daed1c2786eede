// How long a group waits before it tries again what has just failed. Pure, apart from what it counts.
import type { DeathKind } from './death.ts'

/** So many threads in a row that are lost while they boot are none: then nobody waits any more. */
export const ACCIDENTS = 3

const FIRST_MS = 500
/** An application that cannot be loaded is not tried more often than that after a while. */
const BOOT_LAST_MS = 30_000
/** Requests wait meanwhile, so it is not long. */
const CRASH_LAST_MS = 5_000
/** A worker that dies within so much of being ready ... */
const YOUNG_MS = 10_000
/** ... and has answered no more than this one request has got nowhere. */
const YOUNG_SERVED = 1
/** Deaths of these kinds are of a request's or an operator's making, or have a wait of their own. */
const UNCOUNTED: ReadonlySet<DeathKind> = new Set([
  'request-timeout',
  'startup-timeout',
  'boot-failed'
])
/** Deaths are counted over so long. */
const WINDOW_MS = 60_000
/** So many are bad luck. */
const BAD_LUCK = 3

/** The wait after so many workers in a row could not boot. */
export function bootDelayMs(failures: number): number {
  return doubled(failures, BOOT_LAST_MS)
}

function doubled(count: number, lastMs: number): number {
  return count <= 0 ? 0 : Math.min(FIRST_MS * 2 ** (count - 1), lastMs)
}

/** Workers of one group that got nowhere, and how long it has taken them. */
export interface CrashLoop {
  readonly deaths: number
  readonly spanMs: number
  readonly delayMs: number
}

/** What of a death tells whether it came early. */
export interface EarlyDeath {
  readonly kind: DeathKind
  /** For how long it had been ready. */
  readonly readyMs: number
  readonly served: number
}

/** Notices that a group's workers start, and die soon after, again and again. */
export class CrashCounter {
  readonly #allowed: number
  #deaths: number[] = []

  /** For a group of so many workers: all of them may die once of the same cause. */
  constructor(workers: number) {
    this.#allowed = Math.max(BAD_LUCK, workers)
  }

  /** Counts a death at `nowMs`. Gives the loop that it is part of, if it is one. */
  count(death: EarlyDeath, nowMs: number): CrashLoop | undefined {
    const { kind, readyMs, served } = death
    if (readyMs > YOUNG_MS || served > YOUNG_SERVED || UNCOUNTED.has(kind)) return undefined
    this.#deaths = this.#deaths.filter((at) => nowMs - at <= WINDOW_MS)
    this.#deaths.push(nowMs)
    const deaths = this.#deaths.length
    const delayMs = doubled(deaths - this.#allowed, CRASH_LAST_MS)
    if (delayMs === 0) return undefined
    return { deaths, spanMs: nowMs - (this.#deaths[0] ?? nowMs), delayMs }
  }
}
