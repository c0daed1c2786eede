// What an application is told before its interpreter ends: by mod_wsgi's process_stopping, then by atexit.
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Mounted } from '../../src/server/mounted.ts'
import { wasgi } from '../../src/server/plugin.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { testApp } from './places.ts'

const LIMIT_MS = 120_000
const APP = testApp('leaving.py')
const test = suite('farewells')

async function withServer(
  args: readonly string[],
  act: (server: TestServer) => Promise<void>
): Promise<void> {
  const server = await serve([APP, '--workers', '1', '--interrupt-timeout', '0', ...args])
  try {
    await act(server)
  } finally {
    await server.close()
  }
}

/** What the application has said so far, without the names of its streams. */
function farewells(log: string): string[] {
  return [
    ...log.matchAll(
      /(told of process_stopping because of \w+|told by atexit|slept before the end)/g
    )
  ].map(([said]) => said)
}

const both = (word: string): string[] => [
  `told of process_stopping because of ${word}`,
  'told by atexit'
]

const ENDS: ReadonlyArray<readonly [word: string, args: readonly string[], path: string]> = [
  ['restart_interval', ['--restart-interval', '1s'], '/'],
  ['inactivity_timeout', ['--inactivity-timeout', '500ms'], '/'],
  ['cpu_time_limit', ['--cpu-time-limit', '1s'], '/burn'],
  ['maximum_requests', ['--maximum-requests', '1'], '/'],
  ['maximum_requests', ['--maximum-requests', '1', '--no-snapshot'], '/'],
  ['memory_limit', [], '/hog'],
  ['memory_limit', ['--no-snapshot'], '/hog']
]
for (const [word, args, path] of ENDS) {
  test(
    `${args.join(' ') || 'an interpreter that is out of memory'}: the end is told as ${word}`,
    within(LIMIT_MS, async () => {
      await withServer(args, async (server) => {
        let over = false
        const ended = server.logged(/told by atexit/).then(() => {
          over = true
        })
        await server.request(path)
        if (word === 'inactivity_timeout') await ended
        while (!over) await Promise.race([ended, server.request(path)])

        const [said] = farewells(server.log())
          .join('; ')
          .split(/(?<=atexit); /)
        assert.equal(said, both(word).join('; '))
        assert.is((await server.request('/')).status, 200)
      })
    })
  )
}

test(
  'an interpreter that was to be put back, and is replaced instead, is told once',
  within(LIMIT_MS, async () => {
    await withServer(['--maximum-requests', '1', '--no-snapshot'], async (server) => {
      await server.request('/')
      await server.logged(/worker ended/)

      assert.equal(farewells(server.log()), both('maximum_requests'))
    })
  })
)

test(
  'SIGTERM is told as shutdown_signal by every worker, and what waits in a farewell may do so',
  within(LIMIT_MS, async () => {
    const server = await serve([APP, '--workers', '2'])
    const replies = await Promise.all([server.request('/slow'), server.request('/slow')])

    server.signal('SIGTERM')
    const code = await server.exited

    assert.equal([code, ...replies.map(({ status }) => status)], [0, 200, 200])
    const said = farewells(server.log())
    assert.is(said.filter((each) => each === both('shutdown_signal')[0]).length, 2)
    assert.is(said.filter((each) => each === 'told by atexit').length, 2)
    assert.ok(said.includes('slept before the end'))
  })
)

for (const [mode, path] of [
  ['daemon', '/deaf'],
  ['daemon', '/endless'],
  ['embedded', '/deaf']
] as const) {
  test(
    `a farewell without end (${path}, ${mode}) takes no longer than shutdown_timeout`,
    within(LIMIT_MS, async () => {
      const quick = ['--workers', '1', '--shutdown-timeout', '3s']
      const server = await serve([APP, '--mode', mode, ...quick])
      await server.request(path)

      server.signal('SIGTERM')
      const code = await server.exited

      assert.is(code, 0)
      assert.equal(farewells(server.log()), [both('shutdown_signal')[0]])
    })
  )
}

/** Lines about the worker that was asked, up to its end; a slow machine may see others come and go. */
const ENDLESS =
  /^.*"worker":"([^"]+)".*"asked for \/endless".*\n(?:.*\n)*?.*"worker":"\1".*"worker ended: .*$/m

test(
  'a worker whose farewell has no end is replaced all the same',
  within(LIMIT_MS, async () => {
    await withServer(['--restart-interval', '1s', '--log-format', 'json'], async (server) => {
      await server.request('/endless')

      const [lines] = await server.logged(ENDLESS)
      assert.is((await server.request('/')).status, 200)
      assert.match(lines, '"kind":"restart-interval"')
      assert.not.match(lines, 'told by atexit')
    })
  })
)

test(
  'what a farewell raises is logged, and keeps nobody from the rest',
  within(LIMIT_MS, async () => {
    const server = await serve([APP, '--workers', '1'])
    await server.request('/broken')

    server.signal('SIGTERM')
    const code = await server.exited

    assert.is(code, 0)
    assert.equal(farewells(server.log()), both('shutdown_signal'))
    assert.match(server.log(), 'atexit in trouble')
  })
)

test(
  'a worker that is terminated is told nothing, nor is one whose requests share nothing',
  within(LIMIT_MS, async () => {
    await withServer(['--request-timeout', '500ms'], async (server) => {
      assert.is((await server.request('/hang')).status, 504)
      await server.logged(/worker ended/)
      assert.equal(farewells(await server.caughtUp()), [])
    })
    const isolated = await serve([APP, '--workers', '1', '--isolation', 'request'])
    await isolated.request('/')

    isolated.signal('SIGTERM')
    await isolated.exited

    assert.equal(farewells(isolated.log()), [])
  })
)

test(
  'a worker that SIGTTOU makes one too many is told of eviction_signal, and of no reload',
  within(LIMIT_MS, async () => {
    await withServer(['--workers', '2', '--log-format', 'json'], async (server) => {
      server.signal('SIGTTOU')
      await server.logged(/"kind":"surplus"/)

      assert.equal(farewells(server.log()), both('eviction_signal'))
      assert.not.match(await server.caughtUp(), /"level":"warn"|"kind":"reload"/)
    })
  })
)

test(
  'all workers of a group that is reloaded are told of script_reload',
  within(LIMIT_MS, async () => {
    let log = ''
    const write = (line: string): void => {
      log += line
    }
    const app = Fastify({ logger: { level: 'info', stream: { write } }, pluginTimeout: 0 })
    await app.register(wasgi, { app: APP, workers: 2 })

    await (app.wasgi as Mounted).groups[0]?.recycle('reload', 'a test asked for it')
    const said = farewells(log)
    await app.close()

    assert.equal(said, [...both('script_reload'), ...both('script_reload')])
  })
)

test.run()
