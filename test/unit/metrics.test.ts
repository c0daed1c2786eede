// What is measured, and that nobody can make it grow.
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { fastify } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { WorkerDeath } from '../../src/dispatch/death.ts'
import type { Exchange } from '../../src/dispatch/exchange.ts'
import type { GroupCondition, GroupEvents } from '../../src/dispatch/group.ts'
import { WasgiError } from '../../src/errors.ts'
import { type Measured, Metrics } from '../../src/telemetry/metrics.ts'
import { Visit, Visits, type VisitWatcher } from '../../src/telemetry/visits.ts'
import { bench, OK } from './dispatch-bench.ts'
import { within } from './within.ts'

const LIMIT_MS = 60_000
const test = suite('metrics')

const VERSIONS = { wasgi: '1.2.3', python: '3.14.2' }

const IDLE: GroupCondition = {
  group: 'shop',
  ready: true,
  code: undefined,
  queued: 0,
  workers: [],
  wipes: { count: 0, ms: 0 }
}

function measured(condition: Partial<GroupCondition> = {}, rest: Partial<Measured> = {}): Measured {
  return {
    group: 'shop',
    conditions: () => [{ ...IDLE, ...condition }],
    interpreters: () => [],
    snapshot: () => ({ from: undefined, id: undefined, restored: 0, failures: {} }),
    ...rest
  }
}

const SILENT: GroupEvents = {
  onReady: () => {},
  onLog: () => {},
  onDeath: () => {},
  onFailure: () => {},
  onSnapshot: () => {},
  onSnapshotFailure: () => {}
}

/** Lets one request come and go. */
function visit(watcher: VisitWatcher, method: string, status: number, ms = 0): void {
  const made = new Visit('shop', method, '/')
  watcher.begun?.(made)
  made.status = status
  watcher.ended(made, made.since + ms)
}

test('the reference page has every metric there is, with its labels, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(wasgi_\w+)` \| (\w+) \| (.*?) \|/gm)]

  const documented = rows.map(([, name, type, labels = '']) => [
    name,
    type,
    labels.replaceAll('`', '')
  ])

  const known = new Metrics().registry.getMetricsAsArray().map((metric) => {
    const { labelNames } = metric as typeof metric & { labelNames: string[] }
    return [metric.name, String(metric.type), labelNames.join(', ')]
  })
  assert.ok(known.length > 10)
  assert.equal(documented, known)
})

test(
  'every name begins with wasgi_ and says its unit; a counter ends in _total',
  within(LIMIT_MS, async () => {
    for (const { name, type } of new Metrics().registry.getMetricsAsArray()) {
      assert.match(name, /^wasgi_[a-z_]+[a-z]$/)
      assert.is(name.endsWith('_total'), String(type) === 'counter', name)
      if (String(type) === 'histogram') assert.match(name, /_seconds$/)
    }
  })
)

test(
  'requests are counted by group, method and status, and their time is measured',
  within(LIMIT_MS, async () => {
    const metrics = new Metrics()
    const requests = metrics.requestsOf('shop')

    visit(requests, 'GET', 200, 30)
    visit(requests, 'GET', 200, 3_000)
    visit(requests, 'POST', 499)
    requests.begun?.(new Visit('shop', 'GET', '/'))

    const text = await metrics.text([measured()], VERSIONS)
    assert.match(text, '\nwasgi_requests_total{group="shop",method="GET",status="200"} 2\n')
    assert.match(text, '\nwasgi_requests_total{group="shop",method="POST",status="499"} 1\n')
    assert.match(text, '\nwasgi_request_duration_seconds_bucket{le="0.05",group="shop"} 2\n')
    assert.match(text, '\nwasgi_request_duration_seconds_count{group="shop"} 3\n')
    assert.match(text, '\nwasgi_requests_in_progress{group="shop"} 1\n')
    assert.match(text, 'wasgi_build_info{version="1.2.3"')
  })
)

