// host_bytes_limit: what a worker's thread holds outside of WebAssembly memory, because Python has handed
// it to JavaScript. V8 bounds the objects itself (dispatch/pool.ts); the bytes behind them it only counts.
import type { GroupWorker } from './worker.ts'

export class HostBytesWatch {
  readonly #limitBytes: number
  /** Asked, and still to answer. */
  readonly #asked = new WeakSet<GroupWorker>()

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Looks at those that run something; nobody else's memory grows. A thread answers while it computes, too. */
  sweep(workers: Iterable<GroupWorker>): void {
    for (const worker of workers) {
      if (worker.exchanges.size > 0 && !this.#asked.has(worker)) void this.#look(worker)
    }
  }

  async #look(worker: GroupWorker): Promise<void> {
    this.#asked.add(worker)
    // A thread that ends meanwhile answers with a rejection.
    const bytes = await worker.thread.hostBytes().catch(() => 0)
    this.#asked.delete(worker)
    if (bytes <= this.#limitBytes || worker.state === 'dead') return
    worker.terminate('host-bytes-limit', hostBytesReason(this.#limitBytes))
  }
}

/** What the death of a worker that has handed too much to JavaScript is told as. */
export function hostBytesReason(limitBytes: number): string {
  return `it held more outside of WebAssembly memory than host_bytes_limit (${limitBytes} bytes)`
}
