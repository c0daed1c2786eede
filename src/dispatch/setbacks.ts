// What has gone wrong with a group's workers lately, and for how long that keeps it from making the next
// one. It knows reasons and times, and nothing of threads.
import type { WasgiError } from '../errors.ts'
import { ACCIDENTS, bootDelayMs, CrashCounter } from './backoff.ts'
import type { Ending } from './death.ts'
import { crashLoopError } from './failure.ts'

/** What of a worker that is gone tells whether it got anywhere. */
export interface Life {
  readonly readyAt: number
  readonly served: number
}

export class Setbacks {
  readonly #group: string
  readonly #now: () => number
  readonly #crashes: CrashCounter
  /** Since a worker could last boot. */
  #bootFailures = 0
  /** How many times a worker could not boot, ever. */
  failedBoots = 0
  /** Not before then is an interpreter made again. */
  #retryAt = 0
  /** Why the last worker could not boot; undefined once one could. */
  bootError: WasgiError | undefined

  /** Of a group of so many workers. `now` is the clock, in milliseconds. */
  constructor(group: string, workers: number, now: () => number = () => performance.now()) {
    this.#group = group
    this.#now = now
    this.#crashes = new CrashCounter(workers)
  }

  /** How long until an interpreter may be made again; 0 if it may be now. */
  get retryInMs(): number {
    return Math.max(0, this.#retryAt - this.#now())
  }

  /** A worker could boot. */
  forgetBoots(): void {
    this.#bootFailures = 0
    this.bootError = undefined
  }

  /** What is made from now on is made of something else: what has failed says nothing of that. */
  forget(): void {
    this.forgetBoots()
    this.#retryAt = 0
  }

  /**
   * One could not. The next one waits, so that a broken application is not tried in a tight loop. What
   * is not `certain` to be the application's fault has to happen again to be taken for that.
   */
  addBootFailure(error: WasgiError, certain: boolean): void {
    this.#bootFailures++
    this.failedBoots++
    this.#retryAt = this.#now() + bootDelayMs(this.#bootFailures)
    if (certain || this.#bootFailures >= ACCIDENTS) this.bootError = error
  }

  /** One that was ready is gone. Gives the crash loop that this is part of, if it is one. */
  addDeath({ readyAt, served }: Life, { kind, reason }: Ending): WasgiError | undefined {
    const now = this.#now()
    const loop = this.#crashes.count({ kind, readyMs: now - readyAt, served }, now)
    if (loop === undefined) return undefined
    this.#retryAt = Math.max(this.#retryAt, now + loop.delayMs)
    return crashLoopError(this.#group, loop, reason)
  }
}
