// Which worker gets which request, with threads that do only what the test says.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Exchange } from '../../src/dispatch/exchange.ts'
import { PREFETCH } from '../../src/dispatch/placement.ts'
import { WasgiError } from '../../src/errors.ts'
import { monotonicMs } from '../../src/wire/request-table.ts'
import { bench, codeOf, FAILED, OK, settle } from './dispatch-bench.ts'
import { within } from './within.ts'

const test = suite('dispatcher')

test('an idle worker is preferred to a busy one', async () => {
  const { threads, send } = bench(2)

  for (let i = 0; i < 4; i++) await send()

  assert.equal(
    threads.map((thread) => thread.tasks.length),
    [2, 2]
  )
})

test(
  'a response comes back whole, with repeated headers as they are',
  within(60_000, async () => {
    const { threads, send } = bench(1)
    const exchange = await send()
    const [thread] = threads
    thread?.start(thread.tasks[0])

    thread?.answer(thread.tasks[0], { ...OK, head: '201 Made\nSet-Cookie\na\nSet-Cookie\nb' })
    const response = await exchange.response

    assert.is(response.status, 201)
    assert.is(response.reason, 'Made')
    assert.equal({ ...response.headers }, { 'set-cookie': ['a', 'b'] })
  })
)

test('a worker never holds more than its prefetch, the rest waits', async () => {
  const { threads, send } = bench(1)

  for (let i = 0; i < PREFETCH + 5; i++) await send()

  assert.is(threads[0]?.tasks.length, PREFETCH + 1)
})

test(
  'an idle worker takes what a busy one has not started',
  within(60_000, async () => {
    const { threads, send } = bench(2)
    const exchanges = [await send('slow'), await send('quick'), await send('behind the slow one')]
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
  within(60_000, async () => {
    const { threads, send } = bench(2)
    const exchanges = [await send(), await send(), await send()]
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
  within(60_000, async () => {
    const { threads, workers, failures, send } = bench(2)
    const exchanges = [await send('running'), await send(), await send('waiting')]
    const [first, second] = threads
    first?.start(first.tasks[0])

    assert.ok(workers[0])
    workers[0].state = 'dead'
    workers[0].ending = { kind: 'exit', reason: 'killed by the test' }
    first?.die()
    await settle() // it is assigned again
    await settle() // and handed over
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
  within(60_000, async () => {
    const { threads, send } = bench(1)
    const exchange = await send()
    const [thread] = threads
    thread?.start(thread.tasks[0])

    thread?.answer(thread.tasks[0], { kind: 'died', reason: 'Aborted()' })

    assert.is(await codeOf(exchange), 'WASGI_ERR_WORKER_DIED')
    assert.is(thread?.terminated, true)
  })
)

test(
  'a request beyond request_timeout ends its worker and is a 504',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1, { requestTimeoutMs: 1_000 })
    const exchange = await send()
    const [thread] = threads
    thread?.start(thread.tasks[0], monotonicMs() - 1_001)

    dispatcher.sweep()
    assert.is(thread?.terminated, true)
    assert.is(workers[0]?.state, 'dead')
    thread?.die()

    assert.is(await codeOf(exchange), 'WASGI_ERR_REQUEST_TIMEOUT')
  })
)

test(
  'a late request is interrupted once, and its worker ended only if that does not help in time',
  within(60_000, async () => {
    const limits = { requestTimeoutMs: 1_000, interruptTimeoutMs: 60_000 }
    const { dispatcher, threads, workers, send } = bench(1, limits)
    const exchange = await send()
    const [thread] = threads
    const [worker] = workers
    thread?.start(thread.tasks[0], monotonicMs() - 1_001)

    dispatcher.sweep()
    dispatcher.sweep()

    assert.equal(
      thread?.sent.filter(({ kind }) => kind === 'interrupt'),
      [{ kind: 'interrupt', id: exchange.id }]
    )
    assert.equal([...new Int32Array(worker?.signals ?? new ArrayBuffer())], [24])
    assert.is(thread?.table.takeTimeout(exchange.slot), true)
    assert.is(thread?.terminated, false)
    exchange.timedOutAt -= 60_000
    dispatcher.sweep()
    assert.is(thread?.terminated, true)
    thread?.die()
    assert.is(await codeOf(exchange), 'WASGI_ERR_REQUEST_TIMEOUT')
  })
)

test(
  'what an interrupted request fails with is a 504, whatever it is, and what it answers is its answer',
  within(60_000, async () => {
    const limits = { requestTimeoutMs: 1_000, interruptTimeoutMs: 60_000 }
    const { dispatcher, threads, workers, send } = bench(1, limits)
    const late = [await send(), await send()]
    const [thread] = threads
    for (const task of thread?.tasks ?? []) thread?.start(task, monotonicMs() - 1_001)
    dispatcher.sweep()

    thread?.answer(thread.tasks[0], FAILED)
    thread?.answer(thread.tasks[1], OK)

    assert.equal(await Promise.all(late.map(codeOf)), ['WASGI_ERR_REQUEST_TIMEOUT', 'answered'])
    assert.is(workers[0]?.state, 'ready')
  })
)

test('a request that only waits is never timed out', async () => {
  const { dispatcher, threads, send } = bench(1, { requestTimeoutMs: 1 })
  await send()

  dispatcher.sweep()

  assert.is(threads[0]?.terminated, false)
})

test(
  'a cancelled request that had not started is never run',
  within(60_000, async () => {
    const { dispatcher, threads, send } = bench(1)
    const exchange = await send()

    exchange.cancel()

    const [thread] = threads
    assert.is(thread?.start(thread.tasks[0]), false)
    await dispatcher.idle()
    assert.is(await codeOf(exchange), 'WASGI_ERR_CLIENT_GONE')
  })
)

test(
  'a cancelled request keeps its worker until the application is done',
  within(60_000, async () => {
    const { dispatcher, threads, send } = bench(1)
    const exchange = await send()
    const [thread] = threads
    thread?.start(thread.tasks[0])
    exchange.cancel()
    let idle = false
    const quiet = dispatcher.idle().then(() => {
      idle = true
    })
    await settle()
    assert.is(idle, false)

    thread?.answer(thread.tasks[0], { kind: 'gone' })
    await quiet

    assert.is(idle, true)
  })
)

test(
  'a worker that ran out of memory takes nothing new, and ends when it is quiet',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(2)
    const exchanges = [await send(), await send(), await send()]
    const [first, second] = threads
    first?.start(first.tasks[0])
    const [worker] = workers
    assert.ok(worker)

    first?.answer(first.tasks[0], OK)
    dispatcher.receive(worker, { kind: 'spent', cause: 'memory', reason: 'no memory is left' })
    await settle()

    assert.equal(first?.sent, [{ kind: 'stop', reason: 'memory_limit' }])
    assert.is(first?.terminated, true)
    assert.is(worker.state, 'dead')
    assert.equal([worker.ending?.kind, worker.ending?.reason], ['memory', 'no memory is left'])
    assert.is(second?.tasks.at(-1)?.id, exchanges[2]?.id)
  })
)

test('what one turn of the event loop brings is handed over together', async () => {
  const { threads, send } = bench(2)

  await Promise.all([send(), send(), send(), send(), send()])
  await send()

  assert.equal(
    threads.map(({ batches }) => batches.map((batch) => batch.length)),
    [[3], [2, 1]]
  )
})

test(
  'a streamed response ends with the answer that follows its messages',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1)
    const exchange = await send()
    const [thread] = threads
    const [worker] = workers
    assert.ok(worker)
    thread?.start(thread.tasks[0])
    const { id } = exchange
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

    dispatcher.receive(worker, { kind: 'head', id, head: '200 OK', chunk: bytes('one ') })
    dispatcher.receive(worker, { kind: 'chunk', id, chunk: bytes('two') })
    thread?.answer(thread.tasks[0], { kind: 'streamed' })

    const { body } = await exchange.response
    const chunks = await Array.fromAsync(body as AsyncIterable<Buffer>)
    assert.is(Buffer.concat(chunks).toString(), 'one two')
    await dispatcher.idle()
  })
)

