// An interpreter that ends in the middle of a request: 502 for that request, a new worker for all
// others, and the reason in the log.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000
const DATA = temporaryFolder()

const test = suite<{ server: TestServer }>('a worker that dies')

test.before(async (context) => {
  const args = [testApp('failing.py'), '--workers', '1', '--data-dir', DATA]
  context.server = await serve([...args, '--request-timeout', '0'])
})
test.after(({ server }) => server.close())

const deaths: ReadonlyArray<readonly [path: string, what: string, reason: RegExp]> = [
  ['os-exit', 'os._exit', /exit\(7\)/],
  ['abort', 'os.abort', /unreachable|[Aa]bort/],
  ['nowhere', 'a read outside of its memory', /memory access out of bounds/],
  ['kill', 'a signal it sends itself', /exit\(137\)/]
]
for (const [path, what, reason] of deaths) {
  test(
    `${what} is a 502 for that request, and a new interpreter answers the next`,
    within(LIMIT_MS, async ({ server }) => {
      const before = await server.request('/token')

      const reply = await server.request(`/${path}`)
      const after = await server.request('/token')

      assert.is(reply.status, 502)
      assert.is(reply.text, '502 Bad Gateway\nWASGI_ERR_WORKER_DIED\n')
      assert.is(after.status, 200)
      assert.is.not(after.text, before.text)
      const said = `ERROR .* GET /${path}: .*WASGI_ERR_WORKER_DIED[\\s\\S]*?(?:${reason.source})`
      await server.logged(new RegExp(said))
    })
  )
}

test(
  'requests that waited behind it are all answered, and nothing runs twice',
  within(LIMIT_MS, async ({ server }) => {
    const fatal = server.request('/os-exit?waiting')
    const names = Array.from({ length: 12 }, (_, index) => `behind-${index}`)

    const replies = await Promise.all(names.map((name) => server.request(`/token?${name}`)))

    assert.is((await fatal).status, 502)
    assert.equal(
      replies.map(({ status }) => status),
      names.map(() => 200)
    )
    const runs = readFileSync(join(DATA, 'runs'), 'utf8').split('\n')
    for (const run of ['os-exit?waiting', ...names.map((name) => `token?${name}`)]) {
      assert.is(runs.filter((line) => line === run).length, 1, run)
    }
  })
)

test.run()
