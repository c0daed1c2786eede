// What is said of a worker that ended, and how long its group waits before it makes another.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bootDelayMs, CrashCounter } from '../../src/dispatch/backoff.ts'
import { describeDeath, type WorkerDeath } from '../../src/dispatch/death.ts'
import { bench, OK } from './dispatch-bench.ts'

const test = suite('deaths')

const DEATH: WorkerDeath = {
  kind: 'request-timeout',
  reason: 'request_timeout (3000 ms)',
  traceback: undefined,
  group: 'shop',
  worker: 'shop/1',
  generation: 3,
  request: { id: 'req-7', label: 'GET /slow' },
  ageMs: 12_345,
  served: 40,
  heapBytes: 2 ** 25,
  next: { kind: 'at-once' }
}

const sentences: ReadonlyArray<readonly [death: Partial<WorkerDeath>, sentence: string]> = [
  [
    {},
    'worker ended: request_timeout (3000 ms), while answering GET /slow; it was 12.3 s old, had served 40 requests and had 32 MiB of memory; it is replaced at once'
  ],
  [
    { reason: 'Traceback\n  in f\nAborted()\n', request: undefined, served: 1, heapBytes: 0 },
    'worker ended: Traceback ... Aborted(); it was 12.3 s old, had served 1 request; it is replaced at once'
  ],
  [
    { request: undefined, next: { kind: 'after', delayMs: 1_500 } },
    'worker ended: request_timeout (3000 ms); it was 12.3 s old, had served 40 requests and had 32 MiB of memory; it is replaced in 1.5 s'
  ],
  [
    { request: undefined, next: { kind: 'on-demand' } },
    'worker ended: request_timeout (3000 ms); it was 12.3 s old, had served 40 requests and had 32 MiB of memory; it is replaced when a request needs it'
  ]
]
for (const [death, sentence] of sentences) {
  test(`it is told in one sentence: ${sentence}`, () => {
    assert.is(describeDeath({ ...DEATH, ...death }), sentence)
  })
}

test('what a worker had started and not answered is known, also once it is gone', async () => {
  const { dispatcher, threads, workers, send } = bench(1)
  const [worker] = workers
  const [thread] = threads
  assert.ok(worker !== undefined && thread !== undefined)
  await send('GET /done')
  await send('GET /running')
  await send('GET /waiting')
  thread.start(thread.tasks[0])
  thread.answer(thread.tasks[0], OK)
  assert.is(dispatcher.lost(worker), undefined)
  thread.start(thread.tasks[1])
  assert.equal(dispatcher.lost(worker), { id: '2', label: 'GET /running' })

  worker.state = 'dead'
  thread.die()
  await Promise.resolve()

  assert.equal(dispatcher.lost(worker), { id: '2', label: 'GET /running' })
})

test('workers that cannot boot are tried less and less often', () => {
  const delays = [0, 1, 2, 3, 6, 7, 50].map(bootDelayMs)

  assert.equal(delays, [0, 500, 1_000, 2_000, 16_000, 30_000, 30_000])
})

const EARLY = { kind: 'crash', readyMs: 200, served: 1 } as const

test('some early deaths are bad luck, more of them a loop with its length', () => {
  const counter = new CrashCounter(2)

  const loops = [0, 1_000, 2_000, 3_000, 4_000, 5_000].map((at) => counter.count(EARLY, at))

  assert.equal(loops, [
    undefined,
    undefined,
    undefined,
    { deaths: 4, spanMs: 3_000, delayMs: 500 },
    { deaths: 5, spanMs: 4_000, delayMs: 1_000 },
    { deaths: 6, spanMs: 5_000, delayMs: 2_000 }
  ])
})

test('a group waits for no longer than five seconds after a crash, since requests wait too', () => {
  const counter = new CrashCounter(1)
  let delayMs = 0

  for (let i = 0; i < 40; i++) delayMs = counter.count(EARLY, i)?.delayMs ?? 0

  assert.is(delayMs, 5_000)
})

const uncounted: ReadonlyArray<readonly [why: string, death: Partial<typeof EARLY | object>]> = [
  ['workers that served for a while', { readyMs: 10_001 }],
  ['workers that had answered requests', { served: 2 }],
  ['requests that took too long', { kind: 'request-timeout' }]
]
for (const [why, death] of uncounted) {
  test(`${why} make no crash loop`, () => {
    const counter = new CrashCounter(1)

    for (let i = 0; i < 9; i++) assert.is(counter.count({ ...EARLY, ...death }, i), undefined)
  })
}

test('deaths of more than a minute ago are forgotten', () => {
  const counter = new CrashCounter(1)
  for (const at of [0, 1, 2]) counter.count(EARLY, at)

  assert.is(counter.count(EARLY, 60_003), undefined)
})

test.run()
