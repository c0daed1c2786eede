// request_timeout: whatever Python is doing, it ends, and only that request pays for it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000
const DATA = temporaryFolder()

const test = suite<{ server: TestServer }>('request_timeout')

test.before(async (context) => {
  const args = [testApp('failing.py'), '--workers', '1', '--data-dir', DATA]
  context.server = await serve([...args, '--request-timeout', '3s'])
})
test.after(({ server }) => server.close())

for (const [path, what] of [
  ['spin', 'a loop without end'],
  ['compute', 'a computation in C'],
  ['sleep', 'a long sleep']
] as const) {
  test(
    `${what} is a 504, and a new worker answers what waited behind it, once`,
    within(LIMIT_MS, async ({ server }) => {
      const late = server.request(`/${path}`)
      await server.logged(new RegExp(`begun ${path}`))
      const names = Array.from({ length: 10 }, (_, index) => `${path}-${index}`)

      const replies = await Promise.all(names.map((name) => server.request(`/token?${name}`)))

      const { status, text } = await late
      assert.is(status, 504)
      assert.is(text, '504 Gateway Timeout\nWASGI_ERR_REQUEST_TIMEOUT\n')
      assert.equal(
        replies.map((reply) => reply.status),
        names.map(() => 200)
      )
      await server.logged(new RegExp(`GET /${path} within request_timeout \\(3000 ms\\)`))
      const runs = readFileSync(join(DATA, 'runs'), 'utf8').split('\n')
      for (const run of [`${path}?`, ...names.map((name) => `token?${name}`)]) {
        assert.is(runs.filter((line) => line === run).length, 1, run)
      }
    })
  )
}

test.run()
