// One worker of a process group: a thread with its interpreter, seen from the main thread.
// Its life: empty (no interpreter yet), booting, ready, retiring (takes nothing new), dead.
import { receiveMessageOnPort } from 'node:worker_threads'
import type {
  ApplicationSpec,
  Boot,
  FromWorker,
  Ready,
  Stopped,
  ToWorker
} from '../wire/messages.ts'
import { PULSE_BYTES, Pulse } from '../wire/pulse.ts'
import { decodeWholeAnswer, type WholeAnswerText } from '../wire/whole-answer.ts'
import type { DeathKind, Ending, LostRequest } from './death.ts'
import type { Exchange } from './exchange.ts'
import { FAREWELL_MS, shutdownReason } from './farewell.ts'
import type { PoolThread } from './pool.ts'

/** What others than its own object are told of what a worker says. */
export type Report = Exclude<FromWorker, Stopped>

export type WorkerState = 'empty' | 'booting' | 'ready' | 'retiring' | 'dead'

/** A request in the row of the request table that it has in one worker. */
export interface Assignment {
  readonly exchange: Exchange
  readonly slot: number
}

/** As in workers/python/wasgi/timeouts.py. */
const SIGXCPU = 24
export interface Wipes {
  readonly count: number
  readonly ms: number
}

/** See Boot. */
const GAUGES = 5

/** Messages taken from the port in one go, so that one worker's many do not hold up the others'. */
const MESSAGES_AT_ONCE = 64

export class GroupWorker {
  /** `group/number`; the number is taken over by the worker that replaces this one. */
  readonly name: string
  readonly number: number
  /** Its identity in the lock table; never reused. */
  readonly owner: number
  readonly thread: PoolThread
  /** Requests it has and has not yet answered, by id, oldest first. */
  readonly exchanges: Map<number, Exchange> = new Map()
  /** Its rows of the request table: those of `exchanges`, and of what was taken back from it since. */
  readonly rows: Map<number, Exchange> = new Map()
  state: WorkerState = 'empty'
  served = 0
  /** How its interpreter came to be, once there is one. */
  boot: Ready['boot'] = 'cold'
  /** Shared with the worker; see Boot. */
  readonly gauges: SharedArrayBuffer = new SharedArrayBuffer(
    GAUGES * Float64Array.BYTES_PER_ELEMENT
  )
  /** Shared with the worker; see Boot. */
  readonly signals: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  /** Why it ends: the first reason that there was counts. */
  ending: Ending | undefined
  /** The request that ends with it. */
  lost: LostRequest | undefined
  /** When its interpreter began to be made, on the clock of `performance`; 0 before. */
  bornAt = 0
  readyAt = 0
  /** Since when it takes nothing new, if that is so. */
  retiringSince = 0
  /** What it ran when graceful_timeout was over is cut off. */
  cutOff = false
  /** wire/pulse.ts */
  readonly pulse: SharedArrayBuffer = new SharedArrayBuffer(PULSE_BYTES)
  #onMessage: ((message: FromWorker | WholeAnswerText) => void) | undefined
  /** Assigned, and not yet handed over. */
  #outbox: Assignment[] = []
  /** Settles when its interpreter has been told of its end, or can be told nothing. */
  #farewell: PromiseWithResolvers<void> | undefined

  constructor(name: string, number: number, owner: number, thread: PoolThread) {
    this.name = name
    this.number = number
    this.owner = owner
    this.thread = thread
  }

