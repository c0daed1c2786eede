// How a server stops: requests in progress are finished, unless it is told twice.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { fetchRaw, runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 90_000
const DATA = temporaryFolder()

const test = suite('stopping')

const patient = (): Promise<TestServer> =>
  serve([testApp('patient.py'), '--workers', '1', '--data-dir', DATA])

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(
    `${signal} lets a request in progress finish, then ends with 0`,
    within(LIMIT_MS, async () => {
      const server = await patient()
      const reply = server.request(`/?${signal}`)
      await server.logged(new RegExp(`waiting for ${signal}`))

      server.signal(signal)
      await server.logged(/draining/)
      const refused = await fetchRaw(server.url, '/?late').catch((error: Error) => error)
      writeFileSync(join(DATA, signal), '')

      assert.instance(refused, Error)
      assert.is((await reply).text, 'answered\n')
      assert.is(await server.exited, 0)
    })
  )
}

test(
  'a second SIGINT ends it at once, as Ctrl-C ends any program',
  within(LIMIT_MS, async () => {
    const server = await patient()
    const reply = server.request('/?never').catch((error: Error) => error)
    await server.logged(/waiting for never/)

    server.signal('SIGINT')
    await server.logged(/draining/)
    // One key press may arrive several times within a quarter of a second, so press until it ends.
    const press = setInterval(() => server.signal('SIGINT'), 100)
    const code = await server.exited
    clearInterval(press)

    assert.is(code, 130)
    assert.instance(await reply, Error)
  })
)

test(
  'shutdown_timeout ends a request that does not finish',
  within(LIMIT_MS, async () => {
    const timeout = ['--shutdown-timeout', '100ms']
    const args = [testApp('patient.py'), '--workers', '1', '--data-dir', DATA, ...timeout]
    const server = await serve(args)
    const reply = server.request('/?never').catch((error: Error) => error)
    await server.logged(/waiting for never/)

    server.signal('SIGTERM')

    assert.is(await server.exited, 0)
    const answer = await reply
    assert.ok(answer instanceof Error || answer.status >= 500)
  })
)

test(
  'a server that is stopped while it starts ends with 0 and was never ready',
  within(LIMIT_MS, async () => {
    const run = runWasgi(['serve', testApp('never_imported.py'), '--workers', '1', '--port', '0'])
    await run.logged(/importing/)

    run.child.kill('SIGTERM')

    assert.is(await run.exited, 0)
    assert.is(run.out(), '')
  })
)

test.run()
