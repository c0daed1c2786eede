// Records of slow requests: one while the request is in progress, one when it has ended.
import type { FastifyBaseLogger } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SlowRequests } from '../../src/telemetry/slow-requests.ts'
import { Visit } from '../../src/telemetry/visits.ts'
import { bench } from './dispatch-bench.ts'
import { within } from './within.ts'

const test = suite('slow requests')

interface Record {
  readonly message: string
  readonly fields: { [name: string]: unknown }
}

/** A log that says when there is another record. */
function records(): { log: FastifyBaseLogger; all: Record[]; next: () => Promise<Record> } {
  const all: Record[] = []
  let waiting = Promise.withResolvers<Record>()
  const warn = (fields: Record['fields'], message: string): void => {
    all.push({ message, fields })
    waiting.resolve({ message, fields })
    waiting = Promise.withResolvers()
  }
  return { log: { warn } as unknown as FastifyBaseLogger, all, next: () => waiting.promise }
}

test(
  'a request is told of while it is in progress, and again when it has ended',
  within(60_000, async () => {
    const { log, next } = records()
    const slow = new SlowRequests(5, log)
    const visit = new Visit('shop', 'GET', '/reports?token=secret')
    visit.queued(await bench(1).send())
    const first = next()
    slow.begun(visit)

    const during = await first
    visit.status = 200
    const second = next()
    slow.ended(visit, visit.since + 1_234)
    const after = await second

    assert.is(during.message, 'slow request')
    assert.ok(Number(during.fields.elapsed_ms) >= 5)
    const { elapsed_ms: _, ...known } = during.fields
    const described = { worker: 'test/1', group: 'shop', method: 'GET', path: '/reports' }
    assert.equal(known, described)
    assert.is(after.message, 'slow request ended')
    assert.equal(after.fields, { ...described, elapsed_ms: 1_234, status: 200 })
  })
)

test(
  'one that ends in time is not told of, and does not hide those that came before and after it',
  within(60_000, async () => {
    const { log, all, next } = records()
    const slow = new SlowRequests(20, log)
    const [first, quick, last] = ['/first', '/quick', '/last'].map(
      (path) => new Visit('shop', 'GET', path)
    ) as [Visit, Visit, Visit]
    for (const visit of [first, quick, last]) slow.begun(visit)

    slow.ended(quick, quick.since + 1)
    while (all.length < 2) await next()

    assert.equal(
      all.map(({ fields }) => fields.path),
      ['/first', '/last']
    )
  })
)

test('one that ends before the timer had its turn is told of all the same', () => {
  const { log, all } = records()
  const slow = new SlowRequests(60_000, log)
  const visit = new Visit('shop', 'GET', '/')
  slow.begun(visit)

  slow.ended(visit, visit.since + 60_001)

  assert.equal(
    all.map(({ message }) => message),
    ['slow request', 'slow request ended']
  )
})

test.run()