  begin(message: Boot, onMessage: (message: Report) => void): void {
    this.#onMessage = (message) => {
      if (typeof message === 'string') onMessage(decodeWholeAnswer(message))
      else if (message.kind === 'stopped') this.heard()
      else onMessage(message)
    }
    this.thread.port.on('message', (first: FromWorker | WholeAnswerText) => {
      this.#onMessage?.(first)
      this.#receive(MESSAGES_AT_ONCE) // much cheaper than an event for each
    })
    this.thread.port.unref()
    this.state = 'booting'
    this.bornAt = performance.now()
    this.send(message)
  }

  send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.thread.port.postMessage(message, transfer)
  }

  assign(exchange: Exchange, slot: number): void {
    exchange.assign(this, slot)
    this.exchanges.set(exchange.id, exchange)
    this.rows.set(slot, exchange)
    this.#outbox.push({ exchange, slot })
  }

  /**
   * Hands over all that was assigned since the last time. Resolves when the thread is through with
   * it, with the requests it left unanswered because it ended.
   */
  async handOver(): Promise<readonly Assignment[]> {
    const batch = this.#outbox
    this.#outbox = []
    const tasks = batch.map(({ exchange, slot }) => {
      const { head, body, application: number = 0 } = exchange.request
      const application = exchange.asked ? ~number : number
      return { id: exchange.id, slot, head, body, application }
    })
    try {
      await this.thread.run(tasks)
      return []
    } catch {
      this.drain()
      return batch.filter(({ exchange, slot }) => this.rows.get(slot) === exchange)
    }
  }

  /** Makes the Python of a request that it runs look up: signals reach what computes, messages what waits. */
  interrupt(id: number): void {
    Atomics.store(new Int32Array(this.signals), 0, SIGXCPU)
    this.send({ kind: 'interrupt', id })
  }

  /** Takes in what it said before it ended. */
  drain(): void {
    this.#receive(Number.POSITIVE_INFINITY)
    this.heard()
  }

  /** Its interpreter knows of its end, or never will. */
  heard(): void {
    this.#farewell?.resolve()
  }

  /** Whether it runs nothing, and its interpreter is being told of its end. */
  get isLeaving(): boolean {
    return this.#farewell !== undefined
  }

  /**
   * Ends the thread, which runs nothing, for the reason that it has: at once, or once its interpreter
   * has been told, which takes `FAREWELL_MS` at most.
   */
  async dismiss(): Promise<void> {
    const word = shutdownReason(this.ending)
    if (word !== undefined) await this.#tell(word, FAREWELL_MS)
    if (this.state !== 'dead') this.terminate('exit', 'it was retired')
  }

  /** Tells its interpreter, if it runs nothing, of an end that somebody else brings about. */
  async leave(ending: Ending, limitMs: number): Promise<void> {
    if (this.exchanges.size > 0 || (this.state !== 'ready' && !this.isLeaving)) return
    this.state = 'retiring'
    this.ending ??= ending
    const word = shutdownReason(this.ending)
    if (word !== undefined) await this.#tell(word, limitMs)
  }

  async #tell(reason: string, limitMs: number): Promise<void> {
    if (this.#farewell === undefined) {
      this.#farewell = Promise.withResolvers()
      this.send({ kind: 'stop', reason })
    }
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limitMs)
    await Promise.race([this.#farewell.promise, late])
    clearTimeout(timer)
  }

  #receive(limit: number): void {
    const onMessage = this.#onMessage
    if (onMessage === undefined) return
    for (let count = 0; count < limit; count++) {
      const next = receiveMessageOnPort(this.thread.port)
      if (next === undefined) return
      onMessage(next.message as FromWorker | WholeAnswerText)
    }
  }

  /** How often its event loop has been seen to come round; 0 if nobody looks. */
  get beats(): number {
    return new Pulse(this.pulse).beats
  }

  /** Whether its Python waits for something, and how often it began or ceased to. */
  get waits(): { readonly isSuspended: boolean; readonly suspensions: number } {
    return new Pulse(this.pulse)
  }

  /** Processor time of its thread. */
  get cpuMs(): number {
    return new Pulse(this.pulse).cpuMs
  }

  /** Bytes of its interpreter's wasm memory after the last request; 0 before there is one. */
  get heapBytes(): number {
    return new Float64Array(this.gauges)[0] ?? 0
  }

  /** Since when it is being wiped, on the clock of monotonicMs; 0 when it is not. */
  get wipingSince(): number {
    return new Float64Array(this.gauges)[2] ?? 0
  }

  /** 0 if it was booted from nothing, 1 once restored, 1 more with each wipe. */
  get generation(): number {
    return new Float64Array(this.gauges)[1] ?? 0
  }

  /** How often it has been wiped, and how long that took together. */
  get wipes(): Wipes {
    const [, , , count = 0, ms = 0] = new Float64Array(this.gauges)
    return { count, ms }
  }

  /** It is to go, and has had the time that graceful_timeout gives for what it runs. */
  cut(gracefulTimeoutMs: number): void {
    this.cutOff = true
    const { kind = 'exit', reason = 'it was retired' } = this.ending ?? {}
    const late = `${reason}, and was not done within graceful_timeout (${gracefulTimeoutMs} ms)`
    this.ending = { kind, reason: late }
    this.terminate(kind, late)
  }

  /** Ends the thread at once. Its exit is announced by the pool. */
  terminate(kind: DeathKind, reason: string, traceback?: string): void {
    this.state = 'dead'
    this.ending ??= { kind, reason, traceback }
    void this.thread.terminate()
  }
}

/** What interpreters are made from, known only after a while. */
export interface Prepared {
  readonly assets: Boot['assets']
  readonly module?: Boot['module']
  /** What new interpreters are restored from; undefined to boot them from nothing. */
  readonly image: Boot['image']
}

/** What every worker of a group is booted with. */
export type BootTemplate = Omit<
  Boot,
  'kind' | 'name' | 'owner' | 'logBudget' | 'gauges' | 'signals' | 'pulse' | keyof Prepared
> & {
  readonly application: ApplicationSpec
}
