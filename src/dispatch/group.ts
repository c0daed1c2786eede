// A process group: mod_wsgi's daemon process group with threads for processes. It ties the crew (who
// works) to the dispatcher (who gets what) and has the life of both in its hands.

import type { InterpreterAssets } from '../../workers/boot/assets.ts'
import type { ForeignPyodide } from '../../workers/foreign.ts'
import { type ErrorCode, WasgiError } from '../errors.ts'
import { SnapshotCounts, type SnapshotStatus } from '../snapshot/counts.ts'
import type { Image } from '../snapshot/image.ts'
import { type SnapshotSettings, snapshotSource } from '../snapshot/settings.ts'
import type { SnapshotEvents } from '../snapshot/source.ts'
import type { LogLine, Ready } from '../wire/messages.ts'
import { RequestTable, requestTableBytes } from '../wire/request-table.ts'
import { compiledCode, loadAssets } from './assets.ts'
import { Crew, type CrewOptions, type Mode } from './crew.ts'
import type { CrewEvents } from './crew-events.ts'
import type { DeathKind, WorkerDeath } from './death.ts'
import { Dispatcher, ROWS_PER_WORKER } from './dispatcher.ts'
import type { Exchange, GatewayRequest } from './exchange.ts'
import { HostBytesWatch } from './host-bytes.ts'
import type { RecycleLimits } from './recycle.ts'
import { Recycler } from './recycler.ts'
import { Rotation } from './rotation.ts'
import type { SharedLocks } from './shared-locks.ts'
import type { GroupWorker, Prepared, Wipes, WorkerState } from './worker.ts'

export interface GroupOptions extends CrewOptions {
  /** How snapshots are made and kept; undefined when every interpreter boots from nothing. */
  readonly snapshot: SnapshotSettings | undefined
  /** The host program's own interpreter, to be used in embedded mode. */
  readonly foreign?: ForeignPyodide | undefined
  readonly memoryLimitBytes: number
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

/** What may be known of a group from outside at any time; src/server/health.ts and metrics read it. */
export interface GroupCondition {
  readonly group: string
  /** Whether a worker can take requests, or could be made ready for one. */
  readonly ready: boolean
  /** Why the application could not start when that was last tried; undefined if it could. */
  readonly code: ErrorCode | undefined
  /** Requests that no worker has started. */
  readonly queued: number
  readonly workers: readonly WorkerStatus[]
  /** Of all workers there have been. */
  readonly wipes: Wipes
}

export interface WorkerStatus {
  readonly name: string
  readonly threadId: number
  readonly state: string
  readonly served: number
}

/** One interpreter that there is, or that is being made. */
export interface InterpreterStatus {
  /** The process group. */
  readonly group: string
  /** `group/number`, as logs name it. */
  readonly worker: string
  /** Whether it is in the main thread or in a worker. */
  readonly mode: Mode
  readonly state: Exclude<WorkerState, 'empty' | 'dead'>
  /** How it came to be: booted from nothing, restored from a snapshot, or the host program's own. */
  readonly boot: Ready['boot']
  /** As `wasgi.snapshot.generation()`: 0 if cold, 1 once restored, 1 more with each wipe. */
  readonly generation: number
  /** Requests it has answered. */
  readonly served: number
  /** Bytes of its WebAssembly memory after the last request. It never shrinks. */
  readonly heapBytes: number
}

/** Whoever answers an application's requests. */
export interface RequestGroup {
  readonly name: string
  /** Settles when every worker is ready, or with the first failure to boot. */
  readonly started: Promise<void>
  /** Sends a request to a worker. Its `response` is the answer; `cancel()` when the client is gone. */
  handle(request: GatewayRequest): Exchange
  workers(): readonly WorkerStatus[]
  /** The interpreters there are. A worker of a lazy group has none before it is needed. */
  interpreters(): readonly InterpreterStatus[]
  /** What its interpreters are restored from, and what has gone wrong with that. */
  snapshot(): SnapshotStatus
  condition(): GroupCondition
  /**
   * Replaces every worker, one after another, and resolves when the last one has been. No request
   * is lost. Rejects with the error of a replacement that could not boot: the others stay.
   */
  recycle(kind: DeathKind, reason: string): Promise<void>
  /** Waits for the requests in progress, at most `timeoutMs`, then ends the workers. */
  close(timeoutMs: number): Promise<void>
}

const SWEEP_MS = 100

export class ProcessGroup implements RequestGroup {
  readonly name: string
  /** CPython's, once the group has started. */
  pythonVersion = ''
  #started: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  /** Of workers that are gone. */
  #pastWipes: Wipes = { count: 0, ms: 0 }
  readonly #mode: Mode
  /** An interpreter of the host program's is never given up. */
  readonly #foreign: boolean
  readonly #snapshots = new SnapshotCounts()
  readonly #crew: Crew
  readonly #dispatcher: Dispatcher
  readonly #rotation: Rotation
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
      this.#prepare(options, await prepared(options, locks, watched))
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
    const rows = (options.workers + 1) * ROWS_PER_WORKER
    const requests = new SharedArrayBuffer(requestTableBytes(rows))
    this.#dispatcher = new Dispatcher(
      {
        group: options.name,
        requestTimeoutMs: options.requestTimeoutMs,
        interruptTimeoutMs: options.interruptTimeoutMs,
        queueTimeoutMs: options.queueTimeoutMs,
        queueLimit: options.queueLimit,
        grants: options.boot.grants,
        workers: () => this.#crew.workers,
        bootError: () => this.#crew.bootError,
        hasSpare: () => this.#crew.hasSpare,
        onDemand: (count) => this.#crew.bootFor(count),
        onFailure: (worker, error, { request }) => events.onFailure(worker.name, error, request)
      },
      new RequestTable(requests)
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

  #prepare({ mode }: GroupOptions, { assets, module, image }: Prepared): void {
    this.pythonVersion = assets.pythonVersion
    // A copy goes to each thread; in this one it would be an object that two realms have.
    this.#crew.prepare({ assets, image, module: mode === 'daemon' ? module : undefined })
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

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    await Promise.race([this.#dispatcher.idle(), late])
    clearTimeout(timer)
    clearInterval(this.#sweeper)
    this.#rotation.stop(undefined)
    this.#dispatcher.close()
    await this.#crew.close()
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

/** What the group's interpreters are made from. */
async function prepared(
  options: GroupOptions,
  locks: SharedLocks,
  events: GroupEvents
): Promise<Prepared> {
  const assets = loadAssets(options.memoryLimitBytes)
  // Both at a time: one works in other threads, the other one mostly waits.
  const [module, image] = await Promise.all([
    compiledCode(assets),
    obtainImage(options, assets, locks, events)
  ])
  return { assets, module, image }
}

/** What the group's interpreters are restored from: the store, or if it is eager, a new capture. */
async function obtainImage(
  options: GroupOptions,
  assets: InterpreterAssets,
  locks: SharedLocks,
  events: GroupEvents
): Promise<Image | undefined> {
  const { snapshot, name, boot, startupTimeoutMs } = options
  if (snapshot === undefined) return undefined
  const source = snapshotSource(snapshot, options, assets, events)
  const stored = await source.stored()
  if (stored !== undefined || options.lazy) return stored
  const owner = locks.newOwner()
  const requests = new SharedArrayBuffer(requestTableBytes(1))
  try {
    return await source.make(
      { requests, locks: locks.buffer },
      { assets, name: `${name}/builder`, owner, boot, startupTimeoutMs }
    )
  } finally {
    locks.release(owner)
  }
}
