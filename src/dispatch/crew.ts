// The workers of a process group: brought up, watched while they boot, replaced when they are gone.
// It knows nothing of requests.
import { WasgiError } from '../errors.ts'
import type { LogBudget } from '../wire/log-budget.ts'
import type {
  BootFailed,
  Built,
  FileGrant,
  GroupData,
  Loaded,
  Ready,
  Refused
} from '../wire/messages.ts'
import { monotonicMs } from '../wire/request-table.ts'
import { Boots } from './boots.ts'
import type { CrewEvents } from './crew-events.ts'
import { type Deceased, deathOf, type Ending, isPlanned, type Replacement } from './death.ts'
import { EmbeddedPool } from './embedded-pool.ts'
import { bootError } from './failure.ts'
import { type Pool, type PoolEvents, type PoolThread, ThreadPool } from './pool.ts'
import { Setbacks } from './setbacks.ts'
import type { SharedLocks } from './shared-locks.ts'
import { Staff } from './staff.ts'
import { type BootTemplate, GroupWorker, type Prepared, type Report } from './worker.ts'

/** mod_wsgi's words: an interpreter in the main thread, or one in each worker thread. */
export type Mode = 'embedded' | 'daemon'

export interface CrewOptions {
  readonly name: string
  readonly mode: Mode
  readonly workers: number
  /** Whether interpreters are made by `bootFor` alone, and not as soon as there are threads. */
  readonly lazy: boolean
  readonly startupTimeoutMs: number
  /** What a worker's thread may hold outside of WebAssembly memory and /tmp. */
  readonly hostBytesLimit: number
  /** Bytes of the stack of a worker's thread. */
  readonly stackSize: number
  readonly boot: BootTemplate
}

export class Crew {
  readonly #options: CrewOptions
  readonly staff: Staff
  readonly #boots: Boots
  readonly #events: CrewEvents
  readonly #locks: SharedLocks
  readonly #pool: Pool
  readonly #started = Promise.withResolvers<void>()
  /** failed: some worker could not boot while all were to; nothing is told any more. */
  #state: 'starting' | 'running' | 'failed' | 'closed' = 'starting'
  readonly #setbacks: Setbacks
  /** Whether interpreters are made when a request needs one, and not before. */
  #onDemand: boolean
  readonly #retries = new Set<NodeJS.Timeout>()

  constructor(options: CrewOptions, data: GroupData, locks: SharedLocks, events: CrewEvents) {
    this.#options = options
    this.staff = new Staff(options)
    this.#boots = new Boots(options)
    this.#events = events
    this.#locks = locks
    this.#onDemand = options.lazy
    this.#setbacks = new Setbacks(options.name, options.workers)
    if (options.lazy) {
      this.#state = 'running'
      this.#started.resolve()
    }
    const poolEvents: PoolEvents = {
      onThread: (thread) => this.#add(thread),
      onFault: (threadId) => this.#fault(threadId),
      onExit: (threadId, ending) => this.#remove(threadId, ending),
      onStillborn: (reason) => this.#mourn(reason)
    }
    this.#pool =
      options.mode === 'embedded'
        ? new EmbeddedPool(data, poolEvents)
        : new ThreadPool(threadOptions(options), data, poolEvents)
  }

  /** Settles when every worker is ready, or with the first failure to boot; if lazy, at once. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  get workers(): Iterable<GroupWorker> {
    return this.staff.workers.values()
  }

  get grants(): readonly FileGrant[] {
    return this.#boots.grants
  }

  /** Says what interpreters are made from: threads wait for it, or for what has failed to be made anew. */
  prepare(prepared: Prepared, template: BootTemplate): void {
    this.#setbacks.forget()
    this.#boots.prepare(prepared, template)
    for (const worker of [...this.staff.workers.values()]) this.#begin(worker)
  }

  /** Ends workers whose wipe hangs in a hook of the application's. */
  sweep(): void {
    const { startupTimeoutMs } = this.#options
    const since = monotonicMs() - startupTimeoutMs
    for (const worker of this.staff.workers.values()) {
      const { wipingSince } = worker
      if (wipingSince === 0 || wipingSince > since || worker.state === 'dead') continue
      worker.terminate(
        'wipe-failed',
        `it was not wiped within startup_timeout (${startupTimeoutMs} ms)`
      )
    }
  }

