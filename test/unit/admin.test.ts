// The admin endpoints: what they say of a server's health, and what they put up with.
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import http2 from 'node:http2'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { GroupCondition } from '../../src/dispatch/group.ts'
import { WasgiError } from '../../src/errors.ts'
import { type Admin, beginAdmin } from '../../src/server/admin.ts'
import { fetchRaw, type Reply, type RequestOptions } from '../serve.ts'
import { within } from './within.ts'

const LIMIT_MS = 60_000

interface Context {
  folder: string
  admin: Admin
  url: string
  conditions: GroupCondition[]
  get(path: string, options?: RequestOptions): Promise<Reply>
}

const test = suite<Context>('admin endpoints')

const condition = (group: string, changes: Partial<GroupCondition> = {}): GroupCondition => ({
  group,
  ready: true,
  code: undefined,
  queued: 0,
  workers: [],
  wipes: { count: 0, ms: 0 },
  ...changes
})

async function start(address: string, conditions: readonly GroupCondition[]) {
  const logged = Promise.withResolvers<string>()
  const application = {
    group: 'shop',
    conditions: () => conditions,
    interpreters: () => [],
    snapshot: () => ({ from: undefined, id: undefined, restored: 0, failures: {} })
  }
  const log = { info: ({ url }: { url: string }) => logged.resolve(url) }
  const admin = await beginAdmin(
    { admin: address, adminPath: '' },
    { applications: () => [application], log: log as unknown as FastifyBaseLogger }
  )
  assert.ok(admin !== undefined)
  return { admin, url: await logged.promise }
}

test.before.each(async (context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-admin-'))
  context.conditions = []
  const { admin, url } = await start('127.0.0.1:0', context.conditions)
  context.admin = admin
  context.url = url
  context.get = (path, options) => fetchRaw(url, path, options)
})
test.after.each(async ({ admin, folder }) => {
  await admin.close()
  rmSync(folder, { recursive: true, force: true })
})

test(
  'it lives before it is ready, while it drains, and until it is closed',
  within(LIMIT_MS, async ({ admin, get, conditions, url }) => {
    conditions.push(condition('shop'))
    const statuses: unknown[] = []
    const note = async (): Promise<void> => {
      const [live, ready] = await Promise.all([get('/-/wasgi/live'), get('/-/wasgi/ready')])
      statuses.push([live.status, ready.status, JSON.parse(ready.text).status])
    }

    await note()
    admin.health.serving()
    await note()
    admin.health.draining()
    await note()
    await admin.close()
    const closed = await fetchRaw(url, '/-/wasgi/live').catch(({ code }) => code)

    assert.equal(statuses, [
      [200, 503, 'starting'],
      [200, 200, 'ready'],
      [200, 503, 'draining']
    ])
    assert.is(closed, 'ECONNREFUSED')
  })
)

test(
  'one group that cannot take requests makes the server unready, and is named with its code',
  within(LIMIT_MS, async ({ admin, get, conditions }) => {
    admin.health.serving()
    conditions.push(condition('shop'), condition('shop', { code: 'WASGI_ERR_APP_SYNTAX' }))
    const before = await get('/-/wasgi/ready')

    conditions.push(condition('blog', { ready: false, code: 'WASGI_ERR_APP_IMPORT' }))
    conditions.push(condition('wiki', { ready: false }))
    const after = await get('/-/wasgi/ready')

    assert.is(before.status, 200)
    assert.equal(JSON.parse(before.text), {
      status: 'ready',
      groups: [{ group: 'shop', ready: true }]
    })
    assert.is(after.status, 503)
    assert.is(after.headers['content-type'], 'application/json')
    assert.equal(JSON.parse(after.text), {
      status: 'unready',
      groups: [
        { group: 'shop', ready: true },
        { group: 'blog', ready: false, code: 'WASGI_ERR_APP_IMPORT' },
        { group: 'wiki', ready: false }
      ]
    })
  })
)

