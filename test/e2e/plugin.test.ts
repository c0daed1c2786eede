// The Fastify plugin in a server of somebody else's: what it adds, and what it leaves alone.
import { EventEmitter, once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import Fastify, { type FastifyInstance } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError, wasgi } from '../../src/index.ts'
import { fetchRaw } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000

interface Context {
  app: FastifyInstance
  url: string
  threads: Worker[]
  hooked: string[]
  /** Resolves once the server has logged the text. */
  logged(text: string): Promise<void>
}

const DATA = temporaryFolder()

const test = suite<Context>('the Fastify plugin')

test.before(async (context) => {
  const threads: Worker[] = []
  process.on('worker', (worker) => threads.push(worker))
  const hooked: string[] = []
  const log = new EventEmitter<{ line: [string] }>()
  let written = ''
  const write = (line: string): void => {
    written += line
    log.emit('line', line)
  }
  const logger = { level: 'info', stream: { write } }
  const app = Fastify({ pluginTimeout: 0, bodyLimit: 1000, logger })
  app.addHook('onRequest', async (request) => {
    hooked.push(request.url)
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-hook', 'parent')
  })
  app.get('/', async () => 'Node.js')
  app.post('/json', async (request) => ({ body: request.body }))
  await app.register(wasgi, { app: testApp('mirror.py:named'), prefix: '/py', workers: 1 })
  await app.register(
    async (scope) => {
      await scope.register(wasgi, { app: example('echo.py'), prefix: '/echo', workers: 1 })
    },
    { prefix: '/deep' }
  )
  await app.register(wasgi, {
    app: testApp('patient.py'),
    prefix: '/patient',
    workers: 1,
    dataDir: DATA,
    bodyLimit: '5K',
    env: { ONLY: 'patient' }
  })
  const url = await app.listen({ port: 0 })
  const logged = async (text: string): Promise<void> => {
    while (!written.includes(text)) await once(log, 'line')
  }
  Object.assign(context, { app, url, threads, hooked, logged })
})
test.after(async ({ app }) => {
  await app.close()
})

interface Mirrored {
  readonly callable: string
  readonly environ: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
}

test(
  'the prefix becomes SCRIPT_NAME and the rest PATH_INFO',
  within(LIMIT_MS, async ({ url }) => {
    const below = await fetchRaw(url, '/py/a%20b/%C3%A9?x=1')
    const top = await fetchRaw(url, '/py')
    const slash = await fetchRaw(url, '/py/')

    const { callable, environ } = JSON.parse(below.text) as Mirrored
    assert.is(callable, 'named')
    assert.is(environ.SCRIPT_NAME, '/py')
    assert.is(environ.PATH_INFO, '/a b/\xc3\xa9')
    assert.is(environ.QUERY_STRING, 'x=1')
    assert.is((JSON.parse(top.text) as Mirrored).environ.PATH_INFO, '')
    assert.is((JSON.parse(slash.text) as Mirrored).environ.PATH_INFO, '/')
  })
)

test(
  'in a scope with a prefix, SCRIPT_NAME has both',
  within(LIMIT_MS, async ({ url }) => {
    const reply = await fetchRaw(url, '/deep/echo/x')

    assert.match(reply.text, /^GET \/deep\/echo\/x\n/)
    assert.match(reply.text, /^SCRIPT_NAME: '\/deep\/echo'$/m)
  })
)

test(
  'Node.js routes beside it are as they were: parsers, limits, paths that look alike',
  within(LIMIT_MS, async ({ url }) => {
    const headers = { 'content-type': 'application/json' }
    const root = await fetchRaw(url, '/')
    const json = await fetchRaw(url, '/json', { method: 'POST', headers, body: '{"a":1}' })
    const body = JSON.stringify('x'.repeat(2000))
    const large = await fetchRaw(url, '/json', { method: 'POST', headers, body })
    const text = { 'content-type': 'text/odd' }
    const odd = await fetchRaw(url, '/json', { method: 'POST', headers: text, body: 'x' })
    const alike = await fetchRaw(url, '/python')

    assert.is(root.text, 'Node.js')
    assert.is(json.text, '{"body":{"a":1}}')
    assert.is(large.status, 413)
    assert.is(odd.status, 415)
    assert.is(alike.status, 404)
    assert.match(alike.text, /Route GET:\/python not found/)
  })
)

test(
  "the parent's hooks run for the application's requests and responses",
  within(LIMIT_MS, async ({ url, hooked }) => {
    const reply = await fetchRaw(url, '/py/hooked')

    assert.ok(hooked.includes('/py/hooked'))
    assert.is(reply.headers['x-hook'], 'parent')
  })
)

test(
  'each application sees the variables that it was given, and none of the process',
  within(LIMIT_MS, async ({ url }) => {
    const { variables } = JSON.parse((await fetchRaw(url, '/py')).text) as Mirrored

    assert.is(variables.ONLY, undefined)
    assert.is(variables.PATH, undefined)
  })
)

