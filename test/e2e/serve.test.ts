// `wasgi serve`: where it listens, what it says, and what of the host the application sees.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Reply, runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000
const ONE = ['--workers', '1']

interface Mirrored {
  readonly callable: string
  readonly environ: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
}

const mirrored = (reply: Reply): Mirrored => JSON.parse(reply.text) as Mirrored

const test = suite<{ server: TestServer }>('wasgi serve')

test.before(async (context) => {
  const envFile = join(temporaryFolder(), 'variables.env')
  writeFileSync(envFile, 'FROM_FILE=file\nBOTH=file\n')
  const flags = ['--env', 'FROM_FLAG=flag', '--env', 'BOTH=flag', '--env-file', envFile]
  context.server = await serve([testApp('mirror.py'), ...ONE, ...flags], {
    env: { SECRET_OF_THE_HOST: 'x' }
  })
})
test.after(({ server }) => server.close())

test(
  'standard output holds the readiness line and nothing else',
  within(LIMIT_MS, async ({ server }) => {
    await server.request('/')

    assert.match(server.out(), /^wasgi ready on http:\/\/127\.0\.0\.1:[1-9]\d*\n$/)
  })
)

test(
  'port 0 picks a free port, which the environ knows too',
  within(LIMIT_MS, async ({ server }) => {
    const { environ } = mirrored(await server.request('/'))

    assert.is(environ.SERVER_PORT, new URL(server.url).port)
    assert.is(environ.SERVER_NAME, '127.0.0.1')
    assert.is(environ.REMOTE_ADDR, '127.0.0.1')
  })
)

test(
  'an application sees the variables it was given and none of the host',
  within(LIMIT_MS, async ({ server }) => {
    const { variables } = mirrored(await server.request('/'))

    assert.is(variables.FROM_FILE, 'file')
    assert.is(variables.FROM_FLAG, 'flag')
    assert.is(variables.BOTH, 'flag')
    assert.is(variables.SECRET_OF_THE_HOST, undefined)
    assert.not.match(JSON.stringify(variables), process.cwd())
    assert.is(variables.TMPDIR, undefined)
  })
)

test(
  'a path reaches the application as its bytes, one character each',
  within(LIMIT_MS, async ({ server }) => {
    const odd = mirrored(await server.request('/%ff/%C3%A9%2f?q=%ff'))
    const doubled = mirrored(await server.request('//a/../b/./%2e%2e'))

    assert.is(odd.environ.PATH_INFO, '/\xff/\xc3\xa9/')
    assert.is(odd.environ.QUERY_STRING, 'q=%ff')
    assert.is(odd.environ.REQUEST_URI, '/%ff/%C3%A9%2f?q=%ff')
    assert.is(doubled.environ.PATH_INFO, '//a/../b/./..')
  })
)

test(
  'any method reaches the application, and HEAD gets no body',
  within(LIMIT_MS, async ({ server }) => {
    const methods = ['DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'TRACE']
    const replies = await Promise.all(methods.map((method) => server.request('/', { method })))
    const head = await server.request('/', { method: 'HEAD' })

    assert.equal(
      replies.map((reply) => mirrored(reply).environ.REQUEST_METHOD),
      methods
    )
    assert.is(head.status, 200)
    assert.ok(Number(head.headers['content-length']) > 0)
    assert.is(head.text, '')
  })
)

test(
  'an IPv6 address is bracketed in the readiness line and reachable',
  within(LIMIT_MS, async () => {
    const server = await serve([testApp('mirror.py'), ...ONE, '--host', '::1'])
    try {
      const { environ } = mirrored(await server.request('/'))

      assert.match(server.url, /^http:\/\/\[::1\]:\d+$/)
      assert.is(environ.SERVER_NAME, '[::1]')
    } finally {
      await server.close()
    }
  })
)

test(
  'a wildcard is printed as loopback, and a mount is split off the path',
  within(LIMIT_MS, async () => {
    const mount = ['--mount', '/my-shop']
    const server = await serve([testApp('mirror.py'), ...ONE, '--host', '0.0.0.0', ...mount])
    try {
      const inside = mirrored(await server.request('/my-shop/a%20b?x=1'))
      const top = mirrored(await server.request('/my-shop'))
      const beside = await server.request('/my-shopping')

      assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.is(inside.environ.SCRIPT_NAME, '/my-shop')
      assert.is(inside.environ.PATH_INFO, '/a b')
      assert.is(top.environ.PATH_INFO, '')
      assert.is(beside.status, 404)
    } finally {
      await server.close()
    }
  })
)

test(
  'a Unix socket is served, and a stale one is replaced',
  within(LIMIT_MS, async () => {
    const path = join(temporaryFolder(), 'wasgi.sock')
    const first = runWasgi(['serve', testApp('mirror.py'), ...ONE, '--uds', path])
    await first.printed(/^wasgi ready on unix:/)
    first.child.kill('SIGKILL')
    await first.exited

    const server = await serve([testApp('mirror.py'), ...ONE, '--uds', path])
    try {
      const { environ } = mirrored(await server.request('/over/a/socket'))

      assert.is(server.url, `unix:${path}`)
      assert.is(environ.PATH_INFO, '/over/a/socket')
      assert.ok(environ.SERVER_NAME && environ.SERVER_PORT)
    } finally {
      await server.close()
    }
  })
)

test.run()
