// Workers that are given up although they do their work: no request notices, and each end has its reason.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { deathOf, deathsIn, interpreters } from './events.ts'

const LIMIT_MS = 120_000
const test = suite('recycling')

async function withServer(
  args: readonly string[],
  act: (server: TestServer) => Promise<void>
): Promise<void> {
  const server = await serve([testApp('enduring.py'), '--log-format', 'json', ...args])
  try {
    await act(server)
  } finally {
    await server.close()
  }
}

/** Asks again and again until the condition holds; gives all statuses. */
async function load(
  server: TestServer,
  path: string,
  isOver: () => boolean
): Promise<readonly number[]> {
  const statuses = new Set<number>()
  const client = async (): Promise<void> => {
    while (!isOver()) statuses.add((await server.request(path)).status)
  }
  await Promise.all([client(), client(), client()])
  return [...statuses]
}

test(
  'restart_interval replaces workers one after another, and every request is answered',
  within(LIMIT_MS, async () => {
    await withServer(['--workers', '2', '--restart-interval', '1s'], async (server) => {
      const deaths = () => deathsIn(server.log())

      const statuses = await load(server, '/work', () => deaths().length >= 4)

      assert.equal(statuses, [200])
      for (const death of deaths()) {
        assert.is(death.kind, 'restart-interval')
        assert.is(death.request, undefined)
        assert.ok(death.ageMs >= 1_000)
        assert.is(death.next, 'at-once')
      }
      assert.match(
        deaths()[0]?.msg ?? '',
        /^worker ended: it lived for restart_interval \(1000 ms\); it was \d+\.\d s old, had served \d+ requests? and had \d+ MiB of memory; it is replaced at once$/
      )
    })
  })
)

test(
  'the replacement of an only worker is ready before that one goes',
  within(LIMIT_MS, async () => {
    await withServer(['--workers', '1', '--restart-interval', '1s'], async (server) => {
      const statuses = await load(server, '/work', () => deathsIn(server.log()).length >= 2)

      assert.equal(statuses, [200])
      assert.equal(
        deathsIn(server.log())
          .slice(0, 2)
          .map(({ worker, next }) => [worker, next]),
        [
          ['default/1', 'done'],
          ['default/2', 'done']
        ]
      )
      const log = server.log()
      assert.ok(log.indexOf('worker=default/2') < log.indexOf('worker ended: '))
    })
  })
)

test(
  'what a worker still runs when graceful_timeout is over is a 503 that may be tried again',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = ['--workers', '1', '--restart-interval', '500ms', '--graceful-timeout', '100ms']
    await withServer([...args, '--data-dir', data], async (server) => {
      const reply = await server.request('/wait?never')

      assert.is(reply.status, 503)
      assert.is(reply.text, '503 Service Unavailable\nWASGI_ERR_WORKER_RECYCLED\n')
      assert.is(reply.headers['retry-after'], '1')
      const death = await deathOf(server, 'restart-interval', 'GET /wait')
      assert.match(death.reason, /was not done within graceful_timeout \(100 ms\)/)
      assert.is((await server.request('/')).status, 200)
    })
  })
)

test(
  'a request that is done within graceful_timeout is answered by the worker that is to go',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = ['--workers', '1', '--restart-interval', '500ms', '--data-dir', data]
    await withServer(args, async (server) => {
      const slow = server.request('/wait?open')
      await server.logged(/waiting for open/)
      await server.logged(/waiting for open[\s\S]*interpreter ready/) // the replacement

      const other = await server.request('/')
      writeFileSync(join(data, 'open'), '')
      const reply = await slow

      assert.equal([reply.status, other.status], [200, 200])
      assert.is.not(other.text, reply.text)
      const end = `waiting for open[\\s\\S]*"worker":"${reply.text}".*"worker ended: `
      await server.logged(new RegExp(end))
    })
  })
)

for (const [how, args, made] of [
  ['an eager group', [], 2],
  ['a lazy group', ['--lazy'], 1]
] as const) {
  test(
    `${how} without requests gives its interpreters up, and makes one for the next request`,
    within(LIMIT_MS, async () => {
      const given = ['--workers', '2', '--inactivity-timeout', '500ms', ...args]
      await withServer(given, async (server) => {
        const first = await server.request('/')
        const death = await deathOf(server, 'inactivity-timeout')

        const reply = await server.request('/')

        assert.equal([first.status, reply.status], [200, 200])
        assert.is(death.next, 'on-demand')
        await interpreters(server, made + 1)
        const [before = ''] = server.log().split('"kind":"inactivity-timeout"')
        assert.is(count(before), made)
        assert.is(count(server.log()), made + 1)
      })
    })
  )
}

const count = (log: string): number => [...log.matchAll(/interpreter ready group=/g)].length

test(
  'a worker that has used cpu_time_limit is replaced once it is quiet',
  within(LIMIT_MS, async () => {
    await withServer(['--workers', '1', '--cpu-time-limit', '2s'], async (server) => {
      const statuses = await load(server, '/burn', () => deathsIn(server.log()).length > 0)

      assert.equal(statuses, [200])
      const death = await deathOf(server, 'cpu-time-limit')
      assert.match(death.reason, /^it used \d+ ms of processor time \(cpu_time_limit 2000 ms\)$/)
      assert.is(death.request, undefined)
    })
  })
)

test(
  'a worker whose event loop stands still while it runs no request is ended and replaced',
  within(LIMIT_MS, async () => {
    await withServer(['--workers', '1', '--deadlock-timeout', '1s'], async (server) => {
      const reply = await server.request('/block')
      const death = await deathOf(server, 'deadlock-timeout')
      const next = await server.request('/')

      assert.equal([reply.status, next.status], [200, 200])
      assert.is(death.request, undefined)
      assert.match(death.msg, /stood still for deadlock_timeout \(1000 ms\), and it ran no request/)
    })
  })
)

test(
  'a worker whose event loop stands still while its request waits is ended, and that request is answered',
  within(LIMIT_MS, async () => {
    const args = ['--workers', '1', '--deadlock-timeout', '1s', '--request-timeout', '0']
    await withServer(args, async (server) => {
      const reply = await server.request('/stall')
      const death = await deathOf(server, 'deadlock-timeout')
      const next = await server.request('/')

      assert.equal([reply.status, next.status], [502, 200])
      assert.match(death.request?.label ?? '', /^GET \/stall/)
      assert.match(
        death.msg,
        /stood still for deadlock_timeout \(1000 ms\), while its request waited/
      )
    })
  })
)

test(
  'a request that computes for longer than deadlock_timeout is no deadlock',
  within(LIMIT_MS, async () => {
    await withServer(['--workers', '1', '--deadlock-timeout', '1s'], async (server) => {
      const reply = await server.request('/crunch')

      assert.is(reply.status, 200)
      assert.equal(deathsIn(await server.caughtUp()), [])
    })
  })
)

test(
  'maximum_requests without a snapshot replaces the worker, and says so',
  within(LIMIT_MS, async () => {
    const args = ['--workers', '1', '--maximum-requests', '3', '--no-snapshot']
    await withServer(args, async (server) => {
      for (let i = 0; i < 3; i++) assert.is((await server.request('/')).status, 200)

      const death = await deathOf(server, 'maximum-requests')

      assert.is(death.served, 3)
      assert.is((await server.request('/')).status, 200)
    })
  })
)

test.run()
