// Which worker gets which request, with threads that do only what the test says.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dispatcher, PREFETCH } from '../../src/dispatch/dispatcher.ts'
import type { Exchange } from '../../src/dispatch/exchange.ts'
import type { PoolThread } from '../../src/dispatch/pool.ts'
import { GroupWorker } from '../../src/dispatch/worker.ts'
import { WasgiError } from '../../src/errors.ts'
import type { RequestTask, TaskResult } from '../../src/wire/messages.ts'
import { monotonicMs, RequestTable, requestTableBytes } from '../../src/wire/request-table.ts'
import { within } from './within.ts'

const test = suite('dispatcher')

/** A thread whose interpreter is the test: it starts tasks in order and answers when told. */
class FakeThread implements PoolThread {
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
    this.#answers.set(task.id, answer)
    return answer.promise
  }

  /** The worker comes to this task. False when it was taken back, which it then reports. */
  start(task: RequestTask | undefined, startedAt = monotonicMs()): boolean {
    assert.ok(task !== undefined)
    const mine = this.#table.start(task.slot, startedAt)
    if (!mine) this.answer(task, { kind: 'withdrawn' })
    return mine
  }

  answer(task: RequestTask | undefined, result: TaskResult): void {
    assert.ok(task !== undefined)
    this.#answers.get(task.id)?.resolve(result)
    this.#answers.delete(task.id)
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

interface Bench {
  readonly dispatcher: Dispatcher
  readonly threads: FakeThread[]
  readonly workers: GroupWorker[]
  readonly failures: WasgiError[]
  send(label?: string): Exchange
}

function bench(
  count: number,
  options: { requestTimeoutMs?: number; bootError?: WasgiError } = {}
): Bench {
  const table = new RequestTable(new SharedArrayBuffer(requestTableBytes(count * 32)))
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

const OK: TaskResult = {
  kind: 'complete',
  head: '200 OK\nX\ny',
  body: new Uint8Array([1]),
  recycle: false
}

/** Lets promise reactions run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const codeOf = (exchange: Exchange): Promise<string> =>
  exchange.response.then(
    () => 'answered',
    (error: unknown) => (error instanceof WasgiError ? error.code : String(error))
  )

test('an idle worker is preferred to a busy one', () => {
  const { threads, send } = bench(2)

  for (let i = 0; i < 4; i++) send()

  assert.equal(
    threads.map((thread) => thread.tasks.length),
    [2, 2]
  )
})

test(
  'a response comes back whole, with repeated headers as they are',
  within(2_000, async () => {
    const { threads, send } = bench(1)
    const exchange = send()
    const [thread] = threads
    thread?.start(thread.tasks[0])

    thread?.answer(thread.tasks[0], { ...OK, head: '201 Made\nSet-Cookie\na\nSet-Cookie\nb' })
    const response = await exchange.response

    assert.is(response.status, 201)
    assert.is(response.reason, 'Made')
    assert.equal(response.headers, [
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b']
    ])
  })
)

test('a worker never holds more than its prefetch, the rest waits', () => {
  const { threads, send } = bench(1)

  for (let i = 0; i < PREFETCH + 5; i++) send()

  assert.is(threads[0]?.tasks.length, PREFETCH + 1)
})

test(
  'an idle worker takes what a busy one has not started',
  within(2_000, async () => {
    const { threads, send } = bench(2)
    const exchanges = [send('slow'), send('quick'), send('behind the slow one')]
    const [first, second] = threads
    first?.start(first.tasks[0])
    second?.start(second.tasks[0])

    second?.answer(second.tasks[0], OK)
    await settle()

    assert.is(second?.tasks.length, 2)
    assert.is(second?.tasks[1]?.id, exchanges[2]?.id)
    assert.is(first?.start(first.tasks[1]), false)
  })
)

test(
  'a request that was moved is answered once, by the worker that ran it',
  within(2_000, async () => {
    const { threads, send } = bench(2)
    const exchanges = [send(), send(), send()]
    const [first, second] = threads
    first?.start(first.tasks[0])
    second?.start(second.tasks[0])
    second?.answer(second.tasks[0], OK)
    await settle()
    assert.is(second?.start(second.tasks[1]), true)

    first?.answer(first.tasks[0], OK)
    first?.start(first.tasks[1])
    second?.answer(second.tasks[1], { ...OK, head: '202 Moved' })
    const statuses = await Promise.all(
      exchanges.map(async ({ response }) => (await response).status)
    )

    assert.equal(statuses, [200, 200, 202])
  })
)

test(
  'when a thread dies, what it had started is a 502 and the rest runs elsewhere',
  within(2_000, async () => {
    const { threads, workers, failures, send } = bench(2)
    const exchanges = [send('running'), send(), send('waiting')]
    const [first, second] = threads
    first?.start(first.tasks[0])

    assert.ok(workers[0])
    workers[0].state = 'dead'
    workers[0].deathReason = 'killed by the test'
    first?.die()
    await settle()
    const moved = second?.tasks.at(-1)
    second?.start(moved)
    second?.answer(moved, OK)

    assert.is(await codeOf(exchanges[0] as Exchange), 'WASGI_ERR_WORKER_DIED')
    assert.is(await codeOf(exchanges[2] as Exchange), 'answered')
    assert.is(failures.length, 1)
    assert.match(failures[0]?.message ?? '', /running: killed by the test/)
  })
)

test(
  'a broken interpreter is a 502, and its thread is ended',
  within(2_000, async () => {
    const { threads, send } = bench(1)
    const exchange = send()
    const [thread] = threads
    thread?.start(thread.tasks[0])

    thread?.answer(thread.tasks[0], { kind: 'died', reason: 'Aborted()' })

    assert.is(await codeOf(exchange), 'WASGI_ERR_WORKER_DIED')
    assert.is(thread?.terminated, true)
  })
)

test(
  'a request beyond request_timeout ends its worker and is a 504',
  within(2_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1, { requestTimeoutMs: 1_000 })
    const exchange = send()
    const [thread] = threads
    thread?.start(thread.tasks[0], monotonicMs() - 1_001)

    dispatcher.sweep()
    assert.is(thread?.terminated, true)
    assert.is(workers[0]?.state, 'dead')
    thread?.die()

    assert.is(await codeOf(exchange), 'WASGI_ERR_REQUEST_TIMEOUT')
  })
)

test('a request that only waits is never timed out', () => {
  const { dispatcher, threads, send } = bench(1, { requestTimeoutMs: 1 })
  send()

  dispatcher.sweep()

  assert.is(threads[0]?.terminated, false)
})

test(
  'a cancelled request that had not started is never run',
  within(2_000, async () => {
    const { dispatcher, threads, send } = bench(1)
    const exchange = send()

    exchange.cancel()

    const [thread] = threads
    assert.is(thread?.start(thread.tasks[0]), false)
    await dispatcher.idle()
    assert.is(await codeOf(exchange), 'WASGI_ERR_CLIENT_GONE')
  })
)

test(
  'a cancelled request keeps its worker until the application is done',
  within(2_000, async () => {
    const { dispatcher, threads, send } = bench(1)
    const exchange = send()
    const [thread] = threads
    thread?.start(thread.tasks[0])
    exchange.cancel()
    let idle = false
    const quiet = dispatcher.idle().then(() => {
      idle = true
    })
    await settle()
    assert.is(idle, false)

    thread?.answer(thread.tasks[0], { kind: 'gone', recycle: false })
    await quiet

    assert.is(idle, true)
  })
)

test(
  'a worker that ran out of memory takes nothing new, and ends when it is quiet',
  within(2_000, async () => {
    const { threads, workers, send } = bench(2)
    const exchanges = [send(), send(), send()]
    const [first, second] = threads
    first?.start(first.tasks[0])

    first?.answer(first.tasks[0], { ...OK, recycle: true })
    await settle()

    assert.is(first?.terminated, true)
    assert.is(workers[0]?.state, 'dead')
    assert.is(second?.tasks.at(-1)?.id, exchanges[2]?.id)
  })
)

test(
  'without any worker that can start, a request is refused at once',
  within(2_000, async () => {
    const bootError = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'ImportError: x'])
    const { workers, send } = bench(1, { bootError })
    assert.ok(workers[0])
    workers[0].state = 'retiring'

    const exchange = send()

    assert.is(await codeOf(exchange), 'WASGI_ERR_GROUP_DOWN')
  })
)

test(
  'requests that wait for a first worker get it',
  within(2_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1)
    const [worker] = workers
    assert.ok(worker)
    worker.state = 'booting'
    const exchange = send()
    assert.is(threads[0]?.tasks.length, 0)

    worker.state = 'ready'
    dispatcher.feed(worker)

    threads[0]?.start(threads[0].tasks[0])
    threads[0]?.answer(threads[0].tasks[0], OK)
    assert.is(await codeOf(exchange), 'answered')
  })
)

test.run()
