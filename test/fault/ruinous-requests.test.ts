// Whatever one request does to its interpreter ends in an answer with a name, and nobody else notices.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000
/** Requests of others while one is ruinous; one after the other, so that they take a while. */
const OTHERS = 20

const test = suite<{ server: TestServer }>('a ruinous request')

test.before(async (context) => {
  context.server = await serve([
    ...[testApp('ruinous.py'), '--workers', '2', '--access-log', 'off'],
    ...['--request-timeout', '2s', '--interrupt-timeout', '1s'],
    ...['--memory-limit', '256M', '--tmp-limit', '16M']
  ])
})
test.after(({ server }) => server.close())

for (const [path, what, status, code] of [
  ['loop', 'a loop without end', 504, 'WASGI_ERR_REQUEST_TIMEOUT'],
  ['sleep', 'a sleep without end', 504, 'WASGI_ERR_REQUEST_TIMEOUT'],
  ['regex', 'a regular expression that tries everything', 504, 'WASGI_ERR_REQUEST_TIMEOUT'],
  ['sum', 'a computation in C', 504, 'WASGI_ERR_REQUEST_TIMEOUT'],
  ['recurse', 'a recursion without end', 500, 'WASGI_ERR_APP_EXCEPTION'],
  ['recurse_deeper', 'a recursion without limit', 502, 'WASGI_ERR_WORKER_DIED'],
  ['fill_memory', 'a memory bomb', 500, 'WASGI_ERR_APP_EXCEPTION'],
  ['fill_tmp', 'a /tmp bomb', 500, 'WASGI_ERR_APP_EXCEPTION'],
  ['generate', 'a million live generators', 200, 'default/']
] as const) {
  test(
    `${what} ends in ${status} for its client, and others do not notice`,
    within(LIMIT_MS, async ({ server }) => {
      const ruinous = server.request(`/${path}`)
      await server.logged(new RegExp(`begun ${path}`))

      for (let i = 0; i < OTHERS; i++) assert.is((await server.request('/quick')).status, 200)
      const reply = await ruinous

      assert.is(reply.status, status)
      assert.match(reply.text, code)
      assert.is((await server.request('/quick')).status, 200)
    })
  )
}

test(
  'who closes standard output and error closes them for nobody else',
  within(LIMIT_MS, async ({ server }) => {
    const { status, text: worker } = await server.request('/close_streams')
    assert.is(status, 200)

    let served = ''
    while (served !== worker) {
      const reply = await server.request('/say')
      assert.is(reply.status, 200)
      served = reply.text
    }
    await server.logged(new RegExp(`${worker}.* begun say`))
  })
)

test.run()
