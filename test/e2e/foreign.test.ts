// An interpreter of the host program's own: used as it is, never ended, and honest about its limits.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { loadPyodide, type PyodideAPI } from 'pyodide'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ForeignPyodide, wasgi } from '../../src/index.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const test = suite<{ pyodide: PyodideAPI & ForeignPyodide }>('a foreign interpreter')
test.before(async (context) => {
  context.pyodide = (await loadPyodide()) as PyodideAPI & ForeignPyodide
  context.pyodide.runPython('import os, sys; os.environ["OURS"] = "1"; ours = object()')
})

/** What an application in the same interpreter must not disturb. */
const SURROUNDINGS = `
import time, json
json.dumps([id(ours), os.getcwd(), sys.argv, id(sys.stdout), id(time.sleep), os.environ["OURS"]])
`

test(
  'answers requests, shares its state with the host program and survives the server',
  within(LIMIT_MS, async ({ pyodide }) => {
    const before = pyodide.runPython(SURROUNDINGS)
    const app = Fastify({ pluginTimeout: 0 })
    const env = { GREETING: 'from the plugin' }
    await app.register(wasgi, { app: example('echo.py'), interpreter: pyodide, env })
    await app.ready()

    const reply = await app.inject({ method: 'POST', url: '/path?q=1', payload: 'a body' })
    const [interpreter] = app.wasgi.interpreters()
    await app.close()

    assert.is(reply.statusCode, 200)
    assert.match(reply.body, 'a body')
    assert.equal(
      [interpreter?.mode, interpreter?.boot, interpreter?.generation],
      ['embedded', 'adopted', 0]
    )
    assert.is(pyodide.runPython('os.environ["GREETING"]'), 'from the plugin')
    assert.is(pyodide.runPython(SURROUNDINGS), before)
  })
)

test(
  'streams, and suspends what waits',
  within(LIMIT_MS, async ({ pyodide }) => {
    const app = Fastify({ pluginTimeout: 0 })
    await app.register(wasgi, { app: testApp('talkative.py'), interpreter: pyodide })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    try {
      const reply = await fetch(`${url}/`)
      assert.is(reply.status, 200)
      assert.ok((await reply.text()).length > 0)
    } finally {
      await app.close()
    }
  })
)

test(
  'can be adopted again, by an application with files of the same names',
  within(LIMIT_MS, async ({ pyodide }) => {
    const bodies: string[] = []
    for (const word of ['first', 'second']) {
      const root = temporaryFolder()
      const source = `import os\ndef app(environ, start_response):\n    start_response('200 OK', [])\n    yield '${word} '.encode()\n    yield environ['wsgi.input'].read()\n    yield os.environ['WORD'].encode()\n`
      writeFileSync(join(root, 'same.py'), source)
      const app = Fastify({ pluginTimeout: 0 })
      const env = { WORD: word }
      await app.register(wasgi, { app: join(root, 'same.py'), interpreter: pyodide, env })
      const url = await app.listen({ port: 0, host: '127.0.0.1' })
      const reply = await fetch(url, { method: 'POST', body: new Uint8Array(200_000).fill(65) })
      bodies.push((await reply.text()).replace(/A+/, ' '))
      await app.close()
    }

    assert.equal(bodies, ['first  first', 'second  second'])
  })
)

test(
  'serves one application at a time',
  within(LIMIT_MS, async ({ pyodide }) => {
    const app = Fastify({ pluginTimeout: 0 })
    const hello = { app: example('hello.py'), interpreter: pyodide }
    app.register(wasgi, { ...hello, prefix: '/one' })
    app.register(wasgi, { ...hello, prefix: '/two' })
    const error = await app.ready().then(
      () => undefined,
      (reason: { message: string }) => reason
    )
    await app.close()

    assert.match(error?.message ?? '', 'it serves another application already')
  })
)

const IMPOSSIBLE: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ['isolation', 'request'],
  ['maximumRequests', 10],
  ['lazyInitialization', true],
  ['workers', 2],
  ['memoryLimit', '256M'],
  ['tmpLimit', '1M'],
  ['snapshot', true],
  ['warmup', ['GET /']],
  ['restrictEmbedded', true],
  ['mode', 'daemon']
]
test(
  'it is for one application alone',
  within(LIMIT_MS, async ({ pyodide }) => {
    const app = Fastify({ pluginTimeout: 0 })
    const mounts = ['/a', '/b'].map((path) => ({ path, app: example('hello.py') }))
    app.register(wasgi, { mounts, interpreter: pyodide })

    const error = await app.ready().then(
      () => undefined,
      (reason: { code: string; message: string }) => reason
    )
    await app.close()

    assert.is(error?.code, 'WASGI_ERR_FOREIGN_INTERPRETER')
    assert.match(error?.message ?? '', /mounts/)
  })
)

for (const [name, value] of IMPOSSIBLE) {
  test(
    `${name}=${JSON.stringify(value)} cannot be had`,
    within(LIMIT_MS, async ({ pyodide }) => {
      const app = Fastify({ pluginTimeout: 0 })
      app.register(wasgi, { app: example('hello.py'), interpreter: pyodide, [name]: value })
      const error = await app.ready().then(
        () => undefined,
        (reason: { code: string; message: string }) => reason
      )
      await app.close()

      assert.is(error?.code, 'WASGI_ERR_FOREIGN_INTERPRETER')
      assert.match(error?.message ?? '', name)
    })
  )
}

test(
  'one that cannot be prepared is an error of the start, and nothing else',
  within(LIMIT_MS, async ({ pyodide }) => {
    const mountNodeFS = (): never => {
      throw new Error('no folders here')
    }
    const { FS, registerJsModule, toPy, version } = pyodide
    const pyimport = (): never => {
      throw new Error('broken, too')
    }
    const bare = { FS, registerJsModule, pyimport, toPy, version, mountNodeFS }
    const app = Fastify({ pluginTimeout: 0 })
    app.register(wasgi, { app: example('hello.py'), interpreter: bare })
    const error = await app.ready().then(
      () => undefined,
      (reason: { message: string }) => reason
    )
    await app.close()

    assert.match(error?.message ?? '', 'no folders here')
  })
)

test('what is no Pyodide is refused', async () => {
  const app = Fastify({ pluginTimeout: 0 })
  const interpreter = { FS: {} } as ForeignPyodide
  app.register(wasgi, { app: example('hello.py'), interpreter })
  const error = await app.ready().then(
    () => undefined,
    (reason: { code: string }) => reason
  )
  await app.close()

  assert.is(error?.code, 'WASGI_ERR_CONFIG_INVALID')
})

test.run()
