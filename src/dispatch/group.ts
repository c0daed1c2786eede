// A process group: mod_wsgi's daemon process group with threads for processes. It ties the crew (who
// works) to the dispatcher (who gets what) and has the life of both in its hands.

import type { ForeignPyodide } from '../../workers/foreign.ts'
import { WasgiError } from '../errors.ts'
import { SnapshotCounts, type SnapshotStatus } from '../snapshot/counts.ts'
import type { SnapshotEvents } from '../snapshot/source.ts'
import type { LogLine, Ready } from '../wire/messages.ts'
import { RequestTable, requestTableBytes } from '../wire/request-table.ts'
import { type GroupState, reportOf } from './census.ts'
import { Crew, type CrewOptions, type Mode } from './crew.ts'
import type { CrewEvents } from './crew-events.ts'
import type { DeathKind, Ending, WorkerDeath } from './death.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Exchange, GatewayRequest } from './exchange.ts'
import { reloadError } from './failure.ts'
import { FAREWELL_MS } from './farewell.ts'
import { HostBytesWatch } from './host-bytes.ts'
import { patiently } from './patience.ts'
import { ROWS_PER_WORKER } from './placement.ts'
import { type ImageFrom, type PreparationOptions, prepare, prepareAnew } from './preparation.ts'
import type { RecycleLimits } from './recycle.ts'
import { Recycler } from './recycler.ts'
import { type Asking, Reloads } from './reloads.ts'
import type {
  GroupCondition,
  InterpreterStatus,
  Recipe,
  ReloadManner,
  RequestGroup,
  WorkerStatus
} from './request-group.ts'
import { Rotation } from './rotation.ts'
import type { SharedLocks } from './shared-locks.ts'
import { mostWorkers } from './staff.ts'
import type { GroupWorker, Prepared, Wipes } from './worker.ts'

export interface GroupOptions extends CrewOptions, PreparationOptions {
  /** The host program's own interpreter, to be used in embedded mode. */
  readonly foreign?: ForeignPyodide | undefined
  /** 0 is no limit, here and below. */
  readonly requestTimeoutMs: number
  /** 0 is no interruption: the worker is ended at once. */
  readonly interruptTimeoutMs: number
  readonly queueTimeoutMs: number
  readonly queueLimit: number
  readonly recycle: RecycleLimits
}

/** What the group tells its owner; the server logs it. Workers go by name, `group/number`. */
export interface GroupEvents extends Omit<SnapshotEvents, 'onLog'> {
  onReady(worker: string, ready: Ready): void
  onLog(worker: string, line: LogLine): void
  /** A worker has ended, for whatever reason: once for each. */
  onDeath(death: WorkerDeath): void
  /**
   * An application failed to load or raised in a request; the error carries the traceback. `request`
   * is the one that failed, if it was one.
   */
  onFailure(worker: string, error: WasgiError, request?: GatewayRequest): void
}

export type {
  GroupCondition,
  InterpreterStatus,
  Recipe,
  ReloadManner,
  RequestGroup,
  WorkerStatus
} from './request-group.ts'

const SWEEP_MS = 100
const RELOADED: Ending = { kind: 'reload', reason: 'its application was loaded anew' }
const FEWER: Ending = { kind: 'surplus', reason: 'there was to be one worker less' }

export class ProcessGroup implements RequestGroup {
  readonly name: string
  /** CPython's, once the group has started. */
  pythonVersion = ''
  #started: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  readonly #closed = new AbortController()
  /** Of workers that are gone. */
  #pastWipes: Wipes = { count: 0, ms: 0 }
  readonly #mode: Mode
  /** An interpreter of the host program's is never given up. */
  readonly #foreign: boolean
  readonly #snapshots = new SnapshotCounts()
  readonly #crew: Crew
  readonly #dispatcher: Dispatcher
  readonly #rotation: Rotation
  readonly #table: RequestTable
  readonly #reloads: Reloads
  /** What the interpreters are made from, once that is known. */
  #made: { readonly prepared: Prepared; readonly recipe: Recipe } | undefined
  readonly #sweeper: NodeJS.Timeout

  /**
   * Obtains a snapshot, makes the group and waits until every worker is ready; a lazy one is ready
   * at once, and only restores what is stored. Rejects with the first boot failure.
   */
  static async start(
    options: GroupOptions,
    locks: SharedLocks,
    events: GroupEvents
  ): Promise<ProcessGroup> {
    const group = ProcessGroup.begin(options, locks, events)
    await group.started
    return group
  }

  /** As `start()`, without the wait: whether it succeeds is what `started` says. */
  static begin(options: GroupOptions, locks: SharedLocks, events: GroupEvents): ProcessGroup {
    const group = new ProcessGroup(options, locks, events)
    group.#started = group.#start(options, locks, events)
    // Who began it may look only later, and a failure must not end the process meanwhile.
    group.#started.catch(() => undefined)
    return group
  }

