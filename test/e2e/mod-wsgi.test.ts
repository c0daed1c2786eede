// What mod_wsgi tells applications: the keys of the environ, and `import mod_wsgi`, in workers that are
// restored from a snapshot and in embedded mode.
import http from 'node:http'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { type Reply, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { testApp } from './places.ts'

const LIMIT_MS = 120_000

interface Context {
  daemon: TestServer
  embedded: TestServer
  following: TestServer
}

const test = suite<Context>('mod_wsgi')
test.before(async (context) => {
  const site = testApp('hooked_site.py')
  context.daemon = await serve([site, '--workers', '1', '--process-group', 'shop'])
  context.embedded = await serve([site, '--mode', 'embedded', '--process-group', 'shop'])
  const named = ['--process-group', 'other', '--workers', '1']
  context.following = await serve([testApp('subscribing.py'), ...named])
})
test.after(async ({ daemon, embedded, following }) => {
  await Promise.all([daemon.close(), embedded.close(), following.close()])
})

type Told = Record<string, unknown>

function told(reply: { readonly status: number; readonly text: string }): Told {
  assert.is(reply.status, 200, reply.text)
  return JSON.parse(reply.text) as Told
}

const keys = (environ: Told): Told =>
  Object.fromEntries(Object.entries(environ).filter(([name]) => name.startsWith('mod_wsgi.')))

const times = (environ: Told): number[] =>
  ['request', 'queue', 'daemon', 'application'].map((name) =>
    Number(environ[`mod_wsgi.${name}_start`])
  )

test(
  'the environ has the keys of mod_wsgi',
  within(LIMIT_MS, async ({ daemon }) => {
    const before = Date.now() / 1000
    const environ = told(await daemon.request('/a/b?c'))
    const [request = 0, queue = 0, worker = 0, application = 0] = times(environ)
    const rest = keys(environ)

    assert.ok(before <= request && request <= queue && queue <= worker, String(times(environ)))
    assert.ok(worker <= application && application <= Date.now() / 1000)
    for (const name of ['request', 'queue', 'daemon', 'application']) {
      delete rest[`mod_wsgi.${name}_start`]
    }
    const { 'mod_wsgi.request_id': id, 'mod_wsgi.connection_id': connection, ...fixed } = rest
    assert.match(String(id), /^req-/)
    assert.match(String(connection), /^[0-9]+$/)
    assert.equal(fixed, {
      'mod_wsgi.version': [6, 0, 5],
      'mod_wsgi.process_group': 'shop',
      'mod_wsgi.application_group': '',
      'mod_wsgi.callable_object': 'application',
      'mod_wsgi.request_handler': 'wsgi-script',
      'mod_wsgi.handler_script': '',
      'mod_wsgi.script_name': '',
      'mod_wsgi.path_info': '/a/b',
      'mod_wsgi.listener_host': '127.0.0.1',
      'mod_wsgi.listener_port': new URL(daemon.url).port,
      'mod_wsgi.server_pid': String(daemon.pid),
      'mod_wsgi.thread_id': 1,
      'mod_wsgi.script_reloading': '1'
    })
  })
)

test(
  'an embedded application is in no process group, and its requests in no queue',
  within(LIMIT_MS, async ({ embedded }) => {
    const environ = told(await embedded.request('/'))

    const [request = 0, queue, worker, application = 0] = times(environ)
    assert.is(environ['mod_wsgi.process_group'], '')
    assert.equal([queue, worker], [0, 0])
    assert.ok(request > 0 && request <= application)
  })
)

/** One request over a connection that is kept. */
function over(agent: http.Agent, url: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(told({ status: response.statusCode ?? 0, text })))
    })
    request.on('error', reject)
  })
}

test(
  'requests have ids of their own, and those of one connection share its id',
  within(LIMIT_MS, async ({ daemon }) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

    const first = await over(agent, daemon.url)
    const second = await over(agent, daemon.url)
    agent.destroy()
    const third = told(await daemon.request('/'))

    const ids = [first, second, third].map((environ) => environ['mod_wsgi.request_id'])
    const connections = [first, second, third].map((environ) => environ['mod_wsgi.connection_id'])
    assert.is(new Set(ids).size, 3)
    assert.is(connections[0], connections[1])
    assert.is.not(connections[0], connections[2])
  })
)

