// A dispatcher over threads that do only what the test says.
import * as assert from 'uvu/assert'
import { Dispatcher, ROWS_PER_WORKER } from '../../src/dispatch/dispatcher.ts'
import type { Exchange } from '../../src/dispatch/exchange.ts'
import type { PoolThread } from '../../src/dispatch/pool.ts'
import { GroupWorker } from '../../src/dispatch/worker.ts'
import { WasgiError } from '../../src/errors.ts'
import type { Complete, RequestTask, TaskResult } from '../../src/wire/messages.ts'
import { monotonicMs, RequestTable, requestTableBytes } from '../../src/wire/request-table.ts'

/** A thread whose interpreter is the test: it starts tasks in order and answers when told. */
export class FakeThread implements PoolThread {
  readonly threadId: number
  readonly port: PoolThread['port']
  readonly tasks: RequestTask[] = []
  readonly #table: RequestTable
  readonly #answers = new Map<number, PromiseWithResolvers<TaskResult>>()
  terminated = false

  constructor(threadId: number, table: RequestTable) {
    this.threadId = threadId
    this.#table = table
    this.port = { postMessage: () => {} } as unknown as PoolThread['port']
  }

  run(task: RequestTask): Promise<TaskResult> {
    const answer = Promise.withResolvers<TaskResult>()
    this.tasks.push(task)
    this.#answers.set(task.slot, answer)
    return answer.promise
  }

  /** The worker comes to this task. False when it was taken back, which it then reports. */
  start(task: RequestTask | undefined, startedAt: number = monotonicMs()): boolean {
    assert.ok(task !== undefined)
    const mine = this.#table.start(task.slot, startedAt)
    if (!mine) this.answer(task, { kind: 'withdrawn' })
    return mine
  }

  answer(task: RequestTask | undefined, result: TaskResult): void {
    assert.ok(task !== undefined)
    this.#answers.get(task.slot)?.resolve(result)
    this.#answers.delete(task.slot)
  }

  /** The thread is gone: everything it held rejects, as Piscina does it. */
  die(): void {
    for (const answer of this.#answers.values()) answer.reject(new Error('thread ended'))
    this.#answers.clear()
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
  send(label?: string): Exchange
}

export function bench(
  count: number,
  options: { requestTimeoutMs?: number; bootError?: WasgiError } = {}
): Bench {
  const table = new RequestTable(new SharedArrayBuffer(requestTableBytes(count * ROWS_PER_WORKER)))
  const threads = Array.from({ length: count }, (_, index) => new FakeThread(index + 1, table))
  const workers = threads.map((thread, index) => {
    const worker = new GroupWorker(`test/${index + 1}`, index + 1, index + 1, thread)
    worker.state = 'ready'
    return worker
  })
  const failures: WasgiError[] = []
  const dispatcher = new Dispatcher(
    {
      group: 'test',
      requestTimeoutMs: options.requestTimeoutMs ?? 0,
      grants: [],
      workers: () => workers.filter((worker) => worker.state !== 'dead'),
      bootError: () => options.bootError,
      onFailure: (_worker, error) => failures.push(error)
    },
    table
  )
  const send = (label = 'GET /'): Exchange => {
    const exchange = dispatcher.handle({
      head: '',
      body: new Uint8Array(),
      source: undefined,
      label
    })
    exchange.response.catch(() => {})
    return exchange
  }
  return { dispatcher, threads, workers, failures, send }
}

export const OK: Complete = {
  kind: 'complete',
  head: '200 OK\nX\ny',
  body: new Uint8Array([1]),
  recycle: false
}

/** Lets promise reactions run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const codeOf = (exchange: Exchange): Promise<string> =>
  exchange.response.then(
    () => 'answered',
    (error: unknown) => (error instanceof WasgiError ? error.code : String(error))
  )
