// Groups that cannot have workers for a while: they say so, do not exhaust the machine, and recover.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { fetchRaw, serve } from '../serve.ts'
import { within } from '../unit/within.ts'
import { deathsIn, interpreters } from './events.ts'
import { house } from './house.ts'

const LIMIT_MS = 180_000
const test = suite('recovery')

const WORKING = `
import os

def app(environ, start_response):
    if environ["PATH_INFO"] == "/end":
        os._exit(3)
    start_response("200 OK", [])
    return [b"working"]
`

test(
  'a group whose application cannot be loaded any more answers 503, and recovers once it is mended',
  within(LIMIT_MS, async () => {
    const app = join(temporaryFolder(), 'app.py')
    writeFileSync(app, WORKING)
    const args = [app, '--workers', '1', '--no-snapshot', '--log-format', 'json']
    const server = await serve(args)
    try {
      writeFileSync(app, 'import missing_module\n')
      const last = await server.request('/end')
      await server.logged(/"kind":"boot-failed"/)
      const down = await server.request('/')

      writeFileSync(app, WORKING)
      await interpreters(server, 2)
      const mended = await server.request('/')

      assert.is(last.status, 502)
      assert.is(down.text, '503 Service Unavailable\nWASGI_ERR_GROUP_DOWN\n')
      assert.match(String(down.headers['retry-after']), /^[1-9]\d*$/)
      assert.equal([mended.status, mended.text], [200, 'working'])
      const [crash, failed] = deathsIn(server.log())
      assert.equal([crash?.kind, crash?.request?.label], ['crash', 'GET /end'])
      assert.equal([failed?.kind, failed?.next], ['boot-failed', 'after'])
      assert.match(failed?.traceback ?? '', `File "${app}", line 1`)
      assert.match(failed?.reason ?? '', 'WASGI_ERR_APP_IMPORT')
    } finally {
      await server.close()
    }
  })
)

test(
  'a reload that succeeds is not kept waiting by failures before it: who asked gets the new code',
  within(LIMIT_MS, async () => {
    const file = join(temporaryFolder(), 'app.py')
    writeFileSync(file, WORKING)
    const app = await house({ app: file, workers: 1, snapshot: false, scriptReloading: false })
    try {
      writeFileSync(file, 'import missing_module\n')
      await fetchRaw(app.url, '/end')
      const failures = (): number =>
        app.deaths().filter(({ kind }) => kind === 'boot-failed').length
      // The next try is seconds away.
      await app.until(() => failures() === 4)

      writeFileSync(file, WORKING)
      await app.group.reload('at-once')
      const reply = await fetchRaw(app.url, '/')

      assert.equal([reply.status, reply.text], [200, 'working'])
      assert.is(failures(), 4)
      assert.is(app.deaths().filter(({ kind }) => kind === 'reload').length, 0)
    } finally {
      await app.close()
    }
  })
)

test(
  'workers that die of their first request again and again are a crash loop, which ends with its cause',
  within(LIMIT_MS, async () => {
    const args = ['--workers', '1', '--log-format', 'json']
    const server = await serve([testApp('enduring.py'), ...args])
    try {
      const statuses: number[] = []
      for (let i = 0; i < 5; i++) statuses.push((await server.request('/end')).status)
      const reported = await server.logged(
        /Process group \\"default\\" has lost 4 workers within \d+\.\d s, each soon after it was ready; the last one: [^"]*exit\(3\)[^"]*\. The next is made in 0\.5 s/
      )
      const good = await server.request('/')

      assert.equal(statuses, [502, 502, 502, 502, 502])
      assert.ok(reported.index > 0)
      assert.is(good.status, 200)
      await server.tells(
        (log) => deathsIn(log).map(({ next }) => next),
        ['at-once', 'at-once', 'at-once', 'after', 'after']
      )
    } finally {
      await server.close()
    }
  })
)

test.run()
