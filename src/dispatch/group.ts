// A process group: mod_wsgi's daemon process group with threads for processes. It ties the crew (who
// works) to the dispatcher (who gets what) and has the life of both in its hands.

import type { WasgiError } from '../errors.ts'
import type { LogLine, Ready } from '../wire/messages.ts'
import { RequestTable, requestTableBytes } from '../wire/request-table.ts'
import { loadAssets } from './assets.ts'
import { Crew, type CrewOptions } from './crew.ts'
import { Dispatcher, ROWS_PER_WORKER } from './dispatcher.ts'
import type { Exchange, GatewayRequest } from './exchange.ts'
import type { SharedLocks } from './shared-locks.ts'
import type { WorkerState } from './worker.ts'

export interface GroupOptions extends CrewOptions {
  readonly memoryLimitBytes: number
  /** 0 is no limit. */
  readonly requestTimeoutMs: number
}

/** What the group tells its owner; the server logs it. Workers go by name, `group/number`. */
export interface GroupEvents {
  onReady(worker: string, ready: Ready): void
  onLog(worker: string, line: LogLine): void
  onDeath(worker: string, reason: string): void
  /** An application failed to load or raised in a request; the error carries the traceback. */
  onFailure(worker: string, error: WasgiError): void
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
  /** mod_wsgi's word for an interpreter in a worker. */
  readonly mode: 'daemon'
  readonly state: Exclude<WorkerState, 'empty' | 'dead'>
  /** How it came to be: `cold` is booted from nothing. */
  readonly boot: 'cold'
  /** Requests it has answered. */
  readonly served: number
  /** Bytes of its WebAssembly memory after the last request. It never shrinks. */
  readonly heapBytes: number
}

const SWEEP_MS = 100

export class ProcessGroup {
  readonly name: string
  readonly pythonVersion: string
  readonly #crew: Crew
  readonly #dispatcher: Dispatcher
  readonly #sweeper: NodeJS.Timeout

  /** Makes the group and waits until every worker is ready; rejects with the first boot failure. */
  static async start(
    options: GroupOptions,
    locks: SharedLocks,
    events: GroupEvents
  ): Promise<ProcessGroup> {
    const assets = await loadAssets(options.memoryLimitBytes)
    const group = new ProcessGroup(options, locks, events, assets)
    try {
      await group.#crew.started
    } catch (error) {
      await group.close(0)
      throw error
    }
    return group
  }

  private constructor(
    options: GroupOptions,
    locks: SharedLocks,
    events: GroupEvents,
    assets: Awaited<ReturnType<typeof loadAssets>>
  ) {
    this.name = options.name
    this.pythonVersion = assets.pythonVersion
    const requests = new SharedArrayBuffer(requestTableBytes(options.workers * ROWS_PER_WORKER))
    this.#dispatcher = new Dispatcher(
      {
        group: options.name,
        requestTimeoutMs: options.requestTimeoutMs,
        grants: options.boot.grants,
        workers: () => this.#crew.workers,
        bootError: () => this.#crew.bootError,
        hasSpare: () => this.#crew.hasSpare,
        onDemand: (count) => this.#crew.bootFor(count),
        onFailure: (worker, error) => events.onFailure(worker.name, error)
      },
      new RequestTable(requests)
    )
    this.#crew = new Crew(options, { assets, requests, locks: locks.buffer }, locks, {
      onEmpty: () => this.#dispatcher.demand(),
      onReady: (worker, ready) => {
        events.onReady(worker.name, ready)
        this.#dispatcher.feed(worker)
      },
      onLog: (worker, line) => events.onLog(worker.name, line),
      onMessage: (worker, message) => this.#dispatcher.receive(worker, message),
      onDeath: (worker, reason) => events.onDeath(worker.name, reason),
      onBootFailure: (worker, error) => {
        events.onFailure(worker.name, error)
        this.#dispatcher.failWaiting()
      }
    })
    this.#sweeper = setInterval(() => this.#dispatcher.sweep(), SWEEP_MS).unref()
  }

  /** Sends a request to a worker. Its `response` is the answer; `cancel()` when the client is gone. */
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

  /** The interpreters of this group. A worker of a lazy group has none before it is needed. */
  interpreters(): readonly InterpreterStatus[] {
    const all: InterpreterStatus[] = []
    for (const { name, state, served, heapBytes } of this.#crew.workers) {
      if (state === 'empty' || state === 'dead') continue
      const status = { group: this.name, worker: name, mode: 'daemon', boot: 'cold' } as const
      all.push({ ...status, state, served, heapBytes })
    }
    return all
  }

  /** Waits for the requests in progress, at most `timeoutMs`, then ends the workers. */
  async close(timeoutMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    await Promise.race([this.#dispatcher.idle(), late])
    clearTimeout(timer)
    clearInterval(this.#sweeper)
    this.#dispatcher.close()
    await this.#crew.close()
  }
}
