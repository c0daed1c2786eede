// The one file that knows Piscina: a pool of as many threads as the group has workers, each greeted
// as it appears, each task sent to the thread that was chosen for it, and the pool made anew when
// Piscina has given up on a thread.
import { fileURLToPath } from 'node:url'
import type { MessagePort, Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { STACK_MB, THREAD_OPTIONS } from '../../workers/realm.ts'
import type { Batch, GroupData, Hello } from '../wire/messages.ts'
import { WORKERS_URL } from './assets.ts'

/** Threads, each announced by its greeting and by its exit. */
export interface Pool {
  /** Ends every thread. */
  close(): Promise<void>
}

/** A thread of the pool, from its greeting to its exit. */
export interface PoolThread {
  readonly threadId: number
  readonly port: MessagePort
  /** Runs requests in this thread, one after the other. Rejects when it ends before it is through. */
  run(batch: Batch): Promise<void>
  /** Stops the thread at once, whatever it runs. */
  terminate(): Promise<unknown>
}

export interface PoolEvents {
  /** A thread runs and waits to be told what to do. */
  onThread(thread: PoolThread): void
  /** A thread has thrown and takes nothing more; its tasks reject now, its exit follows. */
  onFault(threadId: number): void
  /** A thread is gone, for whatever reason. Its tasks reject right before or after. */
  onExit(threadId: number, reason: string): void
}

/** Tasks Piscina may hold in one thread; the group itself never hands out as many requests. */
const TASKS_PER_THREAD = 64

export class ThreadPool implements Pool {
  readonly #size: number
  readonly #data: GroupData
  readonly #events: PoolEvents
  readonly #pools = new Set<Piscina>()
  #chosen = -1
  #closed = false

  constructor(size: number, data: GroupData, events: PoolEvents) {
    this.#size = size
    this.#data = data
    this.#events = events
    this.#addPool(size)
  }

  /** Terminates every thread. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#pools].map((pool) => pool.destroy()))
  }

  #addPool(size: number): void {
    const pool = new Piscina({
      // A path, since Piscina would parse a URL for each task.
      filename: fileURLToPath(new URL(workerFile(), WORKERS_URL)),
      minThreads: size,
      maxThreads: size,
      concurrentTasksPerWorker: TASKS_PER_THREAD,
      // The default parks an idle thread, and with it its timers and finalisers.
      atomics: 'disabled',
      recordTiming: false,
      workerData: this.#data,
      env: {},
      execArgv: [...THREAD_OPTIONS],
      resourceLimits: { stackSizeMb: STACK_MB },
      loadBalancer: (_task, workers) => workers.find((worker) => worker.id === this.#chosen) ?? null
    })
    this.#pools.add(pool)
    // A thread's own 'error' says it better, and is listened to below.
    pool.on('error', () => {})
    pool.on('message', (message: Hello) => this.#greet(pool, message))
    // Piscina replaces a lost thread in the same turn, unless it died while booting.
    pool.on('workerDestroy', () => setImmediate(() => this.#repair(pool)))
  }

  #greet(pool: Piscina, hello: Hello): void {
    const { threadId, port } = hello
    const worker = pool.threads.find((thread) => thread.threadId === threadId)
    if (worker === undefined) return
    let reason = ''
    let usable = true
    worker.once('error', (error: unknown) => {
      reason = describeThreadError(error)
      usable = false
      this.#events.onFault(threadId)
    })
    worker.once('exit', (code: number) => {
      usable = false
      this.#events.onExit(threadId, reason || `its thread exited with code ${code}`)
    })
    this.#events.onThread({
      threadId,
      port,
      run: (batch) => {
        // Piscina would keep a task that it can give to no thread, and give it to a wrong one later.
        if (!usable) return Promise.reject(new Error('the thread has ended'))
        this.#chosen = threadId
        return pool.run(batch)
      },
      terminate: () => terminate(worker)
    })
  }

  /**
   * After a thread has died while booting, Piscina never again replaces a thread of that pool.
   * What is missing then comes from a pool of its own.
   */
  #repair(pool: Piscina): void {
    if (this.#closed || !this.#pools.has(pool)) return
    const threads = [...this.#pools].reduce((sum, each) => sum + each.threads.length, 0)
    if (pool.threads.length === 0) this.#retire(pool)
    if (threads < this.#size) this.#addPool(this.#size - threads)
  }

  #retire(pool: Piscina): void {
    this.#pools.delete(pool)
    void pool.destroy()
  }
}

/** The worker's entry has the ending of this very file: `.ts` in a clone, `.js` when installed. */
function workerFile(): string {
  return import.meta.url.endsWith('.ts') ? 'main.ts' : 'main.js'
}

function terminate(worker: Worker): Promise<unknown> {
  return worker.terminate()
}

function describeThreadError(error: unknown): string {
  return error instanceof Error ? `its thread failed: ${error.message}` : 'its thread failed'
}
