// Embedded mode: the interpreter in the main thread, and what may decide there about requests.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000

interface Context {
  server: TestServer
  gated: TestServer
}

const test = suite<Context>('embedded mode')
test.before(async (context) => {
  context.server = await serve([testApp('failing.py'), '--mode', 'embedded'])
  const hook = ['--access-script', testApp('gatekeeper.py')]
  context.gated = await serve([example('echo.py'), '--mode', 'embedded', ...hook])
})
test.after(async ({ server, gated }) => {
  await server.close()
  await gated.close()
})

test(
  'an application that raises is a 500, and the next request is answered by the same interpreter',
  within(LIMIT_MS, async ({ server }) => {
    const before = await server.request('/token')

    const failed = await server.request('/raise')
    const after = await server.request('/token')

    assert.is(failed.status, 500)
    assert.is(after.text, before.text)
  })
)

test(
  'an interpreter that is broken is replaced, and the process goes on',
  within(LIMIT_MS, async ({ server }) => {
    const before = await server.request('/token')

    const broken = await server.request('/os-exit')
    const after = await server.request('/token')

    assert.is(broken.status, 502)
    assert.is(after.status, 200)
    assert.is.not(after.text, before.text)
  })
)

test(
  'while one request sleeps, the main thread answers others',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    app.get('/node', async () => 'from Node')
    const dataDir = temporaryFolder()
    const patient = {
      app: testApp('patient.py'),
      prefix: '/py',
      mode: 'embedded',
      dataDir
    } as const
    await app.register(wasgi, patient)
    await app.ready()
    try {
      const python = app.inject('/py/?signal')

      const node = await app.inject('/node')
      writeFileSync(join(dataDir, 'signal'), '') // only now can Python answer

      assert.is(node.body, 'from Node')
      assert.is((await python).body, 'answered\n')
    } finally {
      await app.close()
    }
  })
)

const VERDICTS: ReadonlyArray<readonly [path: string, status: number, log?: RegExp]> = [
  ['/allowed', 200],
  ['/none', 200],
  ['/denied', 403],
  ['/truthy', 403, /must return True, False or None, not int: request denied/],
  ['/text', 403, /must return True, False or None, not str: request denied/],
  ['/raises', 403, /allow_access failed, so the request is denied\./],
  ['/environ', 200]
]
for (const [path, status, log] of VERDICTS) {
  test(
    `an access script that decides ${path.slice(1)} ends in ${status}`,
    within(LIMIT_MS, async ({ gated }) => {
      const reply = await gated.request(path, { headers: { Authorization: 'Basic eDp5' } })

      assert.is(reply.status, status)
      if (status === 403) assert.match(reply.text, 'WASGI_ERR_ACCESS_DENIED')
      if (log !== undefined) await gated.logged(log)
    })
  )
}

test(
  'a request that an access script lets pass still has its body',
  within(LIMIT_MS, async ({ gated }) => {
    const reply = await gated.request('/allowed', { method: 'POST', body: 'all of it' })

    assert.is(reply.status, 200)
    assert.match(reply.text, 'all of it')
  })
)

const WRONG: ReadonlyArray<readonly [options: Record<string, unknown>, code: string]> = [
  [{ mode: 'embedded', workers: 2 }, 'WASGI_ERR_CONFIG_INVALID'],
  [{ accessScript: '/nowhere/gate.py' }, 'WASGI_ERR_APP_NOT_FOUND'],
  [{ accessScript: example('hello.py') }, 'WASGI_ERR_APP_CALLABLE']
]
for (const [options, code] of WRONG) {
  test(
    `${JSON.stringify(Object.keys(options))} is refused with ${code}`,
    within(LIMIT_MS, async () => {
      const app = Fastify({ pluginTimeout: 0 })
      app.register(wasgi, { app: example('hello.py'), ...options })
      const error = await app.ready().then(
        () => undefined,
        (reason: { code: string }) => reason
      )
      await app.close()

      assert.is(error?.code, code)
    })
  )
}

test.run()
