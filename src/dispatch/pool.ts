// The one file that knows Piscina: a pool of as many threads as the group has workers, each greeted
// as it appears, each task sent to the thread that was chosen for it, and the pool made anew when
// Piscina has given up on a thread.
import { fileURLToPath } from 'node:url'
import type { MessagePort, Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { THREAD_OPTIONS } from '../../workers/realm.ts'
import type { Batch, GroupData, Hello } from '../wire/messages.ts'
import { WORKERS_URL } from './assets.ts'
import { bootDelayMs } from './backoff.ts'
import type { Ending } from './death.ts'
import { hostBytesReason } from './host-bytes.ts'

/** Threads, each announced by its greeting and by its exit. */
export interface Pool {
  /** Whether it could have a thread more than it was made for. */
  readonly canGrow: boolean
  /** Has one thread more, until one is ended: that one is not replaced then. */
  grow(): void
  /** Has one thread more from now on. */
  enlarge(): void
  /** Ends every thread. */
  close(): Promise<void>
}

/** A thread of the pool, from its greeting to its exit. */
export interface PoolThread {
  readonly threadId: number
  readonly port: MessagePort
  /** Runs requests in this thread, one after the other. Rejects when it ends before it is through. */
  run(batch: Batch): Promise<void>
  /** Bytes behind JavaScript's objects in this thread; in the main thread 0, since they are not only its. */
  hostBytes(): Promise<number>
  /** Stops the thread at once, whatever it runs. */
  terminate(): Promise<unknown>
}

export interface PoolEvents {
  /** A thread runs and waits to be told what to do. */
  onThread(thread: PoolThread): void
  /** A thread has thrown and takes nothing more; its tasks reject now, its exit follows. */
  onFault(threadId: number): void
  /** A thread is gone, for whatever reason. Its tasks reject right before or after. */
  onExit(threadId: number, ending: Ending): void
  /** A thread has ended before it greeted anybody. Another one is on its way. */
  onStillborn(reason: string): void
}

/** A thread from its birth, which nobody has been told of before it greets. */
interface Newborn {
  readonly worker: Worker
  greeted: boolean
  /** Whether it takes tasks. */
  usable: boolean
  /** What it has failed of. */
  failure: string
  kind: 'exit' | 'crash' | 'host-bytes-limit'
  readonly timer: NodeJS.Timeout
}

/** Tasks Piscina may hold in one thread; the group itself never hands out as many requests. */
const TASKS_PER_THREAD = 64

/** What a thread's own objects take, and room for V8 to work in. */
const OWN_HEAP_MB = 96
const MEBIBYTE = 2 ** 20

export interface ThreadPoolOptions {
  readonly size: number
  /** A thread that has not greeted after so long is ended. */
  readonly greetTimeoutMs: number
  /** What a thread may hold in JavaScript's objects, besides its own. */
  readonly hostBytesLimit: number
  /** Bytes. */
  readonly stackSize: number
}

export class ThreadPool implements Pool {
  #size: number
  readonly #data: GroupData
  readonly #events: PoolEvents
  readonly #greetTimeoutMs: number
  readonly #hostBytesLimit: number
  readonly #stackSize: number
  readonly #pools = new Set<Piscina>()
  readonly #threads = new Map<number, Newborn>()
  /** Threads there should be beyond `#size`. */
  #surplus = 0
  /** Threads in a row that have ended before they greeted. */
  #stillborn = 0
  #repair: NodeJS.Timeout | undefined
  #chosen = -1
  #closed = false

  constructor(options: ThreadPoolOptions, data: GroupData, events: PoolEvents) {
    const { size, greetTimeoutMs, hostBytesLimit, stackSize } = options
    this.#size = size
    this.#greetTimeoutMs = greetTimeoutMs
    this.#hostBytesLimit = hostBytesLimit
    this.#stackSize = stackSize
    this.#data = data
    this.#events = events
    this.#addPool(size)
  }

  /** Only of one thread: then each Piscina pool has one, and can be given up with it. */
  get canGrow(): boolean {
    return this.#size === 1
  }

  grow(): void {
    if (!this.canGrow || this.#surplus > 0) return
    this.#surplus = 1
    this.#addPool(1)
  }

  enlarge(): void {
    this.#size++
    this.#addPool(1)
  }

  /** Terminates every thread. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#repair)
    for (const { timer } of this.#threads.values()) clearTimeout(timer)
    await Promise.all([...this.#pools].map((pool) => pool.destroy()))
  }

  #addPool(size: number): void {
    if (size === 0) return
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
      resourceLimits: {
        stackSizeMb: this.#stackSize / MEBIBYTE,
        maxOldGenerationSizeMb: OWN_HEAP_MB + Math.ceil(this.#hostBytesLimit / MEBIBYTE)
      },
      loadBalancer: (_task, workers) => workers.find((worker) => worker.id === this.#chosen) ?? null
    })
    this.#pools.add(pool)
    // A thread's own 'error' says it better, and is listened to below.
    pool.on('error', () => {})
    pool.on('message', (message: Hello) => this.#greet(pool, message))
    // Piscina replaces a lost thread in the same turn, unless it died while booting.
    pool.on('workerDestroy', () => setImmediate(() => this.#restore(pool)))
    this.#watch(pool)
  }

  /** Piscina says nothing of a thread before it is ready, and it may never be. */
  #watch(pool: Piscina): void {
    for (const worker of pool.threads) {
      if (!this.#threads.has(worker.threadId)) this.#expect(worker)
    }
  }

  #expect(worker: Worker): void {
    const { threadId } = worker
    const late = (): void => {
      thread.failure = `its thread did not begin within startup_timeout (${this.#greetTimeoutMs} ms)`
      void worker.terminate()
    }
    const timer = setTimeout(late, this.#greetTimeoutMs)
    const thread: Newborn = {
      worker,
      greeted: false,
      usable: true,
      kind: 'exit',
      failure: '',
      timer
    }
    this.#threads.set(threadId, thread)
    worker.once('error', (error: unknown) => {
      thread.failure = describeThreadError(error)
      thread.kind = isOutOfMemory(error) ? 'host-bytes-limit' : 'crash'
      if (isOutOfMemory(error)) thread.failure = hostBytesReason(this.#hostBytesLimit)
      thread.usable = false
      if (thread.greeted) this.#events.onFault(threadId)
    })
    worker.once('exit', (code: number) => {
      clearTimeout(timer)
      thread.usable = false
      this.#threads.delete(threadId)
      const { failure } = thread
      const exit = `its thread exited with code ${code}`
      if (thread.greeted) {
        this.#events.onExit(threadId, { kind: thread.kind, reason: failure || exit })
      } else if (!this.#closed) {
        this.#stillborn++
        this.#events.onStillborn(failure || `${exit} before it began`)
      }
    })
  }

  #greet(pool: Piscina, { threadId, port }: Hello): void {
    this.#watch(pool)
    const thread = this.#threads.get(threadId)
    if (thread === undefined) return
    this.#stillborn = 0
    thread.greeted = true
    clearTimeout(thread.timer)
    this.#events.onThread({
      threadId,
      port,
      run: (batch) => {
        // Piscina would keep a task that it can give to no thread, and give it to a wrong one later.
        if (!thread.usable) return Promise.reject(new Error('the thread has ended'))
        this.#chosen = threadId
        return pool.run(batch)
      },
      hostBytes: async () => (await thread.worker.getHeapStatistics()).external_memory,
      terminate: () => this.#end(pool, thread.worker)
    })
  }

  #end(pool: Piscina, worker: Worker): Promise<unknown> {
    if (this.#surplus === 0 || pool.threads.length !== 1) return worker.terminate()
    this.#surplus = 0
    this.#pools.delete(pool)
    return pool.destroy() // replaces nobody
  }

  /**
   * After a thread has died while booting, Piscina never again replaces a thread of that pool.
   * What is missing then comes from a pool of its own, not at once if threads do not get far.
   */
  #restore(pool: Piscina): void {
    if (this.#closed || !this.#pools.has(pool)) return
    this.#watch(pool)
    if (pool.threads.length === 0) this.#retire(pool)
    if (this.#missing() === 0) return
    clearTimeout(this.#repair)
    const delayMs = bootDelayMs(this.#stillborn)
    if (delayMs === 0) this.#addPool(this.#missing())
    else this.#repair = setTimeout(() => this.#addPool(this.#missing()), delayMs)
  }

  #missing(): number {
    const threads = [...this.#pools].reduce((sum, each) => sum + each.threads.length, 0)
    return Math.max(0, this.#size + this.#surplus - threads)
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

/** V8's own limit, which counts objects alone. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}

function describeThreadError(error: unknown): string {
  return error instanceof Error ? `its thread failed: ${error.message}` : 'its thread failed'
}
