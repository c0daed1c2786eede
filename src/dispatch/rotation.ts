// Replaces workers one after another, so that the others go on meanwhile. Where there is but one, its
// replacement is ready before it goes. If a replacement cannot boot, the rest stay as they are.
import type { WasgiError } from '../errors.ts'
import type { Ending } from './death.ts'
import type { GroupWorker } from './worker.ts'

/** What a rotation asks of the workers' keeper. */
export interface RotatingCrew {
  readonly workers: Iterable<GroupWorker>
  /** Whether every worker that should be there is ready. */
  readonly isWhole: boolean
  /** Whether there may be one worker more for a while, and should be. */
  readonly replacesFirst: boolean
  /** Ready workers, beyond those that should be there. */
  readonly surplus: number
  /** How many times a worker could not boot, ever. */
  readonly failedBoots: number
  readonly bootError: WasgiError | undefined
  /** False while it waits after a failure. */
  readonly mayBoot: boolean
  grow(): void
  shrink(): void
}

interface Turn {
  readonly worker: GroupWorker
  readonly ending: Ending
  readonly failedBoots: number
  readonly grown: boolean
}

export class Rotation {
  readonly #crew: RotatingCrew
  readonly #retire: (worker: GroupWorker, ending: Ending) => void
  readonly #pending = new Map<GroupWorker, Ending>()
  #waiting: PromiseWithResolvers<void>[] = []
  #turn: Turn | undefined
  /** The boots that have failed, or may, before one counts that was begun after `all`. */
  #failedBoots = 0

  constructor(crew: RotatingCrew, retire: (worker: GroupWorker, ending: Ending) => void) {
    this.#crew = crew
    this.#retire = retire
  }

  /** Has this worker replaced when its turn comes. */
  add(worker: GroupWorker, ending: Ending): void {
    if (!this.#pending.has(worker)) this.#pending.set(worker, ending)
  }

  /** Replaces all that are there. Rejects with the error of a replacement that could not boot. */
  all(ending: Ending, workers: Iterable<GroupWorker> = this.#crew.workers): Promise<void> {
    const old = [...workers]
    for (const worker of old) {
      if (worker.state === 'ready' || worker.state === 'booting') this.add(worker, ending)
    }
    const settled = Promise.withResolvers<void>()
    // What is being made already is made of what there was before.
    const made = old.filter(({ state }) => state === 'booting').length
    this.#failedBoots = this.#crew.failedBoots + made
    this.#waiting.push(settled)
    this.advance()
    return settled.promise
  }

  /** Takes the next step if it is due. To be called whenever something may have changed. */
  advance(): void {
    if (this.#turn === undefined) this.#next()
    else this.#goOn(this.#turn)
  }

  /** Nobody is replaced any more. */
  stop(error: WasgiError | undefined): void {
    const turn = this.#turn
    this.#turn = undefined
    this.#pending.clear()
    if (turn?.grown === true) this.#crew.shrink()
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }

  #next(): void {
    const crew = this.#crew
    for (const [worker, ending] of this.#pending) {
      if (worker.state === 'dead' || worker.state === 'retiring') {
        this.#pending.delete(worker) // it has gone for another reason
        continue
      }
      // Whoever asks for it has a reason to try again at once.
      if (!crew.mayBoot && this.#waiting.length === 0) {
        this.stop(crew.bootError)
        return
      }
      if (!crew.isWhole) break
      const { failedBoots, replacesFirst: grown } = crew
      this.#turn = { worker, ending, failedBoots, grown }
      if (grown) crew.grow()
      else this.#retire(worker, ending)
      return
    }
    if (crew.isWhole) this.stop(undefined)
    // Nobody's turn comes while one is missing that cannot be made of what there is now.
    else if (this.#waiting.length > 0 && this.#hasFailedSince(this.#failedBoots)) {
      this.stop(crew.bootError)
    }
  }

  /** Without a bootError it was an accident, and the crew tries again by itself. */
  #hasFailedSince(failedBoots: number): boolean {
    return this.#crew.failedBoots > failedBoots && this.#crew.bootError !== undefined
  }

  #goOn({ worker, ending, failedBoots, grown }: Turn): void {
    const crew = this.#crew
    if (this.#hasFailedSince(failedBoots)) {
      this.stop(crew.bootError)
      return
    }
    if (grown && worker.state === 'ready' && crew.surplus > 0) this.#retire(worker, ending)
    if ([...crew.workers].includes(worker) || !crew.isWhole) return
    this.#pending.delete(worker)
    this.#turn = undefined
    if (grown) crew.shrink()
    this.#next()
  }
}