  async #start(options: GroupOptions, locks: SharedLocks, events: GroupEvents): Promise<void> {
    try {
      const watched = this.#snapshots.watch(events)
      this.#prepare(await prepare(options, locks, watched), options)
      await this.#crew.started
    } catch (error) {
      await this.close(0)
      throw error
    }
  }

  private constructor(options: GroupOptions, locks: SharedLocks, given: GroupEvents) {
    const events = this.#snapshots.watch(given)
    this.name = options.name
    this.#mode = options.mode
    this.#foreign = options.foreign !== undefined
    // While a worker is replaced there may be one more.
    const rows = (mostWorkers(options) + 1) * ROWS_PER_WORKER
    const requests = new SharedArrayBuffer(requestTableBytes(rows))
    this.#table = new RequestTable(requests)
    this.#reloads = new Reloads((asked) => this.#reload(options, locks, given, asked))
    this.#dispatcher = new Dispatcher(
      {
        group: options.name,
        requestTimeoutMs: options.requestTimeoutMs,
        interruptTimeoutMs: options.interruptTimeoutMs,
        queueTimeoutMs: options.queueTimeoutMs,
        queueLimit: options.queueLimit,
        grants: () => this.#crew.grants,
        workers: () => this.#crew.workers,
        bootError: () => this.#crew.bootError,
        retryInMs: () => this.#crew.retryInMs,
        hasSpare: () => this.#crew.hasSpare,
        onDemand: (count) => this.#crew.bootFor(count),
        onStale: (resume) => {
          const fail = (cause: unknown): void =>
            events.onFailure(this.name, reloadError(`process group "${this.name}"`, cause))
          void patiently(this.reload('at-once').catch(fail)).then(resume)
        },
        onFailure: (worker, error, { request }) => events.onFailure(worker.name, error, request)
      },
      this.#table
    )
    const data = { requests, locks: locks.buffer, foreign: options.foreign }
    this.#crew = new Crew(options, data, locks, this.#crewEvents(events))
    this.#rotation = new Rotation(this.#crew, (worker, ending) =>
      this.#dispatcher.retire(worker, ending)
    )
    this.#sweeper = this.#startSweeping(options.recycle, options.hostBytesLimit)
  }

  #crewEvents(events: GroupEvents): CrewEvents {
    return {
      onEmpty: () => this.#dispatcher.demand(),
      onReady: (worker, ready) => {
        if (ready.boot === 'restored') this.#snapshots.addRestored()
        events.onReady(worker.name, ready)
        this.#dispatcher.feed(worker)
        this.#rotation.advance()
      },
      onLog: (worker, line) => events.onLog(worker.name, line),
      onSaw: events.onSaw,
      onMessage: (worker, message) => this.#dispatcher.receive(worker, message),
      onRestoreFailure: (worker, reason) =>
        events.onSnapshotFailure(
          new WasgiError('WASGI_ERR_SNAPSHOT_RESTORE', [worker.name, reason])
        ),
      lost: (worker) => this.#dispatcher.lost(worker),
      onDeath: (death, worker) => {
        if (worker !== undefined) this.#pastWipes = wipesOf([worker], this.#pastWipes)
        events.onDeath(death)
        this.#rotation.advance()
      },
      onCrashLoop: (worker, error) => events.onFailure(worker, error),
      onBootFailure: (worker, error) => {
        events.onFailure(worker, error)
        this.#dispatcher.failWaiting()
      }
    }
  }

  #startSweeping(limits: RecycleLimits, hostBytesLimit: number): NodeJS.Timeout {
    const recycler = new Recycler(
      {
        limits,
        sweepMs: SWEEP_MS,
        workers: () => this.#crew.workers,
        sleep: () => this.#crew.sleep()
      },
      this.#dispatcher,
      this.#rotation
    )
    const hostBytes = new HostBytesWatch(hostBytesLimit)
    return setInterval(() => {
      this.#dispatcher.sweep()
      this.#dispatcher.sweepQueue()
      this.#crew.sweep()
      hostBytes.sweep(this.#crew.workers)
      if (!this.#foreign) recycler.sweep()
    }, SWEEP_MS).unref()
  }

  #prepare(prepared: Prepared, { boot, snapshot }: Recipe): void {
    const { assets, module, image } = prepared
    this.pythonVersion = assets.pythonVersion
    this.#made = { prepared, recipe: { boot, snapshot } }
    if (image === undefined) this.#snapshots.forget()
    // A copy goes to each thread; in this one it would be an object that two realms have.
    this.#crew.prepare(
      { assets, image, module: this.#mode === 'daemon' ? module : undefined },
      boot
    )
  }

  async #reload(
    options: GroupOptions,
    locks: SharedLocks,
    events: GroupEvents,
    { manner, recipe: given, signal }: Asking
  ): Promise<void> {
    await this.#started
    const before = this.#made
    if (before === undefined || this.#closing !== undefined || this.#foreign) return
    const { identity } = before.recipe.boot
    const recipe =
      given === undefined ? before.recipe : { ...given, boot: { ...given.boot, identity } }
    const watched = this.#snapshots.watch(events)
    const from = this.#imageFrom(manner, options)
    const ends = [this.#closed.signal, ...(signal === undefined ? [] : [signal])]
    const how = { ...options, ...recipe, from, signal: AbortSignal.any(ends) }
    const after = await prepareAnew(before.prepared, how, locks, watched).catch((error) => {
      if (this.#closing === undefined) throw error
    })
    if (this.#closing !== undefined || after === undefined) return
    // What is begun from here on is new.
    const old = [...this.#crew.workers].filter(({ state }) => state !== 'empty')
    this.#prepare(after, recipe)
    if (manner === 'at-once') {
      for (const worker of old) {
        if (worker.state === 'booting') worker.terminate(RELOADED.kind, RELOADED.reason)
        else this.#dispatcher.retire(worker, RELOADED)
      }
      return
    }
    try {
      await this.#rotation.all(RELOADED, old)
    } catch (error) {
      this.#prepare(before.prepared, before.recipe)
      throw error
    }
  }

  /** Files do not tell of all that code was made from: where new code is asked for, it is imported. */
  #imageFrom(manner: ReloadManner, { lazy }: GroupOptions): ImageFrom {
    if (manner === 'at-once') return 'capture'
    return lazy && this.interpreters().length === 0 ? 'store' : 'either'
  }

  /** See RequestGroup, here and below. */
  get started(): Promise<void> {
    return this.#started
  }

  handle(request: GatewayRequest): Exchange {
    return this.#dispatcher.handle(request)
  }

  workers(): readonly WorkerStatus[] {
    return [...this.#crew.workers].map(({ name, state, served, thread }) => ({
      name,
      threadId: thread.threadId,
      state,
      served
    }))
  }

  interpreters(): readonly InterpreterStatus[] {
    const all: InterpreterStatus[] = []
    for (const { name, state, served, heapBytes, boot, generation } of this.#crew.workers) {
      if (state === 'empty' || state === 'dead') continue
      const status = { group: this.name, worker: name, mode: this.#mode }
      all.push({ ...status, state, boot, generation, served, heapBytes })
    }
    return all
  }

  snapshot(): SnapshotStatus {
    return this.#snapshots.status()
  }

  condition(): GroupCondition {
    const workers = this.workers()
    const code = this.#crew.bootError?.code
    // One whose application has failed may be tried again after a while, and then only by a request.
    const bootable = this.#crew.bootsOnDemand && (code === undefined || this.#crew.hasSpare)
    return {
      group: this.name,
      ready: bootable || workers.some(({ state }) => state === 'ready'),
      code,
      queued: this.#dispatcher.queued,
      workers,
      wipes: wipesOf(this.#crew.workers, this.#pastWipes)
    }
  }

  recycle(kind: DeathKind, reason: string): Promise<void> {
    if (this.#closing !== undefined || this.#foreign) return Promise.resolve()
    return this.#rotation.all({ kind, reason })
  }

  reload(manner: ReloadManner, recipe?: Recipe, signal?: AbortSignal): Promise<void> {
    return this.#reloads.ask(manner, recipe, signal)
  }

  changeWorkers(by: 1 | -1): number {
    if (this.#closing !== undefined) return this.#crew.staff.wanted
    const surplus = this.#crew.resize(by)
    if (surplus?.state === 'booting') surplus.terminate(FEWER.kind, FEWER.reason)
    else if (surplus !== undefined) this.#dispatcher.retire(surplus, FEWER)
    return this.#crew.staff.wanted
  }

  state(): GroupState {
    const { workers: all, staff } = this.#crew
    const { wanted: workers, most } = staff
    const { queued } = this.#dispatcher
    const crew = [...all].map((worker) => reportOf(worker, this.#table))
    return { group: this.name, workers, most, queued, snapshot: this.snapshot(), crew }
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#closed.abort()
    const since = performance.now()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    await Promise.race([this.#dispatcher.idle(), late])
    clearTimeout(timer)
    clearInterval(this.#sweeper)
    this.#rotation.stop(undefined)
    this.#dispatcher.close()
    const leftMs = timeoutMs - (performance.now() - since)
    await this.#crew.close(Math.min(FAREWELL_MS, leftMs))
  }
}

function wipesOf(workers: Iterable<GroupWorker>, past: Wipes): Wipes {
  let { count, ms } = past
  for (const { wipes } of workers) {
    count += wipes.count
    ms += wipes.ms
  }
  return { count, ms }
}