test(
  'a stream that ends before it began is an error, not a wait for ever',
  within(60_000, async () => {
    const { threads, send } = bench(1)
    const exchange = await send()
    threads[0]?.start(threads[0].tasks[0])

    threads[0]?.answer(threads[0].tasks[0], { kind: 'streamed' })

    assert.is(await codeOf(exchange), 'WASGI_ERR_APP_EXCEPTION')
  })
)

test(
  'a response that is whole is answered while close() still runs',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1)
    const exchange = await send()
    const [worker] = workers
    assert.ok(worker)
    threads[0]?.start(threads[0].tasks[0])

    const body = new Uint8Array([1])
    dispatcher.receive(worker, { kind: 'whole', id: exchange.id, head: '200 OK', body })

    assert.is((await exchange.response).status, 200)
    assert.is(worker.exchanges.size, 1)
    threads[0]?.answer(threads[0].tasks[0], { kind: 'streamed' })
    await dispatcher.idle()
    assert.is(worker.exchanges.size, 0)
  })
)

test(
  'without any worker that can start, a request is refused at once',
  within(60_000, async () => {
    const bootError = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'ImportError: x'])
    const { workers, send } = bench(1, { bootError })
    assert.ok(workers[0])
    workers[0].state = 'retiring'

    const exchange = await send()

    assert.is(await codeOf(exchange), 'WASGI_ERR_GROUP_DOWN')
  })
)

test(
  'requests that wait for a first worker get it',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1)
    const [worker] = workers
    assert.ok(worker)
    worker.state = 'booting'
    const exchange = await send()
    assert.is(threads[0]?.tasks.length, 0)

    worker.state = 'ready'
    dispatcher.feed(worker)
    await settle()

    threads[0]?.start(threads[0].tasks[0])
    threads[0]?.answer(threads[0].tasks[0], OK)
    assert.is(await codeOf(exchange), 'answered')
  })
)

test(
  'an interpreter is asked for by a request that waits, and by one that finds all of them busy',
  within(60_000, async () => {
    const { workers, demands, send } = bench(2)
    for (const worker of workers) worker.state = 'empty'
    await send()
    await send()
    assert.equal(demands, [1, 2])

    demands.length = 0
    assert.ok(workers[0])
    workers[0].state = 'ready'
    await send('finds an idle worker')
    assert.equal(demands, [])
    await send('finds a busy one')
    assert.equal(demands, [1])
  })
)

test(
  'after a failed start a request waits for the next try, unless that is not due yet',
  within(60_000, async () => {
    const bootError = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'ImportError: x'])
    const due = bench(1, { bootError, hasSpare: true })
    const early = bench(1, { bootError, hasSpare: false })
    for (const { workers } of [due, early]) for (const worker of workers) worker.state = 'empty'

    const waits = await due.send()
    due.dispatcher.failWaiting() // another worker has failed, but this one can be tried
    const refused = await early.send()

    assert.equal(due.demands, [1])
    assert.is(await codeOf(refused), 'WASGI_ERR_GROUP_DOWN')
    assert.is(waits.over, false)
  })
)

test.run()
