// What signals ask of a server that goes on serving, as gunicorn's users know them.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { changed } from '../watching.ts'

const LIMIT_MS = 120_000
const JSON_LOG = ['--log-format', 'json'] as const

const test = suite('signals')

/** An application that answers with `word` and with the variable WORD. */
function writeApp(file: string, word: string): void {
  writeFileSync(
    file,
    `import os
def application(environ, start_response):
    start_response("200 OK", [])
    return [f"${word} {os.environ.get('WORD')} {environ['wsgi.multiprocess']}".encode()]
`
  )
}

/** Resolves once the log has so many lines that match. */
async function times(server: TestServer, count: number, pattern: RegExp): Promise<void> {
  await server.tells((log) => log.match(pattern)?.length, count)
}

test(
  'SIGHUP serves the new code with the variables that the files have now, and opens the logs anew',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    const [app, env, log] = ['app.py', 'app.env', 'wasgi.log'].map((name) => join(folder, name))
    writeApp(app as string, 'old')
    writeFileSync(env as string, 'WORD=first\n')
    const files = ['--env-file', env as string, '--log-file', log as string]
    const server = await serve([app as string, '--workers', '2', ...files])
    try {
      const before = await server.request('/')
      renameSync(log as string, `${log}.1`)
      writeApp(app as string, 'new')
      writeFileSync(env as string, 'WORD=second\n')

      server.signal('SIGHUP')
      await changed(folder, () => readFileSync(log as string, 'utf8').includes('has been reloaded'))
      const after = await Promise.all([server.request('/'), server.request('/')])

      assert.is(before.text, 'old first True')
      assert.equal(
        after.map(({ text }) => text),
        ['new second True', 'new second True']
      )
      assert.not.match(readFileSync(`${log}.1`, 'utf8'), /has been reloaded/)
    } finally {
      await server.close()
    }
  })
)

test(
  'SIGHUP says which changed options need a restart, and takes over the others',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    writeApp(join(folder, 'app.py'), 'old')
    const config = (word: string, limit: string): void =>
      writeFileSync(
        join(folder, 'wasgi.toml'),
        `app = "app.py"\nworkers = 1\nbody_limit = "${limit}"\nenv = { WORD = "${word}" }\n`
      )
    config('first', '1M')
    const server = await serve([], { cwd: folder })
    try {
      config('second', '2M')

      server.signal('SIGHUP')
      await server.logged(/only a restart makes it count: body_limit/)
      await server.logged(/has been reloaded/)

      assert.is((await server.request('/')).text, 'old second True')

      // As long as it does not count it is told again.
      server.signal('SIGHUP')
      await times(server, 2, /only a restart makes it count: body_limit/g)
      await times(server, 2, /has been reloaded/g)

      writeFileSync(join(folder, 'wasgi.toml'), 'app = [')
      server.signal('SIGHUP')
      await server.logged(/The configuration was not reloaded: .*wasgi\.toml/)

      assert.is((await server.request('/')).text, 'old second True')
    } finally {
      await server.close()
    }
  })
)

test(
  'SIGTTIN and SIGTTOU change the number of workers by one, between 1 and a bound',
  within(LIMIT_MS, async () => {
    const server = await serve([testApp('enduring.py'), '--workers', '1', ...JSON_LOG])
    try {
      server.signal('SIGTTOU')
      await server.logged(/stays at 1,/)
      server.signal('SIGTTIN')
      await server.logged(/is to have 2 workers/)
      await server.logged(/interpreter ready group=default worker=default\/2/)

      server.signal('SIGTTOU')
      await server.logged(/is to have 1 worker"/)
      await server.logged(/there was to be one worker less/)
      assert.is((await server.request('/work')).status, 200)

      // The thread that was put aside is taken up again.
      server.signal('SIGTTIN')
      await times(server, 3, /interpreter ready/g)
      assert.is((await server.request('/work')).status, 200)
    } finally {
      await server.close()
    }
  })
)

test(
  'SIGTTIN is bounded',
  within(LIMIT_MS, async () => {
    const server = await serve([testApp('enduring.py'), '--workers', '1', '--lazy', ...JSON_LOG])
    try {
      for (let asked = 1; !server.log().includes('stays at'); asked++) {
        server.signal('SIGTTIN')
        await times(server, asked, /(?:is to have \d+ workers|stays at \d+, as few or as many)/g)
      }
      const [, bound] = await server.logged(/stays at (\d+), as few or as many/)

      assert.ok(Number(bound) >= 2 && Number(bound) <= 64, bound)
      assert.is((await server.request('/work')).status, 200)
    } finally {
      await server.close()
    }
  })
)

test(
  'SIGUSR1 opens the log files anew, and no debugger',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    const log = join(folder, 'access.log')
    const line = ['--access-log-file', log]
    const server = await serve([testApp('enduring.py'), '--workers', '1', ...line])
    try {
      await server.request('/before')
      await changed(folder, () => readFileSync(log, 'utf8').includes('/before'))
      renameSync(log, `${log}.1`)

      server.signal('SIGUSR1')
      await changed(folder, () => readFileSync(log, 'utf8') === '')
      await server.request('/after')
      await changed(folder, () => readFileSync(log, 'utf8').includes('/after'))

      assert.not.match(readFileSync(`${log}.1`, 'utf8'), /after/)
      assert.not.match(await server.caughtUp(), /Debugger/)
    } finally {
      await server.close()
    }
  })
)

test(
  'SIGUSR2 writes what each group, worker and running request is doing, whatever the log level',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    const args = ['--workers', '1', '--data-dir', folder, '--log-level', 'warn', ...JSON_LOG]
    const server = await serve([testApp('patient.py'), ...args])
    try {
      const reply = server.request('/?patience')
      await server.logged(/waiting for patience/)

      server.signal('SIGUSR2')
      await server.logged(/state of request.*\n/)
      const records = server
        .log()
        .split('\n')
        .slice(0, -1) // the last one may not be whole yet
        .filter((line) => line.includes('"msg":"state of'))
        .map((line) => JSON.parse(line))

      assert.equal(
        records.map(({ state }) => state),
        ['group', 'worker', 'request']
      )
      const [group, worker, request] = records
      assert.equal([group.group, group.workers, group.ready, group.queued], ['default', 1, 1, 0])
      assert.equal([worker.worker, worker.condition, worker.requests], ['default/1', 'ready', 1])
      assert.ok(worker.ageMs > 0 && worker.heapBytes > 0)
      assert.is(request.request.label, 'GET /')
      assert.ok(request.ageMs >= request.runningMs && request.runningMs >= 0)

      writeFileSync(join(folder, 'patience'), '')
      assert.is((await reply).status, 200)
    } finally {
      await server.close()
    }
  })
)

test(
  'SIGQUIT ends it at once, with 0 and without waiting for requests',
  within(LIMIT_MS, async () => {
    const args = ['--workers', '1', '--data-dir', temporaryFolder()]
    const server = await serve([testApp('patient.py'), ...args])
    const reply = server.request('/?never').catch((error: Error) => error)
    await server.logged(/waiting for never/)

    server.signal('SIGQUIT')

    assert.is(await server.exited, 0)
    assert.instance(await reply, Error)
    assert.not.match(server.log(), /draining/)
  })
)

test.run()
