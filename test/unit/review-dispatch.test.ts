// Requests that change hands, wait, or are caught by the end of a group: none is lost, none hangs.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Exchange } from '../../src/dispatch/exchange.ts'
import { PREFETCH } from '../../src/dispatch/placement.ts'
import { ResponseStream } from '../../src/dispatch/response-stream.ts'
import type { WasgiError } from '../../src/errors.ts'
import { bench, codeOf, type FakeThread, OK, settle } from './dispatch-bench.ts'
import { within } from './within.ts'

const test = suite('dispatcher, changing hands')

/** Answers everything the thread can start, in order, and whatever comes on top. */
async function work(thread: FakeThread, from: number): Promise<number> {
  let next = from
  for (; thread.tasks[next] !== undefined; next++) {
    if (thread.start(thread.tasks[next])) thread.answer(thread.tasks[next], OK)
    await settle()
  }
  return next
}

test(
  'one long request does not use up the table for the other workers',
  within(60_000, async () => {
    const { threads, send } = bench(2)
    const [slow, quick] = threads as [FakeThread, FakeThread]
    const first = await send('long')
    slow.start(slow.tasks[0])
    const others: Exchange[] = []
    let done = 0

    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 2 * (PREFETCH + 1) + 3; i++) others.push(await send())
      done = await work(quick, done)
    }

    assert.equal([...new Set(await Promise.all(others.map(codeOf)))], ['answered'])
    slow.answer(slow.tasks[0], OK)
    assert.is(await codeOf(first), 'answered')
  })
)

test(
  'a request that comes back to its first worker is still that worker’s to stream',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(2)
    const [first, second] = threads as [FakeThread, FakeThread]
    const [sender, other] = workers
    assert.ok(sender !== undefined && other !== undefined)
    const exchanges = [await send('long'), await send('quick'), await send('moved there and back')]
    first.start(first.tasks[0])
    second.start(second.tasks[0])
    second.answer(second.tasks[0], OK)
    await settle()
    other.state = 'dead'
    second.die()
    await settle()

    first.answer(first.tasks[0], OK)
    assert.is(first.start(first.tasks[1]), false)
    await settle()
    assert.is(first.start(first.tasks[2]), true)
    const id = exchanges[2]?.id ?? 0
    dispatcher.receive(sender, { kind: 'head', id, head: '200 OK', chunk: new Uint8Array(1) })

    assert.is(await codeOf(exchanges[2] as Exchange), 'answered')
  })
)

test(
  'a client that leaves while its request waits for a replacement is forgotten, and only it',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1)
    const [thread] = threads as [FakeThread]
    const [worker] = workers
    assert.ok(worker !== undefined)
    const running = await send('breaks its interpreter')
    const waiting = await send('waits for a replacement')
    thread.start(thread.tasks[0])
    thread.answer(thread.tasks[0], { kind: 'died', reason: 'Aborted()' })
    await settle()
    thread.answer(thread.tasks[1], { kind: 'withdrawn' })
    await settle()

    waiting.cancel()
    worker.state = 'ready' // stands for the replacement
    dispatcher.feed(worker)

    assert.is(await codeOf(running), 'WASGI_ERR_WORKER_DIED')
    assert.is(thread.tasks.length, 2)
    await dispatcher.idle()
  })
)

test(
  'a closed group refuses whoever waits and whoever comes late',
  within(60_000, async () => {
    const { dispatcher, workers, send } = bench(1)
    assert.ok(workers[0])
    workers[0].state = 'dead'
    const waiting = await send()

    dispatcher.close()
    const late = await send()

    assert.is(await codeOf(waiting), 'WASGI_ERR_GROUP_DOWN')
    assert.is(await codeOf(late), 'WASGI_ERR_GROUP_DOWN')
    const error = await late.response.catch((reason: unknown) => reason as WasgiError)
    assert.equal((error as WasgiError).headers, {}, 'nobody knows when there is another')
  })
)

test(
  'a response whose end is lost with its thread is broken, not cut short',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1)
    const [thread] = threads as [FakeThread]
    const [worker] = workers
    assert.ok(worker !== undefined)
    const exchange = await send()
    const { id } = exchange
    thread.start(thread.tasks[0])
    dispatcher.receive(worker, { kind: 'head', id, head: '200 OK', chunk: new Uint8Array(1) })
    const { body } = await exchange.response
    assert.instance(body, ResponseStream)

    worker.state = 'dead'
    thread.die()
    const read = (body as ResponseStream).toArray()

    assert.is(await read.then(() => 'whole').catch(() => 'broken'), 'broken')
    await dispatcher.idle()
  })
)

test(
  'no more requests than half of the queue wait for new code, and each is answered once',
  within(60_000, async () => {
    const resumes: (() => void)[] = []
    const onStale = (resume: () => void): unknown => resumes.push(resume)
    const { dispatcher, threads, send } = bench(1, { queueLimit: 4, onStale })
    const [thread] = threads as [FakeThread]
    const exchanges: Exchange[] = []

    for (let i = 0; i < 3; i++) {
      exchanges.push(await send())
      const task = thread.tasks.at(-1)
      thread.start(task)
      thread.answer(task, { kind: 'stale' })
      await settle()
    }
    assert.is(resumes.length, 2)
    const third = thread.tasks.at(-1)
    assert.is(third?.id, exchanges[2]?.id)
    for (const resume of resumes) resume()
    await settle()
    await work(thread, thread.tasks.indexOf(third as (typeof thread.tasks)[0]))

    assert.equal(await Promise.all(exchanges.map(codeOf)), Array(3).fill('answered'))
    await dispatcher.idle()
  })
)

test.run()
