// The workers of a process group: brought up, watched while they boot, replaced when they are gone.
// It knows nothing of requests.
import { WasgiError } from '../errors.ts'
import { createLogBudget, LogBudget } from '../wire/log-budget.ts'
import type {
  Boot,
  BootFailed,
  Built,
  FromWorker,
  GroupData,
  Loaded,
  LogLine,
  Ready,
  Refused,
  RequestMessage
} from '../wire/messages.ts'
import { monotonicMs } from '../wire/request-table.ts'
import { EmbeddedPool } from './embedded-pool.ts'
import { bootError } from './failure.ts'
import { type Pool, type PoolEvents, type PoolThread, ThreadPool } from './pool.ts'
import type { SharedLocks } from './shared-locks.ts'
import { type BootTemplate, GroupWorker, type Prepared } from './worker.ts'

/** mod_wsgi's words: an interpreter in the main thread, or one in each worker thread. */
export type Mode = 'embedded' | 'daemon'

export interface CrewOptions {
  readonly name: string
  readonly mode: Mode
  readonly workers: number
  /** Whether interpreters are made by `bootFor` alone, and not as soon as there are threads. */
  readonly lazy: boolean
  readonly startupTimeoutMs: number
  readonly boot: BootTemplate
}

export interface CrewEvents {
  /** A worker without an interpreter is there; `bootFor` makes it one. */
  onEmpty(): void
  onReady(worker: GroupWorker, ready: Ready): void
  /** The worker boots from nothing instead. */
  onRestoreFailure(worker: GroupWorker, reason: string): void
  onLog(worker: GroupWorker, line: LogLine): void
  /** Everything else a worker sends belongs to one of its requests. */
  onMessage(worker: GroupWorker, message: RequestMessage): void
  /** The worker is gone; another one is on its way unless the crew is closed. */
  onDeath(worker: GroupWorker, reason: string): void
  onBootFailure(worker: GroupWorker, error: WasgiError): void
}

const RETRY_FIRST_MS = 500
const RETRY_LAST_MS = 30_000

export class Crew {
  readonly #options: CrewOptions
  readonly #events: CrewEvents
  readonly #locks: SharedLocks
  readonly #pool: Pool
  readonly #workers = new Map<number, GroupWorker>()
  readonly #bootTimers = new Map<GroupWorker, NodeJS.Timeout>()
  readonly #started = Promise.withResolvers<void>()
  #state: 'starting' | 'running' | 'closed' = 'starting'
  #prepared: Prepared | undefined
  #bootFailures = 0
  /** Not before then is an application tried again for a request, on the clock of `performance`. */
  #retryAt = 0
  /** Why the last worker could not boot; undefined once one could. */
  bootError: WasgiError | undefined

  constructor(options: CrewOptions, data: GroupData, locks: SharedLocks, events: CrewEvents) {
    this.#options = options
    this.#events = events
    this.#locks = locks
    if (options.lazy) {
      this.#state = 'running'
      this.#started.resolve()
    }
    const poolEvents: PoolEvents = {
      onThread: (thread) => this.#add(thread),
      onFault: (threadId) => this.#fault(threadId),
      onExit: (threadId, reason) => this.#remove(threadId, reason)
    }
    this.#pool =
      options.mode === 'embedded'
        ? new EmbeddedPool(data, poolEvents)
        : new ThreadPool(options.workers, data, poolEvents)
  }

