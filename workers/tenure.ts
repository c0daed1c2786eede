// For how many requests an interpreter serves before it is put back to its image, or replaced. Each new
// beginning has a limit of its own, so that workers which began together do not end together for ever.
import type { Boot, Spent } from '../src/wire/messages.ts'

/** Why an interpreter is to be recycled. */
export interface Due {
  readonly cause: Spent['cause']
  readonly reason: string
}

export type TenureSettings = Pick<Boot, 'isolated' | 'maximumRequests' | 'maximumRequestsJitter'>

export class Tenure {
  readonly #settings: TenureSettings
  readonly #random: () => number
  #limit: number
  #served = 0

  /** `random` gives numbers in [0, 1). */
  constructor(settings: TenureSettings, random: () => number = Math.random) {
    this.#settings = settings
    this.#random = random
    this.#limit = this.#draw()
  }

  /** A request has begun. */
  count(): void {
    this.#served++
  }

  /** The interpreter is what it was at first. */
  renew(): void {
    this.#served = 0
    this.#limit = this.#draw()
  }

  /** Why it is over, if it is. */
  due(): Due | undefined {
    if (this.#served === 0) return undefined
    if (this.#settings.isolated) return { cause: 'isolation', reason: 'it served its request' }
    if (this.#limit === 0 || this.#served < this.#limit) return undefined
    return { cause: 'maximum-requests', reason: `it served maximum_requests (${this.#limit})` }
  }

  #draw(): number {
    const { maximumRequests, maximumRequestsJitter } = this.#settings
    return drawMaximumRequests(maximumRequests, maximumRequestsJitter, this.#random())
  }
}

/** Up to `jitter` requests more than `maximum`, which may be 0 for no limit. `random` is in [0, 1). */
export function drawMaximumRequests(maximum: number, jitter: number, random: number): number {
  return maximum === 0 ? 0 : maximum + Math.floor(random * (jitter + 1))
}

/** PEP 3333's run_once: whether the application is called once in the life of an interpreter. */
export function servesOnce(settings: TenureSettings): boolean {
  const { isolated, maximumRequests, maximumRequestsJitter } = settings
  return isolated || (maximumRequests === 1 && maximumRequestsJitter === 0)
}
