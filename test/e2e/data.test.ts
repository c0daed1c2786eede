// The data folder: four workers count at the same time, and no count is lost.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 180_000
const COUNTS = 120

const test = suite<{ server: TestServer }>('/data')

test.before(async (context) => {
  const args = [testApp('counters.py'), '--workers', '4', '--data-dir', temporaryFolder()]
  context.server = await serve(args)
})
test.after(({ server }) => server.close())

for (const kind of ['sqlite', 'flock', 'lockf']) {
  test(
    `${kind} keeps four workers apart: every count counts`,
    within(LIMIT_MS, async ({ server }) => {
      const replies = await Promise.all(
        Array.from({ length: COUNTS }, () => server.request(`/${kind}`, { method: 'POST' }))
      )
      const total = await server.request(`/${kind}`)

      assert.equal(new Set(replies.map(({ status }) => status)), new Set([200]))
      const workers = new Set(replies.map(({ headers }) => headers['x-worker']))
      assert.ok(workers.size >= 2, [...workers].join())
      assert.is(total.text, String(COUNTS))
      assert.is(new Set(replies.map(({ text }) => text)).size, COUNTS)
    })
  )
}

test(
  'a worker that dies in a transaction leaves no lock and no trace of it',
  within(LIMIT_MS, async ({ server }) => {
    const before = Number((await server.request('/sqlite')).text)

    const died = await server.request('/die', { method: 'POST' })
    const counted = await Promise.all(
      Array.from({ length: 8 }, () => server.request('/sqlite', { method: 'POST' }))
    )
    const after = Number((await server.request('/sqlite')).text)

    assert.is(died.status, 502)
    assert.equal(new Set(counted.map(({ status }) => status)), new Set([200]))
    assert.is(after, before + counted.length)
  })
)

test.run()
