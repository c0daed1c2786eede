// Requests that wait: how many may, for how long, and what becomes of the others.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Exchange } from '../../src/dispatch/exchange.ts'
import { PREFETCH } from '../../src/dispatch/placement.ts'
import { RequestQueue } from '../../src/dispatch/queue.ts'
import { WasgiError } from '../../src/errors.ts'
import { monotonicMs } from '../../src/wire/request-table.ts'
import { bench, codeOf, OK, settle } from './dispatch-bench.ts'
import { within } from './within.ts'

const test = suite('waiting requests')

/** Lets the shared clock go on until it is later than that. */
async function until(ms: number): Promise<void> {
  while (monotonicMs() <= ms) await settle()
}

const request = { head: '', body: undefined, source: undefined, label: 'GET /' }

test('only those are late that came too long ago, wherever they stand', () => {
  const queue = new RequestQueue(1_000)
  const exchanges = [1, 2, 3].map((id) => new Exchange(id, request, () => {}))
  const moved = Object.assign(new Exchange(4, request, () => {}), {
    arrivedAt: monotonicMs() - 900
  })
  for (const exchange of [...exchanges, moved]) queue.push(exchange)

  const late = queue.takeLate(monotonicMs() + 500)

  assert.equal(
    late.map(({ id }) => id),
    [4]
  )
  assert.is(queue.size, 3)
})

test('without a limit nobody is ever late', () => {
  const queue = new RequestQueue(0)
  queue.push(new Exchange(1, request, () => {}))

  assert.equal(queue.takeLate(Number.MAX_SAFE_INTEGER), [])
})

test(
  'a request beyond queue_limit is refused at once, and told when to try again',
  within(60_000, async () => {
    const { threads, send } = bench(1, { queueLimit: 3 })
    const running = await send()
    threads[0]?.start(threads[0].tasks[0])
    const waiting = [await send(), await send(), await send()]

    const refused = await send()

    const error = await refused.response.catch((reason: unknown) => reason)
    assert.instance(error, WasgiError)
    assert.is((error as WasgiError).code, 'WASGI_ERR_QUEUE_FULL')
    assert.is((error as WasgiError).statusCode, 503)
    assert.equal((error as WasgiError).headers, { 'retry-after': '1' })
    assert.equal(
      [running, ...waiting].map(({ over }) => over),
      [false, false, false, false]
    )
  })
)

test('whose clients have gone count for nothing in queue_limit', async () => {
  const { threads, send } = bench(1, { queueLimit: 2 })
  await send()
  threads[0]?.start(threads[0].tasks[0])
  for (const gone of [await send(), await send()]) {
    gone.response.catch(() => {})
    gone.cancel()
  }

  const waiting = [await send(), await send()]

  assert.equal(
    waiting.map(({ over }) => over),
    [false, false]
  )
  assert.is((await send()).over, true)
})

test('an idle worker takes a request however many wait for the others', async () => {
  const { workers, threads, send } = bench(2, { queueLimit: 1 })
  assert.ok(workers[1])
  workers[1].state = 'booting'
  await send()
  await send()
  workers[1].state = 'ready'

  const last = await send()

  assert.is(last.over, false)
  assert.is(threads[1]?.tasks.length, 1)
})

test(
  'requests that wait too long are a 504, in the queue and in the hands of a worker',
  within(60_000, async () => {
    const { dispatcher, threads, send } = bench(1, { queueTimeoutMs: 20 })
    const all = []
    for (let i = 0; i < PREFETCH + 3; i++) all.push(await send())
    threads[0]?.start(threads[0].tasks[0], all[0]?.arrivedAt)

    await until((all.at(-1)?.arrivedAt ?? 0) + 20)
    dispatcher.sweepQueue()

    const [running, ...late] = all
    assert.is(running?.over, false)
    assert.equal([...new Set(await Promise.all(late.map(codeOf)))], ['WASGI_ERR_QUEUE_TIMEOUT'])
  })
)

test(
  'a worker that comes to a late request does not run it',
  within(60_000, async () => {
    const { threads, send } = bench(1, { queueTimeoutMs: 20 })
    const exchange = await send()
    await until(exchange.arrivedAt + 20)

    const ran = threads[0]?.start(threads[0].tasks[0])

    assert.is(ran, false)
    assert.is(await codeOf(exchange), 'WASGI_ERR_QUEUE_TIMEOUT')
  })
)

test(
  'a request that started in time is not late, however long it runs',
  within(60_000, async () => {
    const { dispatcher, threads, send } = bench(1, { queueTimeoutMs: 1_000 })
    const exchange = await send()
    threads[0]?.start(threads[0].tasks[0])
    Object.assign(exchange, { arrivedAt: monotonicMs() - 2_000 })

    dispatcher.sweepQueue()
    threads[0]?.answer(threads[0].tasks[0], OK)

    assert.is(await codeOf(exchange), 'answered')
  })
)

test.run()