test(
  'app.wasgi lists the applications and their workers',
  within(LIMIT_MS, async ({ app }) => {
    const { applications } = app.wasgi

    assert.equal(
      applications.map(({ prefix }) => prefix),
      ['/py', '/deep/echo', '/patient']
    )
    assert.match(String(applications[0]?.target), /mirror\.py:named$/)
    assert.is(new Set(applications.map(({ group }) => group)).size, 3)
    for (const application of applications) {
      assert.equal(
        application.workers().map(({ state }) => state),
        ['ready']
      )
    }
  })
)

for (const type of ['application/json', 'text/odd; =', 'nonsense', 'multipart/form-data']) {
  test(
    `a body of type "${type}" reaches the application as it is`,
    within(LIMIT_MS, async ({ url }) => {
      const body = `{"not": json ${'x'.repeat(3000)}`
      const headers = { 'content-type': type }

      const { status, text } = await fetchRaw(url, '/deep/echo', { method: 'POST', headers, body })

      assert.is(status, 200)
      assert.ok(text.includes(`\nCONTENT_TYPE: '${type}'\n`), text)
      assert.ok(text.endsWith(`\n\n${body}`), text)
    })
  )
}

test(
  'body_limit is the one of the application, not the one of the server around it',
  within(LIMIT_MS, async ({ url }) => {
    const body = Buffer.alloc(6000)

    const refused = await fetchRaw(url, '/patient', { method: 'POST', body })
    const taken = await fetchRaw(url, '/deep/echo/body', { method: 'POST', body })

    assert.is(refused.status, 413)
    assert.match(refused.text, /WASGI_ERR_BODY_TOO_LARGE/)
    assert.is(taken.body.length, 6000)
  })
)

test(
  'of two applications, one that is busy does not keep the other waiting',
  within(LIMIT_MS, async ({ url, logged }) => {
    const busy = fetchRaw(url, '/patient?later')
    await logged('waiting for later')

    const other = await fetchRaw(url, '/py')
    writeFileSync(join(DATA, 'later'), '')

    assert.is(other.status, 200)
    assert.is((await busy).text, 'answered\n')
  })
)

test(
  'inject reaches the application without a socket',
  within(LIMIT_MS, async ({ app }) => {
    const shown = await app.inject({ method: 'GET', url: '/py/injected' })
    const echoed = await app.inject({ method: 'POST', url: '/deep/echo/body', payload: 'abc' })

    assert.is(shown.json<Mirrored>().environ.PATH_INFO, '/injected')
    assert.is(echoed.body, 'abc')
  })
)

test(
  'a thread that is killed is a 502 for its request, and is replaced',
  within(LIMIT_MS, async ({ app, url, threads, logged }) => {
    const threadId = (): number => app.wasgi.applications[2]?.workers()[0]?.threadId ?? -1
    const killed = threadId()
    const reply = fetchRaw(url, '/patient?never')
    await logged('waiting for never')

    await threads.find((thread) => thread.threadId === killed)?.terminate()
    const { status, text } = await reply
    writeFileSync(join(DATA, 'now'), '')
    const next = await fetchRaw(url, '/patient?now')

    assert.is(status, 502)
    assert.match(text, /WASGI_ERR_WORKER_DIED/)
    assert.is(next.status, 200)
    assert.is.not(threadId(), killed)
    await logged('worker ended: ')
  })
)

test(
  'options that are wrong are refused by name, before anything starts',
  within(LIMIT_MS, async ({ threads }) => {
    const before = threads.length

    const misspelt = await refusal({ app: 'app.py', requestTimeOut: 1 })
    const wrong = await refusal({ app: 'app.py', workers: 0 })
    const none = await refusal({})

    assert.is(misspelt.code, 'WASGI_ERR_CONFIG_UNKNOWN')
    assert.match(misspelt.message, /requestTimeOut[\s\S]*requestTimeout/)
    assert.is(wrong.code, 'WASGI_ERR_CONFIG_INVALID')
    assert.match(wrong.message, /workers/)
    assert.match(none.message, /app/)
    assert.is(threads.length, before)
  })
)

test(
  'an application that cannot be imported keeps the server from starting, with its traceback',
  within(LIMIT_MS, async () => {
    const error = await refusal({ app: testApp('broken/fails_to_import.py'), workers: 1 })

    assert.is(error.code, 'WASGI_ERR_APP_IMPORT')
    assert.match(String(error.traceback), /KeyError: 'DATABASE_URL'/)
  })
)

test(
  'its threads end with the server',
  within(LIMIT_MS, async ({ threads }) => {
    const app = Fastify({ pluginTimeout: 0 })
    const before = threads.length
    // Without the thread that would make a snapshot if there is none.
    await app.register(wasgi, { app: example('hello.py'), workers: 2, snapshot: false })
    const started = threads.slice(before)
    const reply = await app.inject('/you')
    const ended = started.map((thread) => new Promise((resolve) => thread.once('exit', resolve)))

    await app.close()

    assert.is(reply.body, 'Hello, you!\n')
    assert.is(started.length, 2)
    await Promise.all(ended)
  })
)

test.run()

async function refusal(options: object): Promise<WasgiError> {
  const app = Fastify()
  try {
    await app.register(wasgi, options as { app: string })
    return assert.unreachable('it was accepted') as never
  } catch (error) {
    assert.instance(error, WasgiError)
    return error as WasgiError
  } finally {
    await app.close()
  }
}