  /** Makes interpreters, as far as there are threads without one, until `count` are being made. */
  bootFor(count: number): void {
    // Asked for nearly every request of a busy group; an eager one has nothing to make.
    if (!this.#onDemand || !this.#boots.arePossible) return
    if (!this.mayBoot) return
    let wanted = count - this.staff.count('booting')
    for (const worker of this.staff.living) {
      if (wanted <= 0) return
      if (worker.state !== 'empty') continue
      this.#boot(worker)
      wanted--
    }
  }

  /** Whether a request may wait for an interpreter that is being made, or can be made for it. */
  get hasSpare(): boolean {
    if (!this.#onDemand) return false
    if (this.staff.count('booting') > 0) return true
    return this.staff.count('empty') > 0 && this.mayBoot
  }

  get bootsOnDemand(): boolean {
    return this.#onDemand
  }

  /** No interpreter is made any more before a request needs one. */
  sleep(): void {
    this.#onDemand = true
  }

  /** See RotatingCrew, here and below. */
  get isWhole(): boolean {
    if (this.#onDemand) return this.staff.count('retiring') + this.staff.count('booting') === 0
    return this.staff.count('ready') >= this.staff.wanted
  }

  get replacesFirst(): boolean {
    if (this.staff.wanted > 1 || this.#onDemand) return false
    return this.staff.hasParked || this.#pool.canGrow
  }

  get surplus(): number {
    return Math.max(0, this.staff.count('ready') - this.staff.wanted)
  }

  get mayBoot(): boolean {
    return this.retryInMs === 0
  }

  /** How long until an interpreter may be made again; 0 if it may be now. */
  get retryInMs(): number {
    return this.#setbacks.retryInMs
  }

  get failedBoots(): number {
    return this.#setbacks.failedBoots
  }

  /** Why the last worker could not boot; undefined once one could. */
  get bootError(): WasgiError | undefined {
    return this.#setbacks.bootError
  }

  grow(): void {
    this.staff.extra = 1
    if (!this.#unpark()) this.#pool.grow()
  }

  /** Ends one that is too many. */
  shrink(): void {
    this.staff.extra = 0
    this.staff.leastReady()?.terminate('surplus', 'it was one more than there should be')
  }

  /** One worker more or less from now on. Gives the one that is to be retired for that, if one is. */
  resize(by: 1 | -1): GroupWorker | undefined {
    const staff = this.staff
    const wanted = Math.max(1, Math.min(staff.wanted + by, staff.most))
    if (wanted === staff.wanted) return undefined
    staff.wanted = wanted
    if (by === -1) return staff.dismiss()
    if (!this.#unpark()) this.#pool.enlarge()
    return undefined
  }

  #unpark(): boolean {
    const worker = this.staff.unpark()
    if (worker !== undefined) this.#begin(worker)
    return worker !== undefined
  }

  /** Ends all threads. Interpreters that run nothing are told before, within so many milliseconds. */
  async close(farewellMs: number): Promise<void> {
    if (this.#state !== 'failed') this.#state = 'closed'
    this.#boots.stopWatching()
    for (const timer of this.#retries) clearTimeout(timer)
    if (farewellMs > 0) await this.staff.leave(SHUTDOWN, farewellMs)
    for (const worker of this.staff.workers.values()) {
      worker.state = 'dead' // Piscina ends the threads; nothing may be handed to them meanwhile
      worker.ending ??= SHUTDOWN
    }
    await this.#pool.close()
  }

  #add(thread: PoolThread): void {
    const number = this.staff.freeNumber()
    const worker = new GroupWorker(
      `${this.#options.name}/${number}`,
      number,
      this.#locks.newOwner(),
      thread
    )
    this.staff.workers.set(thread.threadId, worker)
    this.#begin(worker)
  }

  #begin(worker: GroupWorker): void {
    // One whose thread has failed meanwhile is replaced, not booted.
    if (!this.#boots.arePossible || worker.state !== 'empty') return
    if (this.staff.parks(worker)) return
    const delayMs = this.retryInMs
    if (delayMs > 0) this.#later(delayMs, () => this.#begin(worker))
    else if (this.#onDemand) this.#events.onEmpty()
    else this.#boot(worker)
  }

  #later(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer)
      act()
    }, delayMs)
    this.#retries.add(timer)
    timer.unref()
  }

  #boot(worker: GroupWorker): void {
    const several = this.staff.wanted > 1
    this.#boots.begin(worker, several, (message, budget) => this.#receive(worker, message, budget))
  }

  #receive(worker: GroupWorker, message: Report, budget: LogBudget): void {
    if (message.kind === 'ready') this.#ready(worker, message)
    else if (message.kind === 'saw') this.#events.onSaw?.(message)
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
    this.#boots.end(worker)
    this.#setbacks.forgetBoots()
    worker.state = 'ready'
    worker.readyAt = performance.now()
    worker.boot = ready.boot
    if (this.#state === 'starting' && this.staff.count('ready') === this.staff.wanted) {
      this.#state = 'running'
      this.#started.resolve()
    }
    this.#events.onReady(worker, ready)
  }

  #couldNotLoad(worker: GroupWorker, message: BootFailed): void {
    if (!this.#boots.end(worker)) return
    const error = bootError(message, this.grants)
    const reason = `it could not load the application (${error.code})`
    worker.terminate('boot-failed', reason, error.traceback)
    this.#fail(worker.name, error)
  }

  #fail(worker: string, error: WasgiError, certain = true): void {
    this.#setbacks.addBootFailure(error, certain)
    // While the group starts, its starter is the one to tell.
    if (this.#state === 'starting') {
      this.#state = 'failed'
      this.#started.reject(error)
    } else this.#events.onBootFailure(worker, error)
  }

  #fault(threadId: number): void {
    const worker = this.staff.workers.get(threadId)
    if (worker !== undefined) worker.state = 'dead'
  }