test(
  'a request that another group is to answer is counted there, and is in progress there',
  within(LIMIT_MS, async () => {
    const metrics = new Metrics()
    const visits = new Visits('shop', [metrics.requestsOf('shop')])
    const response = new EventEmitter() as unknown as ServerResponse
    Object.assign(response, { headersSent: true, statusCode: 200 })

    const moved = visits.begin('GET', '/', response)
    visits.move(moved, 'uploads')
    visits.move(moved, 'uploads')
    const during = await metrics.text([measured()], VERSIONS)
    response.emit('close')

    assert.match(during, '\nwasgi_requests_in_progress{group="shop"} 0\n')
    assert.match(during, '\nwasgi_requests_in_progress{group="uploads"} 1\n')
    const after = await metrics.text([measured()], VERSIONS)
    assert.match(after, '\nwasgi_requests_in_progress{group="uploads"} 0\n')
    assert.match(after, '\nwasgi_requests_total{group="uploads",method="GET",status="200"} 1\n')
    assert.match(after, '\nwasgi_request_duration_seconds_count{group="uploads"} 1\n')
    assert.not.match(after, 'wasgi_requests_total{group="shop"')
  })
)

test(
  'no method or status of anybody’s makes a series of its own',
  within(LIMIT_MS, async () => {
    const metrics = new Metrics()
    const requests = metrics.requestsOf('shop')

    for (let number = 0; number < 900; number++) visit(requests, `M${number}`, 100 + number)
    for (let number = 0; number < 900; number++) visit(requests, 'GET', 100 + number)

    const text = await metrics.text([measured()], VERSIONS)
    const series = [...text.matchAll(/^wasgi_requests_total\{.*$/gm)].map(([line]) => line)
    const methods = new Set(series.map((line) => /method="([^"]*)"/.exec(line)?.[1]))
    assert.equal([...methods].sort(), ['GET', 'other'])
    assert.ok(series.length < 150, `${series.length} series`)
    assert.match(text, /method="GET",status="other"\} \d{3}\n/)
  })
)

test(
  'the time in the queue is from when the group had the request until a worker started it',
  within(LIMIT_MS, async () => {
    const metrics = new Metrics()
    const requests = metrics.requestsOf('shop')
    const made = new Visit('shop', 'GET', '/')
    const { send, threads } = bench(1)
    const exchange = await send()
    made.queued(exchange)

    threads[0]?.start(threads[0].tasks[0], made.queuedAt + 200)
    threads[0]?.answer(threads[0].tasks[0], OK)
    await exchange.response
    requests.ended(made, made.since + 300)

    const text = await metrics.text([], VERSIONS)
    assert.match(text, '\nwasgi_request_queue_seconds_bucket{le="0.1",group="shop"} 0\n')
    assert.match(text, '\nwasgi_request_queue_seconds_bucket{le="0.25",group="shop"} 1\n')
  })
)

test(
  'queued are the requests that no worker has started, wherever they wait',
  within(LIMIT_MS, async () => {
    const { dispatcher, threads, send } = bench(1)
    const [thread] = threads
    const sent: Exchange[] = []

    for (let number = 0; number < 12; number++) sent.push(await send())
    assert.is(dispatcher.queued, 12)
    thread?.start(thread.tasks[0])
    assert.is(dispatcher.queued, 11)
    sent.at(-1)?.cancel()

    assert.is(dispatcher.queued, 10)
    sent[1]?.cancel() // in the hands of the busy worker
    assert.is(dispatcher.queued, 9)
  })
)

const DEATH: WorkerDeath = {
  kind: 'exit',
  reason: '',
  traceback: undefined,
  group: 'shop',
  worker: 'shop/1',
  generation: 1,
  request: undefined,
  ageMs: 0,
  served: 0,
  heapBytes: 0,
  next: { kind: 'at-once' }
}

