// `live`, `ready` and `metrics` of a running server.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { fetchRaw, type Reply, runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const test = suite('admin endpoints')

/** Where the admin listener is, which only the log tells. */
async function adminOf(
  server: Pick<TestServer, 'logged'>
): Promise<(path: string) => Promise<Reply>> {
  const [, url = ''] = await server.logged(/admin listens on (\S+)\/-\/wasgi\//)
  return (path) => fetchRaw(url, path)
}

test(
  'without being asked for, every path is the application’s',
  within(LIMIT_MS, async () => {
    const server = await serve(['pyapps/hello.py', '--workers', '1'])
    try {
      const reply = await server.request('/-/wasgi/live')

      assert.is(reply.text, 'Hello, -/wasgi/live!\n')
      assert.not.match(await server.caughtUp(), /admin listens/)
    } finally {
      await server.close()
    }
  })
)

test(
  'requests, wipes, starts and memory are measured, and none of it is in the access log',
  within(LIMIT_MS, async () => {
    const args = ['--workers', '1', '--isolation', 'request', '--process-group', 'shop']
    const server = await serve([testApp('failing.py'), ...args, '--admin', '127.0.0.1:0'])
    try {
      const admin = await adminOf(server)
      for (let number = 0; number < 3; number++) await server.request('/fine')
      await server.request('/raise')
      // The next one begins once the last wipe is done.
      await server.request('/fine', { method: 'DELETE' })
      await server.logged(/"DELETE \/fine HTTP\/1\.1" 200/)
      const live = await admin('/-/wasgi/live')
      const ready = await admin('/-/wasgi/ready')
      const { text } = await admin('/-/wasgi/metrics')

      assert.equal([live.status, ready.status], [200, 200])
      assert.equal(JSON.parse(ready.text).groups, [{ group: 'shop', ready: true }])
      assert.match(text, '\nwasgi_requests_total{group="shop",method="GET",status="200"} 3\n')
      assert.match(text, 'wasgi_requests_total{group="shop",method="GET",status="500"} 1\n')
      assert.match(text, 'wasgi_requests_total{group="shop",method="DELETE",status="200"} 1\n')
      assert.match(text, '\nwasgi_request_duration_seconds_count{group="shop"} 5\n')
      assert.match(text, '\nwasgi_request_queue_seconds_count{group="shop"} 5\n')
      assert.match(text, 'wasgi_failures_total{group="shop",code="WASGI_ERR_APP_EXCEPTION"} 1\n')
      assert.match(text, 'wasgi_interpreter_start_seconds_count{group="shop",boot="restored"} 1\n')
      assert.match(text, /\nwasgi_worker_memory_bytes\{group="shop",worker="shop\/1"\} \d{8,}\n/)
      assert.match(text, /\nwasgi_build_info\{.*python_version="3\.\d+\.\d+"\} 1\n/)
      const wipes = Number(/\nwasgi_wipes_total\{group="shop"\} (\d+)\n/.exec(text)?.[1])
      assert.ok(wipes >= 4 && wipes <= 5, `${wipes} wipes`)
      const seconds = Number(/\nwasgi_wipe_seconds_total\{group="shop"\} (\S+)\n/.exec(text)?.[1])
      assert.ok(seconds > 0 && seconds < LIMIT_MS / 1000) // they are not milliseconds
      assert.not.match(await server.caughtUp(), /"GET \/-\/wasgi/)
    } finally {
      await server.close()
    }
  })
)

test(
  'it listens while the application is still imported, and says so',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = ['--port', '0', '--workers', '1', '--no-snapshot', '--data-dir', data]
    const started = runWasgi(['serve', testApp('importing.py'), ...args, '--admin', '127.0.0.1:0'])
    const admin = await adminOf(started)
    await started.logged(/importing/)

    const [live, ready] = [await admin('/-/wasgi/live'), await admin('/-/wasgi/ready')]
    writeFileSync(join(data, 'go'), '')
    await started.printed(/wasgi ready/)
    const later = await admin('/-/wasgi/ready')
    started.child.kill('SIGTERM')

    assert.equal([live.status, ready.status, later.status], [200, 503, 200])
    assert.is(JSON.parse(ready.text).status, 'starting')
    assert.is(await started.exited, 0)
  })
)

test(
  'it does not keep a server alive whose application cannot be loaded',
  within(LIMIT_MS, async () => {
    const app = testApp('broken/fails_to_import.py')

    const started = runWasgi(['serve', app, '--port', '0', '--admin', '127.0.0.1:0'])

    assert.is(await started.exited, 1)
  })
)

test(
  'while a request is finished it says so: ready is 503, live is 200, and both until the end',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = ['--workers', '1', '--data-dir', data, '--admin', '127.0.0.1:0']
    const server = await serve([testApp('patient.py'), ...args])
    const admin = await adminOf(server)
    const waiting = server.request('/?go')
    await server.logged(/waiting for go/)
    const before = await admin('/-/wasgi/ready')
    const { text } = await admin('/-/wasgi/metrics')

    server.signal('SIGTERM')
    await server.logged(/draining/)
    const [live, ready] = [await admin('/-/wasgi/live'), await admin('/-/wasgi/ready')]
    const scraped = await admin('/-/wasgi/metrics')
    writeFileSync(join(data, 'go'), '')
    const reply = await waiting
    const code = await server.exited

    assert.is(before.status, 200)
    assert.match(text, '\nwasgi_requests_in_progress{group="default"} 1\n')
    assert.equal([live.status, ready.status, scraped.status], [200, 503, 200])
    assert.is(JSON.parse(ready.text).status, 'draining')
    assert.equal([reply.status, code], [200, 0])
  })
)