test(
  'an application follows its requests, and can put middleware before itself',
  within(LIMIT_MS, async ({ following }) => {
    const first = await following.request('/one')
    const failed = await following.request('/raise')
    const last = told(await following.request('/two'))

    assert.is(first.headers['x-signed'], 'by middleware')
    assert.is(failed.status, 500)
    assert.equal(last.seen, [
      [200, Number(first.headers['content-length']), '/one'],
      ['exception', "ValueError('in trouble')"],
      [0, 0, '/raise']
    ])
    assert.equal(last.active, { before: 3, path: '/two' })
    assert.equal(
      [last.group, last.processes],
      [
        ['other', ''],
        [1, 1]
      ]
    )
    assert.is(last.metrics, null)
  })
)

test(
  'an application group is named to its applications',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    const groups = { processGroup: 'shop', applicationGroup: 'tills', workers: 1 }
    await app.register(wasgi, { app: testApp('hooked_site.py'), ...groups })

    const environ = (await app.inject('/')).json()
    await app.close()

    const names = [environ['mod_wsgi.process_group'], environ['mod_wsgi.application_group']]
    assert.equal(names, ['shop', 'tills'])
  })
)

interface Measured {
  /** Just after the application began to record, in seconds. */
  readonly began: number
  readonly process: Readonly<Record<string, number>>
  readonly interval: Readonly<Record<string, number>>
}

test(
  'an interpreter with a thread of its own knows what it computes, and how much memory it has',
  within(LIMIT_MS, async () => {
    const server = await serve([testApp('measuring.py'), '--workers', '1'])
    try {
      const quiet = JSON.parse((await server.request('/')).text) as Measured
      const busy = JSON.parse((await server.request('/compute')).text) as Measured

      // The snapshot was taken after the count began; a restored interpreter begins anew.
      assert.ok((quiet.process.restart_time ?? 0) > quiet.began)
      assert.is(quiet.process.request_count, 0)
      assert.is(busy.process.request_count, 1)
      const { cpu_user_time: before = 0 } = quiet.process
      const { cpu_user_time: after = 0, memory_rss = 0, memory_max_rss } = busy.process
      assert.ok(after >= before + 0.05, `${before} ${after}`)
      assert.ok((busy.interval.cpu_user_time ?? 0) >= 0.05)
      assert.is(memory_rss % 65_536, 0)
      assert.ok(memory_rss > 16 * 2 ** 20, `${memory_rss}`)
      assert.is(memory_max_rss, memory_rss)
    } finally {
      await server.close()
    }
  })
)

test(
  'an embedded interpreter knows its memory, and nothing of what the main thread computes',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    await app.register(wasgi, { app: testApp('measuring.py'), mode: 'embedded' })

    const reply = await app.inject('/')
    await app.close()

    const { process } = reply.json() as Measured
    assert.equal([process.cpu_time, process.cpu_user_time, process.cpu_system_time], [0, 0, 0])
    assert.ok((process.memory_rss ?? 0) > 16 * 2 ** 20)
  })
)

test(
  'modules of the application that are called as ours are its own',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    await app.register(wasgi, { app: testApp('shadowing/app.py'), workers: 1 })

    const reply = await app.inject('/')
    await app.close()

    assert.is(reply.body, 'my apache my mod_wsgi')
  })
)

test(
  'who subscribed to the end is told when maximum_requests is reached, and the interpreter is wiped as before',
  within(LIMIT_MS, async () => {
    const limit = ['--maximum-requests', '2', '--workers', '1']
    const server = await serve([testApp('subscribing.py'), ...limit])
    try {
      const replies: Reply[] = []
      for (const path of ['/a', '/b', '/c']) replies.push(await server.request(path))
      await server.logged(/process_stopping because of maximum_requests/)

      assert.equal(
        replies.map((reply) => (told(reply).seen as unknown[]).length),
        [0, 1, 0]
      )
      assert.not.match(await server.caughtUp(), /recycled|was replaced/)
    } finally {
      await server.close()
    }
  })
)

test.run()