test(
  'deaths, starts and failures are counted under words that nobody else can choose',
  within(LIMIT_MS, async () => {
    const metrics = new Metrics()
    const passed: string[] = []
    const events = metrics.watch({ ...SILENT, onDeath: ({ reason }) => passed.push(reason) })

    events.onReady('shop/1', { kind: 'ready', callable: 'x', boot: 'cold', bootMs: 2_000 })
    events.onReady('shop/1', { kind: 'ready', callable: 'x', boot: 'restored', bootMs: 90 })
    events.onDeath({ ...DEATH, kind: 'request-timeout', reason: 'request_timeout (5 ms)' })
    for (let number = 0; number < 50; number++)
      events.onDeath({ ...DEATH, kind: 'crash', reason: `RuntimeError: ${number}` })
    events.onFailure('shop/1', new WasgiError('WASGI_ERR_APP_EXCEPTION', ['secret', 'GET /']))
    events.onFailure('a:b|/c', new WasgiError('WASGI_ERR_APP_EXCEPTION', ['secret', 'GET /']))
    events.onFailure('blog', new WasgiError('WASGI_ERR_EMBEDDED_RESTRICTED', ['app.py']))

    const text = await metrics.text([measured()], VERSIONS)
    assert.match(text, '\nwasgi_worker_deaths_total{group="shop",kind="request-timeout"} 1\n')
    assert.match(text, '\nwasgi_worker_deaths_total{group="shop",kind="crash"} 50\n')
    assert.match(text, '\nwasgi_interpreter_start_seconds_count{group="shop",boot="cold"} 1\n')
    assert.match(text, '\nwasgi_interpreter_start_seconds_sum{group="shop",boot="restored"} 0.09\n')
    assert.match(text, 'wasgi_failures_total{group="shop",code="WASGI_ERR_APP_EXCEPTION"} 1\n')
    assert.match(text, 'wasgi_failures_total{group="a:b|/c",code="WASGI_ERR_APP_EXCEPTION"} 1\n')
    assert.match(
      text,
      '\nwasgi_failures_total{group="blog",code="WASGI_ERR_EMBEDDED_RESTRICTED"} 1\n'
    )
    assert.not.match(text, /secret|RuntimeError/)
    assert.is(passed.length, 51)
  })
)

test(
  'what has a present value is asked for at each scrape, once for a group that several share',
  within(LIMIT_MS, async () => {
    const worker = { name: 'shop/1', threadId: 1, state: 'ready', served: 3 }
    const metrics = new Metrics()
    const busy = { queued: 4, workers: [worker], wipes: { count: 2, ms: 12 } }
    const interpreter = { group: 'shop', worker: 'shop/1', heapBytes: 31_457_280 }
    const interpreters = () => [interpreter] as unknown as ReturnType<Measured['interpreters']>
    const snapshot: Measured['snapshot'] = () => ({
      from: 'store',
      id: 'x',
      restored: 1,
      failures: { WASGI_ERR_SNAPSHOT_UNSAVED: 2 }
    })
    const first = await metrics.text([measured(busy, { interpreters, snapshot })], VERSIONS)

    const shared = measured(busy, { interpreters, snapshot })
    const second = await metrics.text([shared, shared], VERSIONS)
    const third = await metrics.text([measured()], VERSIONS)

    assert.is(second, first)
    assert.match(first, '\nwasgi_requests_queued{group="shop"} 4\n')
    assert.match(first, '\nwasgi_workers{group="shop",state="ready"} 1\n')
    assert.match(first, '\nwasgi_wipes_total{group="shop"} 2\n')
    assert.match(first, '\nwasgi_wipe_seconds_total{group="shop"} 0.012\n')
    assert.match(first, '\nwasgi_worker_memory_bytes{group="shop",worker="shop/1"} 31457280\n')
    assert.match(first, '\nwasgi_snapshot_info{group="shop",from="store"} 1\n')
    assert.match(
      first,
      'wasgi_snapshot_failures_total{group="shop",code="WASGI_ERR_SNAPSHOT_UNSAVED"} 2\n'
    )
    assert.not.match(third, 'wasgi_worker_memory_bytes{')
    assert.match(third, '\nwasgi_workers{group="shop",state="ready"} 0\n')
  })
)

test(
  'a client that leaves before any answer is a 499, and its request is not in progress any more',
  within(LIMIT_MS, async () => {
    const metrics = new Metrics()
    const visits = new Visits('shop', [metrics.requestsOf('shop')])
    const asked = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const app = fastify()
    app.get('/', (request, reply) => {
      visits.begin(request.method, request.originalUrl, reply.raw)
      reply.raw.once('close', () => gone.resolve())
      asked.resolve()
      return new Promise(() => {})
    })
    await app.listen({ port: 0 })
    const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    await once(client, 'connect')

    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await asked.promise
    client.destroy()
    await gone.promise

    const text = await metrics.text([measured()], VERSIONS)
    await app.close()
    assert.match(text, 'method="GET",status="499"} 1\n')
    assert.match(text, '\nwasgi_requests_in_progress{group="shop"} 0\n')
  })
)

test.run()
