// A dispatcher over threads that do only what the test says.
import * as assert from 'uvu/assert'
import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import type { Exchange } from '../../src/dispatch/exchange.ts'
import { ROWS_PER_WORKER } from '../../src/dispatch/placement.ts'
import type { PoolThread } from '../../src/dispatch/pool.ts'
import { GroupWorker } from '../../src/dispatch/worker.ts'
import { WasgiError } from '../../src/errors.ts'
import type {
  Answer,
  Batch,
  Complete,
  Failed,
  RequestTask,
  ToWorker
} from '../../src/wire/messages.ts'
import { monotonicMs, RequestTable, requestTableBytes } from '../../src/wire/request-table.ts'

/** An answer that does not say yet to which request. */
export type Unaddressed<T> = T extends unknown ? Omit<T, 'slot'> : never

/** A thread whose interpreter is the test: it starts tasks in order and answers when told. */
export class FakeThread implements PoolThread {
  readonly threadId: number
  readonly port: PoolThread['port']
  readonly tasks: RequestTask[] = []
  readonly table: RequestTable
  /** Messages for its port. */
  readonly sent: ToWorker[] = []
  readonly batches: Batch[] = []
  readonly #running: PromiseWithResolvers<void>[] = []
  /** Where its answers go. */
  say: (answer: Answer) => void = () => {}
  terminated = false
  /** Its interpreter is told of its end. */
  onStop: () => void = () => {}

  constructor(threadId: number, table: RequestTable) {
    this.threadId = threadId
    this.table = table
    const postMessage = (message: ToWorker): void => {
      this.sent.push(message)
      if (message.kind === 'stop') this.onStop()
    }
    this.port = { postMessage } as unknown as PoolThread['port']
  }

  run(batch: Batch): Promise<void> {
    const running = Promise.withResolvers<void>()
    this.tasks.push(...batch)
    this.batches.push(batch)
    this.#running.push(running)
    return running.promise
  }

  /** The worker comes to this task. False when it was taken back, which it then reports. */
  start(task: RequestTask | undefined, startedAt: number = monotonicMs()): boolean {
    assert.ok(task !== undefined)
    const mine = this.table.start(task.slot, startedAt)
    if (!mine) this.answer(task, { kind: 'withdrawn' })
    return mine
  }

  answer(task: RequestTask | undefined, answer: Unaddressed<Answer>): void {
    assert.ok(task !== undefined)
    this.say({ ...answer, slot: task.slot })
  }

  /** The thread is gone: everything it was handed rejects, as Piscina does it. */
  die(): void {
    for (const running of this.#running) running.reject(new Error('thread ended'))
  }

  hostBytes(): Promise<number> {
    return Promise.resolve(0)
  }

  terminate(): Promise<void> {
    this.terminated = true
    return Promise.resolve()
  }
}

export interface Bench {
  readonly dispatcher: Dispatcher
  readonly threads: FakeThread[]
  readonly workers: GroupWorker[]
  readonly failures: WasgiError[]
  /** How many interpreters the dispatcher could have done with, each time it said so. */
  readonly demands: number[]
  /** Resolves once the request has been handed over, or waits. */
  send(label?: string): Promise<Exchange>
}

export function bench(
  count: number,
  options: {
    requestTimeoutMs?: number
    interruptTimeoutMs?: number
    queueTimeoutMs?: number
    queueLimit?: number
    bootError?: WasgiError
    retryInMs?: number
    hasSpare?: boolean
    onStale?: (resume: () => void) => void
  } = {}
): Bench {
  const table = new RequestTable(new SharedArrayBuffer(requestTableBytes(count * ROWS_PER_WORKER)))
  const threads = Array.from({ length: count }, (_, index) => new FakeThread(index + 1, table))
  const workers = threads.map((thread, index) => {
    const worker = new GroupWorker(`test/${index + 1}`, index + 1, index + 1, thread)
    worker.state = 'ready'
    return worker
  })
  const failures: WasgiError[] = []
  const demands: number[] = []
  const dispatcher = new Dispatcher(
    {
      group: 'test',
      requestTimeoutMs: options.requestTimeoutMs ?? 0,
      interruptTimeoutMs: options.interruptTimeoutMs ?? 0,
      queueTimeoutMs: options.queueTimeoutMs ?? 0,
      queueLimit: options.queueLimit ?? 0,
      grants: () => [],
      onStale: options.onStale ?? ((resume) => resume()),
      workers: () => workers.filter((worker) => worker.state !== 'dead'),
      bootError: () => options.bootError,
      retryInMs: () => options.retryInMs ?? 0,
      hasSpare: () => options.hasSpare ?? false,
      onDemand: (count) => demands.push(count),
      onFailure: (_worker, error) => failures.push(error)
    },
    table
  )
  for (const [index, thread] of threads.entries()) {
    const worker = workers[index]
    assert.ok(worker !== undefined)
    thread.say = (answer) => dispatcher.receive(worker, answer)
    thread.onStop = () => queueMicrotask(() => worker.heard())
  }
  const send = async (label = 'GET /'): Promise<Exchange> => {
    const exchange = dispatcher.handle({
      head: '',
      body: new Uint8Array(),
      source: undefined,
      label
    })
    exchange.response.catch(() => {})
    await settle()
    return exchange
  }
  return { dispatcher, threads, workers, failures, demands, send }
}

export const OK: Unaddressed<Complete> = {
  kind: 'complete',
  head: '200 OK\nX\ny',
  body: new Uint8Array([1])
}

export const FAILED: Unaddressed<Failed> = {
  kind: 'failed',
  sent: false,
  status: 500,
  traceback: 'ValueError: late'
}

/** Lets the turn end: promise reactions run, and what was assigned is handed over. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const codeOf = (exchange: Exchange): Promise<string> =>
  exchange.response.then(
    () => 'answered',
    (error: unknown) => (error instanceof WasgiError ? error.code : String(error))
  )
