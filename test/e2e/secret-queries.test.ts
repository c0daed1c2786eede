// Queries may hold secrets: what the log says of a request that fails, dies or is late does without.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { testApp } from './places.ts'

const LIMIT_MS = 120_000
const SECRET = 'sesame'

const test = suite<{ server: TestServer }>('queries in the log')

test.before(async (context) => {
  const limits = ['--request-timeout', '1s', '--slow-requests', '500ms', '--interrupt-timeout', '0']
  const quiet = ['--access-log', 'off', '--log-format', 'json']
  context.server = await serve([testApp('failing.py'), '--workers', '1', ...limits, ...quiet])
})
test.after(({ server }) => server.close())

const ENDS: ReadonlyArray<readonly [path: string, status: number, records: RegExp]> = [
  ['/raise', 500, /WASGI_ERR_APP_EXCEPTION.*GET \/raise/],
  ['/os-exit', 502, /worker ended: .*GET \/os-exit/],
  ['/sleep', 504, /worker ended: .*GET \/sleep/]
]
for (const [path, status, records] of ENDS) {
  test(
    `${path} is named without its query wherever the log tells of it`,
    within(LIMIT_MS, async ({ server }) => {
      const reply = await server.request(`${path}?token=${SECRET}`)
      await server.logged(records)

      assert.is(reply.status, status)
      assert.not.match(await server.caughtUp(), SECRET)
    })
  )
}

test(
  'so it is in the account that SIGUSR2 asks for',
  within(LIMIT_MS, async ({ server }) => {
    const reply = server.request(`/sleep?token=${SECRET}`)
    await server.logged(/"msg":"slow request"[\s\S]*"msg":"slow request"/)

    await server.caughtUp() // by SIGUSR2
    await server.logged(/state of request [^"]*: GET \/sleep.*\n/)

    assert.not.match(server.log(), SECRET)
    assert.is((await reply).status, 504)
  })
)

test.run()