  /** Settles when every worker is ready, or with the first failure to boot; if lazy, at once. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  get workers(): Iterable<GroupWorker> {
    return this.#workers.values()
  }

  /** Says what interpreters are made from: threads have started meanwhile, and wait for it. */
  prepare(prepared: Prepared): void {
    this.#prepared = prepared
    for (const worker of [...this.#workers.values()]) this.#begin(worker)
  }

  /** Ends workers whose wipe hangs in a hook of the application's. */
  sweep(): void {
    const { startupTimeoutMs } = this.#options
    const since = monotonicMs() - startupTimeoutMs
    for (const worker of this.#workers.values()) {
      const { wipingSince } = worker
      if (wipingSince === 0 || wipingSince > since || worker.state === 'dead') continue
      worker.terminate(`it was not wiped within startup_timeout (${startupTimeoutMs} ms)`)
    }
  }

  /** Makes interpreters, as far as there are threads without one, until `count` are being made. */
  bootFor(count: number): void {
    // Asked for nearly every request of a busy group; an eager one has nothing to make.
    if (!this.#options.lazy || this.#prepared === undefined) return
    if (performance.now() < this.#retryAt) return
    let wanted = count - this.#count('booting')
    for (const worker of this.#workers.values()) {
      if (wanted <= 0) return
      if (worker.state !== 'empty') continue
      this.#boot(worker)
      wanted--
    }
  }

  /** Whether a request may wait for an interpreter that is being made, or can be made for it. */
  get hasSpare(): boolean {
    if (!this.#options.lazy) return false
    if (this.#count('booting') > 0) return true
    return this.#count('empty') > 0 && performance.now() >= this.#retryAt
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    for (const timer of this.#bootTimers.values()) clearTimeout(timer)
    for (const worker of this.#workers.values()) {
      worker.state = 'dead' // Piscina ends the threads; nothing may be handed to them meanwhile
      worker.deathReason ??= 'the server was closed before it was done'
    }
    await this.#pool.close()
  }

  #add(thread: PoolThread): void {
    const number = this.#freeNumber()
    const worker = new GroupWorker(
      `${this.#options.name}/${number}`,
      number,
      this.#locks.newOwner(),
      thread
    )
    this.#workers.set(thread.threadId, worker)
    this.#begin(worker)
  }

  #begin(worker: GroupWorker): void {
    // One whose thread has failed meanwhile is replaced, not booted.
    if (this.#prepared === undefined || worker.state !== 'empty') return
    if (this.#options.lazy) this.#events.onEmpty()
    else this.#boot(worker)
  }

  #boot(worker: GroupWorker): void {
    const logBudget = createLogBudget()
    const budget = new LogBudget(logBudget)
    const { name, owner, gauges, signals } = worker
    const own = { name, owner, logBudget, gauges, signals }
    const { boot } = this.#options
    worker.begin({ kind: 'boot', ...boot, ...this.#prepared, ...own } as Boot, (message) =>
      this.#receive(worker, message, budget)
    )
    const { startupTimeoutMs } = this.#options
    const late = (): void =>
      worker.terminate(`it was not ready within startup_timeout (${startupTimeoutMs} ms)`)
    this.#bootTimers.set(worker, setTimeout(late, startupTimeoutMs))
  }

  #freeNumber(): number {
    const taken = new Set([...this.#workers.values()].map((worker) => worker.number))
    let number = 1
    while (taken.has(number)) number++
    return number
  }

  #receive(worker: GroupWorker, message: FromWorker, budget: LogBudget): void {
    if (message.kind === 'ready') this.#ready(worker, message)
    else if (message.kind === 'boot-failed') this.#couldNotLoad(worker, message)
    else if (message.kind === 'log') {
      this.#events.onLog(worker, message)
      budget.give(message.text.length)
    } else if (message.kind === 'restore-failed') {
      this.#events.onRestoreFailure(worker, message.reason)
    } else if (!isBuilders(message)) {
      this.#events.onMessage(worker, message)
    }
  }

  #ready(worker: GroupWorker, ready: Ready): void {
    if (worker.state !== 'booting') return
    this.#bootOver(worker)
    this.#bootFailures = 0
    this.bootError = undefined
    worker.state = 'ready'
    worker.boot = ready.boot
    if (this.#state === 'starting' && this.#count('ready') === this.#options.workers) {
      this.#state = 'running'
      this.#started.resolve()
    }
    this.#events.onReady(worker, ready)
  }

  #count(state: GroupWorker['state']): number {
    return [...this.#workers.values()].filter((worker) => worker.state === state).length
  }

  #couldNotLoad(worker: GroupWorker, message: BootFailed): void {
    this.#bootOver(worker)
    worker.state = 'retiring'
    this.#fail(worker, bootError(message, this.#options.boot.grants))
    // The thread stays for a while, so that a broken application is not tried in a tight loop.
    const delayMs = this.#retryAt - performance.now()
    setTimeout(() => worker.terminate('it could not load the application'), delayMs).unref()
  }

  #fail(worker: GroupWorker, error: WasgiError): void {
    const delayMs = Math.min(RETRY_FIRST_MS * 2 ** this.#bootFailures, RETRY_LAST_MS)
    this.#retryAt = performance.now() + delayMs
    this.#bootFailures++
    this.bootError = error
    // While the group starts, its starter is the one to tell.
    if (this.#state === 'starting') this.#started.reject(error)
    else this.#events.onBootFailure(worker, error)
  }

  #bootOver(worker: GroupWorker): void {
    clearTimeout(this.#bootTimers.get(worker))
    this.#bootTimers.delete(worker)
  }

  #fault(threadId: number): void {
    const worker = this.#workers.get(threadId)
    if (worker !== undefined) worker.state = 'dead'
  }

  #remove(threadId: number, exitReason: string): void {
    const worker = this.#workers.get(threadId)
    if (worker === undefined) return
    this.#workers.delete(threadId)
    const booting = this.#bootTimers.has(worker)
    this.#bootOver(worker)
    worker.state = 'dead'
    worker.deathReason ??= exitReason
    this.#locks.release(worker.owner)
    if (this.#state === 'closed') return
    if (booting) {
      const { name, deathReason } = worker
      this.#fail(worker, new WasgiError('WASGI_ERR_WORKER_BOOT', [name, deathReason]))
    }
    if (this.#state === 'running') this.#events.onDeath(worker, worker.deathReason)
  }
}

/** What only a builder says (src/snapshot/builder.ts). */
function isBuilders(message: FromWorker): message is Loaded | Built | Refused {
  return ['loaded', 'built', 'refused'].includes(message.kind)
}