test(
  'each of several groups is told of, once, whatever number of mounts it serves',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    const hello = JSON.stringify(example('hello.py'))
    const tables = ['[groups.blog]', '[groups.shop]', 'workers = 2']
    const mounts = [
      ['/blog', 'blog'],
      ['/news', 'blog'],
      ['/shop', 'shop']
    ].flatMap(([path, group]) => [
      '[[mounts]]',
      `path = "${path}"`,
      `app = ${hello}`,
      `process_group = "${group}"`
    ])
    const general = ['workers = 1', 'admin = "127.0.0.1:0"']
    writeFileSync(join(folder, 'wasgi.toml'), [...general, ...tables, ...mounts, ''].join('\n'))
    const server = await serve(['--config', join(folder, 'wasgi.toml')])
    try {
      const admin = await adminOf(server)
      for (const path of ['/blog/', '/news/', '/shop/']) await server.request(path)
      await server.logged(/"GET \/shop\/ HTTP/)
      const ready = JSON.parse((await admin('/-/wasgi/ready')).text)
      const { text } = await admin('/-/wasgi/metrics')

      const groups = ready.groups.map(({ group }: { group: string }) => group)
      assert.equal(groups.sort(), ['blog', 'shop'])
      assert.match(text, '\nwasgi_requests_total{group="blog",method="GET",status="200"} 2\n')
      assert.match(text, '\nwasgi_requests_total{group="shop",method="GET",status="200"} 1\n')
      assert.match(text, '\nwasgi_workers{group="blog",state="ready"} 1\n')
      assert.match(text, '\nwasgi_workers{group="shop",state="ready"} 2\n')
    } finally {
      await server.close()
    }
  })
)

test(
  'a lazy group is ready before it has an interpreter, and not when its application cannot start',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'app.py'), 'import nothing_like_it\n')
    const args = ['--lazy', '--workers', '1', '--admin', '127.0.0.1:0']
    const server = await serve([join(folder, 'app.py'), ...args])
    try {
      const admin = await adminOf(server)
      const before = await admin('/-/wasgi/ready')
      // It fails again and again, so that the pause before the next try is longer than a scrape.
      let failed = await server.request('/')
      let after = await admin('/-/wasgi/ready')
      while (after.status === 200) {
        failed = await server.request('/')
        after = await admin('/-/wasgi/ready')
      }

      assert.is(before.status, 200)
      assert.is(failed.status, 503)
      assert.equal(JSON.parse(after.text), {
        status: 'unready',
        groups: [{ group: 'default', ready: false, code: 'WASGI_ERR_APP_IMPORT' }]
      })
      assert.not.match(after.text, /nothing_like_it/)
    } finally {
      await server.close()
    }
  })
)

test(
  'on the public listener, if asked, three paths are taken and no other',
  within(LIMIT_MS, async () => {
    const args = ['--workers', '1', '--mount', '/shop', '--admin-path', '/internal']
    const server = await serve(['pyapps/hello.py', ...args])
    try {
      const statuses: number[] = []
      for (const path of [
        '/internal/live',
        '/internal/ready',
        '/internal/metrics',
        '/internal/x'
      ]) {
        statuses.push((await server.request(path)).status)
      }
      const post = await server.request('/internal/live', { method: 'POST', body: 'x' })
      const ready = await server.request('/internal/ready')
      await server.logged(/"GET \/internal\/x HTTP\/1\.1" 404/)

      assert.equal(statuses, [200, 200, 200, 404])
      assert.is(post.status, 405)
      assert.equal(JSON.parse(ready.text).groups, [{ group: 'default', ready: true }])
      assert.not.match(await server.caughtUp(), /"\w+ \/internal\/(live|ready|metrics) /)
    } finally {
      await server.close()
    }
  })
)

test(
  'in a server of somebody else`s they are routes like any other, with its hooks and prefix',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    app.addHook('onSend', async (_request, reply) => {
      reply.header('x-hook', 'ours')
    })
    const hello = example('hello.py')
    await app.register(
      async (scope) => {
        await scope.register(wasgi, { app: hello, workers: 1, adminPath: '/-/wasgi' })
      },
      { prefix: '/deep' }
    )
    try {
      await app.inject('/deep/')
      const get = (name: string) => app.inject(`/deep/-/wasgi/${name}`)
      const [live, ready, metrics] = [await get('live'), await get('ready'), await get('metrics')]
      const refused = await app.inject({ method: 'DELETE', url: '/deep/-/wasgi/live' })

      assert.equal(live.json(), { status: 'live' })
      assert.equal([ready.statusCode, ready.json().status], [200, 'ready'])
      assert.match(
        metrics.body,
        'wasgi_requests_total{group="default",method="GET",status="200"} 1\n'
      )
      assert.is(metrics.headers['x-hook'], 'ours')
      assert.equal([refused.statusCode, refused.headers.allow], [405, 'GET, HEAD'])
    } finally {
      await app.close()
    }
  })
)

test(
  'all applications of one server are in one account, which may have further paths',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    const common = { app: example('hello.py'), workers: 1, mode: 'embedded' } as const
    await app.register(wasgi, { ...common, prefix: '/a', processGroup: 'a', adminPath: '/one' })
    await app.register(wasgi, { ...common, prefix: '/b', processGroup: 'b', adminPath: '/two' })
    await app.register(wasgi, { ...common, prefix: '/c', processGroup: 'c', adminPath: '/one' })
    try {
      await app.inject('/b/')
      const { groups } = (await app.inject('/one/ready')).json()
      const { body } = await app.inject('/two/metrics')

      assert.equal(
        groups.map(({ group }: { group: string }) => group),
        ['a', 'b', 'c']
      )
      assert.match(body, 'wasgi_requests_total{group="b",method="GET",status="200"} 1\n')
    } finally {
      await app.close()
    }
  })
)

test.run()
