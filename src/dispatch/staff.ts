// Who there is in a group, and how many there should be. Threads that are too many are parked: they have
// no interpreter, and none is made. (Piscina replaces every thread that ends.)
import { availableParallelism } from 'node:os'
import type { Ending } from './death.ts'
import type { GroupWorker, WorkerState } from './worker.ts'

/** How many workers a group may be given while it runs: the request table has rows for no more. */
export function mostWorkers({ mode, workers }: { mode: string; workers: number }): number {
  return mode === 'embedded' ? 1 : Math.max(2 * workers, availableParallelism())
}

export class Staff {
  /** By thread. */
  readonly workers: Map<number, GroupWorker> = new Map()
  readonly most: number
  /** How many workers there should be. */
  wanted: number
  /** While a worker is replaced there may be one more. */
  extra = 0
  readonly #parked = new Set<GroupWorker>()

  constructor(options: { readonly mode: string; readonly workers: number }) {
    this.wanted = options.workers
    this.most = mostWorkers(options)
  }

  /** Those that have an interpreter, or should have. */
  get living(): readonly GroupWorker[] {
    return [...this.workers.values()].filter(
      (worker) => worker.state !== 'dead' && !this.#parked.has(worker)
    )
  }

  /** Those of them that do not go by themselves, once they have finished what they run. */
  get staying(): readonly GroupWorker[] {
    return this.living.filter(({ state }) => state !== 'retiring')
  }

  /** How many of them are in that state. */
  count(state: WorkerState): number {
    return this.living.filter((worker) => worker.state === state).length
  }

  freeNumber(): number {
    const taken = new Set([...this.workers.values()].map((worker) => worker.number))
    let number = 1
    while (taken.has(number)) number++
    return number
  }

  remove(threadId: number): GroupWorker | undefined {
    const worker = this.workers.get(threadId)
    if (worker === undefined) return undefined
    this.workers.delete(threadId)
    this.#parked.delete(worker)
    return worker
  }

  /** Whether a thread without an interpreter is to stay so. */
  parks(worker: GroupWorker): boolean {
    if (this.living.length > this.wanted + this.extra) this.#parked.add(worker)
    return this.#parked.has(worker)
  }

  get hasParked(): boolean {
    return this.#parked.size > 0
  }

  /** One that was parked and is not any more. */
  unpark(): GroupWorker | undefined {
    const [worker] = this.#parked
    if (worker !== undefined) this.#parked.delete(worker)
    return worker
  }

  /** One is wanted less: gives the one to go for that, unless one without interpreter was put aside. */
  dismiss(): GroupWorker | undefined {
    const { staying } = this
    // Whoever retires is not replaced then.
    if (staying.length <= this.wanted) return undefined
    const last = (wanted: WorkerState): GroupWorker | undefined =>
      staying.findLast(({ state }) => state === wanted)
    const idle = last('empty')
    if (idle === undefined) return last('booting') ?? last('ready')
    this.#parked.add(idle)
    return undefined
  }

  /** Tells the interpreters that run nothing of an end that comes in so many milliseconds at most. */
  async leave(ending: Ending, limitMs: number): Promise<void> {
    await Promise.all([...this.workers.values()].map((each) => each.leave(ending, limitMs)))
  }

  /** Of those that there are the one that is least ready, if there is one more than there should be. */
  leastReady(): GroupWorker | undefined {
    const { staying } = this
    if (staying.length <= this.wanted) return undefined
    const unready = staying.find(({ state }) => state !== 'ready')
    return unready ?? staying.findLast(({ exchanges }) => exchanges.size === 0) ?? staying.at(-1)
  }
}