  #remove(threadId: number, ending: Ending): void {
    const worker = this.staff.remove(threadId)
    if (worker === undefined) return
    worker.state = 'dead'
    worker.drain()
    worker.ending ??= ending
    this.#locks.release(worker.owner)
    if (this.#boots.end(worker)) {
      if (!isPlanned(worker.ending.kind)) this.#couldNotStart(worker.name, worker.ending)
    } else this.#watchForLoop(worker, worker.ending)
    this.#tell(worker, worker.ending)
  }

  /** A thread has ended that never came to be a worker. */
  #mourn(reason: string): void {
    const number = this.staff.freeNumber()
    const name = `${this.#options.name}/${number}`
    const nobody = { name, generation: 0, bornAt: 0, served: 0, heapBytes: 0 }
    const ending: Ending = { kind: 'exit', reason }
    this.#couldNotStart(name, ending)
    this.#tell(nobody, ending)
  }

  #couldNotStart(name: string, { kind, reason }: Ending): void {
    if (this.#isOver) return
    const error = new WasgiError('WASGI_ERR_WORKER_BOOT', [name, reason])
    this.#fail(name, error, kind === 'startup-timeout')
  }

  #watchForLoop(worker: GroupWorker, ending: Ending): void {
    if (this.#isOver || isPlanned(ending.kind)) return
    const loop = this.#setbacks.addDeath(worker, ending)
    if (loop !== undefined) this.#events.onCrashLoop(worker.name, loop)
  }

  #tell(worker: Deceased, ending: Ending): void {
    if (this.#state === 'failed') return // its starter has been told
    const known = worker instanceof GroupWorker ? worker : undefined
    const request = known && this.#events.lost(known)
    const death = deathOf(this.#options.name, worker, ending, request, this.#replacement())
    this.#events.onDeath(death, known)
  }

  #replacement(): Replacement {
    if (this.#isOver) return { kind: 'none' }
    if (this.staff.living.length >= this.staff.wanted) return { kind: 'done' }
    if (this.#onDemand) return { kind: 'on-demand' }
    const delayMs = this.retryInMs
    return delayMs > 0 ? { kind: 'after', delayMs } : { kind: 'at-once' }
  }

  get #isOver(): boolean {
    return this.#state === 'failed' || this.#state === 'closed'
  }
}

const SHUTDOWN: Ending = { kind: 'shutdown', reason: 'the server was closed before it was done' }

function threadOptions({ workers, startupTimeoutMs, hostBytesLimit, stackSize }: CrewOptions) {
  return { size: workers, greetTimeoutMs: startupTimeoutMs, hostBytesLimit, stackSize }
}

/** What only a builder says (src/snapshot/builder.ts). */
function isBuilders(message: Report): message is Loaded | Built | Refused {
  return ['loaded', 'built', 'refused'].includes(message.kind)
}
