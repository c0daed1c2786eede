// New code under load: nobody notices but by what is answered.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError, wasgi } from '../../src/index.ts'
import { temporaryFolder } from '../e2e/places.ts'
import { fetchRaw, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { house } from './house.ts'

const LIMIT_MS = 120_000
const CLIENTS = 4
/** Of each client, at least; they go on until the reload is over. */
const REQUESTS = 50

const test = suite('reload under load')

function writeApp(file: string, word: string, before = ''): void {
  writeFileSync(
    file,
    `import time
${before}
def application(environ, start_response):
    time.sleep(0.002)
    start_response("200 OK", [])
    return [b"${word}"]
`
  )
}

/** It is the signal that is to reload, and not the request that finds another script. */
const QUIET = ['--access-log', 'off', '--no-script-reloading']

/** What clients get, in the order in which it came, while the server is told to reload. */
async function answersDuring(server: TestServer, over: RegExp): Promise<readonly string[]> {
  const answers: string[] = []
  let settled = false
  const client = async (): Promise<void> => {
    for (let count = 0; count < REQUESTS || !settled; count++) {
      const { status, text } = await fetchRaw(server.url, '/')
      answers.push(`${status} ${text}`)
      if (count === 0) server.signal('SIGHUP')
    }
  }
  const end = server.logged(over).then(() => {
    settled = true
  })
  await Promise.all([...Array.from({ length: CLIENTS }, client), end])
  return answers
}

for (const options of [
  ['--workers', '1'],
  ['--workers', '3'],
  ['--workers', '2', '--no-snapshot']
]) {
  test(
    `SIGHUP fails no request (${options.join(' ')})`,
    within(LIMIT_MS, async () => {
      const file = join(temporaryFolder(), 'app.py')
      writeApp(file, 'old')
      const server = await serve([file, ...QUIET, ...options])
      try {
        writeApp(file, 'new')

        const answers = await answersDuring(server, /has been reloaded/)
        const last = await server.request('/')

        assert.equal(
          answers.filter((answer) => answer !== '200 old' && answer !== '200 new'),
          []
        )
        assert.ok(answers.includes('200 old'))
        assert.is(last.text, 'new')
      } finally {
        await server.close()
      }
    })
  )

  test(
    `code that cannot be imported changes nothing but the log (${options.join(' ')})`,
    within(LIMIT_MS, async () => {
      const file = join(temporaryFolder(), 'app.py')
      writeApp(file, 'old')
      const args = [...QUIET, '--log-format', 'json', '--admin', '127.0.0.1:0']
      const server = await serve([file, ...args, ...options])
      try {
        const [, admin] = await server.logged(/(http:\/\/127\.0\.0\.1:\d+)\/-\/wasgi/)
        writeApp(file, 'new', 'import no_such_module')

        const answers = await answersDuring(server, /WASGI_ERR_RELOAD/)
        const [line] = await server.logged(/^.*"code":"WASGI_ERR_RELOAD".*\n/m)
        const metrics = await fetchRaw(admin ?? '', '/-/wasgi/metrics')

        assert.equal([...new Set(answers)], ['200 old'])
        assert.match(JSON.parse(line).traceback, /app\.py", line 2[\s\S]*no_such_module/)
        assert.match(
          metrics.text,
          /wasgi_failures_total\{group="default",code="WASGI_ERR_RELOAD"\} [1-4]\n/
        )

        writeApp(file, 'mended')
        server.signal('SIGHUP')
        await server.logged(/has been reloaded/)

        assert.is((await server.request('/')).text, 'mended')
      } finally {
        await server.close()
      }
    })
  )
}

test(
  'a server that is closed while it reloads leaves nothing behind, however long the import takes',
  within(LIMIT_MS / 4, async () => {
    const file = join(temporaryFolder(), 'app.py')
    writeApp(file, 'old')
    const app = await house({ app: file, workers: 1, startupTimeout: '5m' })
    writeApp(file, 'new', 'while True: pass')
    const begun = once(process, 'worker')
    const reloaded = app.group.reload('rolling')
    const [builder] = (await begun) as [Worker]
    const ended = once(builder, 'exit')

    await app.close()

    await Promise.all([ended, reloaded])
  })
)

test(
  'app.wasgi.reload() resolves when the new code answers, and rejects when there can be none',
  within(LIMIT_MS, async () => {
    const file = join(temporaryFolder(), 'app.py')
    writeApp(file, 'old')
    const app = Fastify({ pluginTimeout: 0 })
    await app.register(wasgi, { app: file, workers: 2 })
    try {
      writeApp(file, 'new')
      await app.wasgi.reload()
      const after = await app.inject('/')

      writeApp(file, 'newer', 'import no_such_module')
      const error = await app.wasgi.reload().catch((reason: unknown) => reason)

      assert.is(after.body, 'new')
      assert.instance(error, WasgiError)
      assert.is((error as WasgiError).code, 'WASGI_ERR_RELOAD')
      assert.match((error as WasgiError).traceback ?? '', /no_such_module/)
      assert.is((await app.inject('/')).body, 'new')
    } finally {
      await app.close()
    }
  })
)

test.run()