test(
  'metrics are in the text format, and nothing is to be cached',
  within(LIMIT_MS, async ({ get, conditions }) => {
    conditions.push(condition('shop', { queued: 3 }))

    const reply = await get('/-/wasgi/metrics')

    assert.is(reply.status, 200)
    assert.match(String(reply.headers['content-type']), /^text\/plain; version=0\.0\.4/)
    assert.is(reply.headers['cache-control'], 'no-store')
    assert.match(reply.text, '\nwasgi_requests_queued{group="shop"} 3\n')
    assert.match(reply.text, /\nprocess_resident_memory_bytes \d+\n/)
  })
)

test(
  'there is nothing else, and nothing can be changed',
  within(LIMIT_MS, async ({ get }) => {
    const paths = [
      '/',
      '/-/wasgi',
      '/-/wasgi/',
      '/-/wasgi/live/',
      '/-/wasgi/env',
      '/live',
      '//-/wasgi/live'
    ]
    const missing = await Promise.all(paths.map((path) => get(path)))
    const head = await get('/-/wasgi/live?x', { method: 'HEAD' })
    const post = await get('/-/wasgi/live', { method: 'POST', body: 'x'.repeat(100_000) })

    assert.equal(
      missing.map(({ status }) => status),
      paths.map(() => 404)
    )
    assert.equal([head.status, head.text, head.headers['content-length']], [200, '', '18'])
    assert.equal(
      [post.status, post.headers.allow, post.headers.connection],
      [405, 'GET, HEAD', 'close']
    )
  })
)

test(
  'it takes so many connections and no more, and closes with all of them',
  within(LIMIT_MS, async ({ url, admin }) => {
    const port = Number(new URL(url).port)
    const sockets: Socket[] = []
    let closed = 0
    let received = ''
    for (let number = 0; number < 64; number++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('data', (data) => {
        received += data
      })
      socket.once('close', () => closed++)
      await once(socket, 'connect')
      socket.write('GET /-/wasgi/live HTTP/1.1\r\n')
      sockets.push(socket)
    }

    await once(connect(port, '127.0.0.1').resume(), 'close')
    const before = closed
    const ended = Promise.all(sockets.map((socket) => once(socket, 'close')))
    await admin.close()
    await ended

    assert.is(before, 0, 'the others are still there')
    assert.is(received, '', 'they are not waited for until they are late')
  })
)

test(
  'it listens on a Unix socket, whose file a killed server has left, too',
  within(LIMIT_MS, async ({ folder }) => {
    const path = join(folder, 'admin.sock')
    await leaveSocket(path)
    const { admin, url } = await start(`unix:${path}`, [])

    const reply = await fetchRaw(url, '/-/wasgi/live')
    await admin.close()

    assert.is(url, `unix:${path}`)
    assert.is(reply.text, '{"status":"live"}\n')
  })
)

/** A socket that nobody listens on: Node removes only the name that it made. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.old`)
  await once(server, 'listening')
  renameSync(`${path}.old`, path)
  server.close()
  await once(server, 'close')
}

test(
  'over HTTP/2 the public listener answers, too, before its own routes and hooks',
  within(LIMIT_MS, async ({ admin }) => {
    const app = fastify({ http2: true })
    const hooked: string[] = []
    admin.answerOn(app as unknown as FastifyInstance, '/status')
    app.addHook('onRequest', async (request) => {
      hooked.push(request.url)
    })
    app.get('/*', () => 'a page')
    const session = http2.connect(await app.listen({ port: 0 }))
    const get = async (path: string): Promise<[unknown, string]> => {
      const stream = session.request({ ':path': path })
      const [headers] = await once(stream, 'response')
      return [headers[':status'], await text(stream)]
    }

    const answers = [await get('/status/live'), await get('/status/other')]
    session.close()
    await app.close()

    assert.equal(answers, [
      [200, '{"status":"live"}\n'],
      [200, 'a page']
    ])
    assert.equal(hooked, ['/status/other'])
  })
)

test(
  'an address that is taken is an error that names it',
  within(LIMIT_MS, async ({ url }) => {
    const address = new URL(url).host

    const error = await start(address, []).catch((reason: unknown) => reason)

    assert.instance(error, WasgiError)
    assert.is(
      (error as WasgiError).message,
      `Cannot listen on ${address} (admin): another program listens there already.`
    )
  })
)

test.run()
