// Looks at a group's workers from time to time, and gives up those that the limits say are to go.
import type { Dispatcher } from './dispatcher.ts'
import {
  isDeadlocked,
  type RecycleLimits,
  type Signs,
  type Stillness,
  shouldRetire,
  shouldSleep,
  watchStillness
} from './recycle.ts'
import type { Rotation } from './rotation.ts'
import type { GroupWorker } from './worker.ts'

export interface RecyclerOptions {
  readonly limits: RecycleLimits
  /** How often it looks. */
  readonly sweepMs: number
  readonly workers: () => Iterable<GroupWorker>
  /** Every interpreter is given up until a request comes. */
  readonly sleep: () => void
}

export class Recycler {
  readonly #options: RecyclerOptions
  readonly #dispatcher: Dispatcher
  readonly #rotation: Rotation
  readonly #stillness = new WeakMap<GroupWorker, Stillness>()
  #sweptAt: number = performance.now()

  constructor(options: RecyclerOptions, dispatcher: Dispatcher, rotation: Rotation) {
    this.#options = options
    this.#dispatcher = dispatcher
    this.#rotation = rotation
  }

  sweep(): void {
    const now = performance.now()
    const elapsedMs = now - this.#sweptAt
    this.#sweptAt = now
    for (const worker of [...this.#options.workers()]) {
      if (worker.isLeaving) continue // that has a limit of its own
      this.#endBlocked(worker, elapsedMs)
      if (worker.state === 'retiring') this.#endLate(worker, now)
      else if (worker.state === 'ready') this.#retireDue(worker, now)
    }
    this.#sleepIfIdle(now)
    this.#rotation.advance()
  }

  #retireDue(worker: GroupWorker, now: number): void {
    const tally = { ageMs: now - worker.bornAt, cpuMs: worker.cpuMs }
    const ending = shouldRetire(tally, this.#options.limits)
    if (ending !== undefined) this.#rotation.add(worker, ending)
  }

  #endLate(worker: GroupWorker, now: number): void {
    const { gracefulTimeoutMs } = this.#options.limits
    if (now - worker.retiringSince < gracefulTimeoutMs) return
    worker.cut(gracefulTimeoutMs)
  }

  /** A request that computes is governed by request_timeout, and a wipe by startup_timeout. */
  #endBlocked(worker: GroupWorker, elapsedMs: number): void {
    const signs = this.#signsOf(worker)
    if (signs === undefined) {
      this.#stillness.delete(worker)
      return
    }
    const { limits, sweepMs } = this.#options
    const before = this.#stillness.get(worker)
    const stillness = watchStillness(before, signs, elapsedMs, 2 * sweepMs)
    this.#stillness.set(worker, stillness)
    const ending = isDeadlocked(stillness, limits)
    if (ending !== undefined) worker.terminate(ending.kind, ending.reason)
  }

  /** What of a worker must not stand still; undefined while nothing need move. */
  #signsOf(worker: GroupWorker): Signs | undefined {
    const { state, beats, wipingSince, waits } = worker
    const isUp = state === 'ready' || state === 'retiring'
    if (!isUp || beats === 0 || wipingSince > 0) return undefined
    if (this.#dispatcher.lost(worker) === undefined) return { beats, suspensions: 0 }
    return waits.isSuspended ? { beats, suspensions: waits.suspensions } : undefined
  }

  #sleepIfIdle(now: number): void {
    const { limits, workers, sleep } = this.#options
    const ready = [...workers()].filter(({ state }) => state === 'ready')
    const { idleSince } = this.#dispatcher
    if (idleSince === undefined || ready.length === 0) return
    // One that is just ready has been made for something.
    const since = Math.max(idleSince, ...ready.map(({ readyAt }) => readyAt))
    const ending = shouldSleep(now - since, limits)
    if (ending === undefined) return
    sleep()
    for (const worker of ready) this.#dispatcher.retire(worker, ending)
  }
}
