// Which worker has which request: chosen, handed over, taken back. Each worker runs one at a time and holds
// a few more, so that the hand-over costs nothing. What a turn of the event loop brings is handed over
// together at its end, since waking a thread costs more than a request. It owns the rows of the request
// table, and knows nothing of answers or of those that wait.
import type { RequestTable } from '../wire/request-table.ts'
import type { Exchange } from './exchange.ts'
import type { Assignment, GroupWorker } from './worker.ts'

/** Requests a worker may hold beyond the one it runs. */
export const PREFETCH = 7

/**
 * Rows of the request table for each worker. A row that was taken back stays taken until its worker
 * has come across it, so a worker that is busy for long gets no more than its share of them.
 */
export const ROWS_PER_WORKER: number = 4 * (PREFETCH + 1)

/** Whether a worker may be given one more request. */
export function hasRoom({ state, exchanges, rows }: GroupWorker): boolean {
  return state === 'ready' && exchanges.size <= PREFETCH && rows.size < ROWS_PER_WORKER
}

export class Placement {
  readonly #requests: RequestTable
  readonly #workers: () => Iterable<GroupWorker>
  readonly #onLost: (worker: GroupWorker, lost: Assignment) => void
  /** Workers with something to be handed over at the end of this turn. */
  readonly #assigned = new Set<GroupWorker>()

  /** `onLost` gets what a thread had not answered when it ended. */
  constructor(
    requests: RequestTable,
    workers: () => Iterable<GroupWorker>,
    onLost: (worker: GroupWorker, lost: Assignment) => void
  ) {
    this.#requests = requests
    this.#workers = workers
    this.#onLost = onLost
  }

  /** The worker that has the fewest requests, of those that may be given one. */
  leastBusy(): GroupWorker | undefined {
    let best: GroupWorker | undefined
    for (const worker of this.#workers()) {
      if (!hasRoom(worker)) continue
      if (best === undefined || worker.exchanges.size < best.exchanges.size) best = worker
    }
    return best
  }

  /** Requests that somebody waits for, and that their workers have not started. */
  get unstarted(): number {
    let count = 0
    for (const { exchanges } of this.#workers()) {
      for (const { over, slot } of exchanges.values()) {
        if (!over && !this.#requests.hasStarted(slot)) count++
      }
    }
    return count
  }

  /** What the worker has started and not answered. */
  startedBy(worker: GroupWorker): Exchange | undefined {
    for (const exchange of worker.exchanges.values()) {
      if (this.#requests.hasStarted(exchange.slot)) return exchange
    }
    return undefined
  }

  /** Gives a worker that has room a request that is to be started before `deadlineMs`. */
  assign(worker: GroupWorker, exchange: Exchange, deadlineMs: number): void {
    // There is a row, since the worker has room.
    const slot = this.#requests.claim(deadlineMs)
    worker.assign(exchange, slot)
    if (this.#assigned.size === 0) setImmediate(() => this.#handOver())
    this.#assigned.add(worker)
  }

  #handOver(): void {
    const workers = [...this.#assigned]
    this.#assigned.clear()
    for (const worker of workers) {
      void worker.handOver().then((lost) => {
        for (const assignment of lost) this.#onLost(worker, assignment)
      })
    }
  }

  /** Takes a request that has not started back. False if it has. */
  withdraw(worker: GroupWorker, exchange: Exchange): boolean {
    if (!this.#requests.withdraw(exchange.slot)) return false
    // The row stays taken until the worker has come across it.
    exchange.slot = -1
    worker.exchanges.delete(exchange.id)
    return true
  }

  /** Takes back one that has not started, from the worker that holds the most of them. */
  takeBack(): Exchange | undefined {
    const busy = [...this.#workers()].filter(({ exchanges }) => exchanges.size > 1)
    busy.sort((a, b) => b.exchanges.size - a.exchanges.size)
    for (const worker of busy) {
      for (const exchange of worker.exchanges.values()) {
        if (this.withdraw(worker, exchange)) return exchange
      }
    }
    return undefined
  }

  /** The worker is through with the row. */
  release(worker: GroupWorker, slot: number): void {
    worker.rows.delete(slot)
    this.#requests.release(slot)
  }

  /**
   * Takes back what a thread had that is gone: `started` is lost, `unstarted` may go elsewhere, and what
   * has been `moved` before is there already.
   */
  bury(worker: GroupWorker, { exchange, slot }: Assignment): 'started' | 'unstarted' | 'moved' {
    const current = exchange.slot === slot
    this.#requests.withdraw(slot) // from here on nobody can start it
    const started = current && this.#requests.hasStarted(slot)
    this.release(worker, slot)
    if (!current) return 'moved'
    worker.exchanges.delete(exchange.id)
    return started ? 'started' : 'unstarted'
  }
}
