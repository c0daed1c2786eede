// What an application sees of a client behind a proxy: from the options to the environ. The rules have
// tables of their own (test/unit/trusted-proxies.test.ts, forwarded.test.ts).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError, wasgi } from '../../src/index.ts'
import { runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { open } from './connection.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000
const APP = [testApp('mirror.py'), '--workers', '1']

/** Every category that a header can belong to. */
const CATEGORIES = [
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Server',
  'X-Forwarded-Port',
  'X-Forwarded-Proto',
  'X-Script-Name'
]

interface Context {
  /** Trusts the peers that the tests are. */
  trusting: TestServer
  /** Trusts other peers only. */
  wary: TestServer
  /** Listens on a Unix socket, and trusts those who can open it. */
  local: TestServer
  app: FastifyInstance
}

type Environ = Readonly<Record<string, string>>

const environOf = (text: string): Environ => (JSON.parse(text) as { environ: Environ }).environ

/** The environ of a request with these header lines, and a Host field. */
async function ask(server: TestServer, target: string, lines: readonly string[]): Promise<Environ> {
  const connection = open(server.url)
  const head = [`GET ${target} HTTP/1.1`, 'Host: inside:8000', 'Connection: close', ...lines]
  connection.send(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'))
  const reply = await connection.closed
  assert.match(reply, /^HTTP\/1\.1 200 /)
  return environOf(reply.slice(reply.indexOf('{'), reply.lastIndexOf('}') + 1))
}

const test = suite<Context>('proxies')

test.before(async (context) => {
  const categories = CATEGORIES.flatMap((name) => ['--trusted-proxy-headers', name])
  const proxies = ['--trusted-proxies', '127.0.0.1', '--trusted-proxies', '10.0.0.0/8']
  context.trusting = await serve([...APP, ...proxies, ...categories])
  context.wary = await serve(APP, {
    env: {
      WASGI_TRUSTED_PROXIES: '192.0.2.1, 10.0.0.0/8',
      WASGI_TRUSTED_PROXY_HEADERS: 'x-forwarded-for, X-FORWARDED-PROTO'
    }
  })
  const folder = temporaryFolder()
  const settings = 'trusted_proxies = ["unix"]\ntrusted_proxy_headers = ["Forwarded"]\n'
  writeFileSync(join(folder, 'wasgi.toml'), settings)
  context.local = await serve([...APP, '--uds', join(folder, 'socket')], { cwd: folder })
  const app = Fastify({ pluginTimeout: 0 })
  await app.register(wasgi, {
    app: testApp('mirror.py'),
    workers: 1,
    prefix: '/behind',
    trustedProxies: ['198.51.100.0/24'],
    trustedProxyHeaders: ['X-Real-IP', 'X-Script-Name']
  })
  await app.register(wasgi, { app: testApp('mirror.py:named'), workers: 1, prefix: '/open' })
  context.app = app
})
test.after(async ({ trusting, wary, local, app }) => {
  await Promise.all([trusting.close(), wary.close(), local.close(), app.close()])
})

test(
  'a trusted proxy tells the client, the host, the server, the port, the scheme and the mount',
  within(LIMIT_MS, async ({ trusting }) => {
    const environ = await ask(trusting, '/a%20b?c', [
      'X-Forwarded-For: 198.51.100.1, 203.0.113.7:4711, 10.0.0.2',
      'X-Forwarded-Host: www.example.com',
      'X-Forwarded-Server: front.example.com',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Proto: https',
      'X-Script-Name: /front'
    ])

    assert.is(environ.REMOTE_ADDR, '203.0.113.7')
    assert.is(environ.REMOTE_PORT, '4711')
    assert.is(environ.HTTP_X_FORWARDED_FOR, '203.0.113.7:4711, 10.0.0.2')
    assert.is(environ.HTTP_HOST, 'www.example.com')
    assert.is(environ.SERVER_NAME, 'front.example.com')
    assert.is(environ.SERVER_PORT, '443')
    assert.is(environ['wsgi.url_scheme'], 'https')
    assert.is(environ.SCRIPT_NAME, '/front')
    assert.is(environ.PATH_INFO, '/a b')
    assert.is(environ.QUERY_STRING, 'c')
    assert.is(environ.REQUEST_URI, '/a%20b?c')
  })
)

test(
  'a SCRIPT_NAME from a proxy takes nothing away from PATH_INFO',
  within(LIMIT_MS, async ({ trusting, app }) => {
    const alike = await ask(trusting, '/frontier', ['X-Script-Name: /front'])
    const same = await ask(trusting, '/front/x', ['X-Script-Name: /front'])
    const mounted = await app.inject({
      url: '/behind/x',
      remoteAddress: '198.51.100.7',
      headers: { 'x-script-name': '/front' }
    })

    assert.equal([alike.SCRIPT_NAME, alike.PATH_INFO], ['/front', '/frontier'])
    assert.equal([same.SCRIPT_NAME, same.PATH_INFO], ['/front', '/front/x'])
    const { SCRIPT_NAME, PATH_INFO } = environOf(mounted.body)
    assert.equal([SCRIPT_NAME, PATH_INFO], ['/front', '/x'])
  })
)

test(
  'names with an underscore and synonyms get nothing past the proxy',
  within(LIMIT_MS, async ({ trusting }) => {
    const environ = await ask(trusting, '/', [
      'X_Forwarded_For: 203.0.113.7',
      'X-Forwarded_Proto: https',
      'X-Real-IP: 203.0.113.7',
      'X-Forwarded-SSL: on',
      'Forwarded: for=203.0.113.7'
    ])

    assert.is(environ.REMOTE_ADDR, '127.0.0.1')
    assert.is(environ['wsgi.url_scheme'], 'http')
    assert.is(environ.HTTP_HOST, 'inside:8000')
    const left = Object.keys(environ).filter((key) => /FORWARDED|REAL/.test(key))
    assert.equal(left, [])
  })
)

test(
  'the same proxy on the next request of the connection starts anew',
  within(LIMIT_MS, async ({ trusting }) => {
    const connection = open(trusting.url)
    connection.send('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n')
    await connection.seen(/"REMOTE_ADDR": "203\.0\.113\.7"/)

    connection.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')

    assert.match(await connection.closed, /"REMOTE_ADDR": "127\.0\.0\.1"/)
  })
)

test(
  'of anybody else the headers are removed, and those of other categories are only text',
  within(LIMIT_MS, async ({ wary }) => {
    const environ = await ask(wary, '/', [
      'X-Forwarded-For: 203.0.113.7, 10.0.0.2',
      'X-Client-IP: 203.0.113.7',
      'X-Forwarded-Proto: https',
      'X-HTTPS: 1',
      'X-Forwarded-Host: www.example.com',
      'X-Script-Name: /front'
    ])

    assert.is(environ.REMOTE_ADDR, '127.0.0.1')
    assert.is(environ['wsgi.url_scheme'], 'http')
    assert.is(environ.HTTP_HOST, 'inside:8000')
    assert.is(environ.SCRIPT_NAME, '')
    assert.is(environ.HTTP_X_FORWARDED_HOST, 'www.example.com')
    assert.is(environ.HTTP_X_SCRIPT_NAME, '/front')
    for (const gone of ['X_FORWARDED_FOR', 'X_CLIENT_IP', 'X_FORWARDED_PROTO', 'X_HTTPS']) {
      assert.is(environ[`HTTP_${gone}`], undefined, gone)
    }
  })
)

test(
  'on a Unix socket, the word unix trusts who can open it',
  within(LIMIT_MS, async ({ local }) => {
    const told = await ask(local, '/', [
      'Forwarded: for="',
      'Forwarded: for="[2001:db8::1]:4711";proto=https;host=www.example.com'
    ])
    const silent = await ask(local, '/', ['X-Forwarded-For: 203.0.113.7'])

    assert.is(told.REMOTE_ADDR, '2001:db8::1')
    assert.is(told.REMOTE_PORT, '4711')
    assert.is(told['wsgi.url_scheme'], 'https')
    assert.is(told.HTTP_HOST, 'www.example.com')
    assert.is(silent.REMOTE_ADDR, '')
    assert.is(silent.HTTP_X_FORWARDED_FOR, undefined)
  })
)

test(
  'each registration of the plugin has proxies of its own; without any, headers are only text',
  within(LIMIT_MS, async ({ app }) => {
    const headers = { 'x-real-ip': '203.0.113.7', 'x-forwarded-for': '203.0.113.8' }
    const inject = async (url: string, remoteAddress: string): Promise<Environ> =>
      environOf((await app.inject({ url, remoteAddress, headers })).body)

    const behind = await inject('/behind', '198.51.100.7')
    const around = await inject('/behind', '198.51.101.7')
    const open = await inject('/open', '198.51.100.7')

    assert.is(behind.REMOTE_ADDR, '203.0.113.7')
    assert.is(behind.HTTP_X_FORWARDED_FOR, undefined)
    assert.is(around.REMOTE_ADDR, '198.51.101.7')
    assert.is(around.HTTP_X_REAL_IP, undefined)
    assert.is(open.REMOTE_ADDR, '198.51.100.7')
    assert.is(open.HTTP_X_REAL_IP, '203.0.113.7')
    assert.is(open.HTTP_X_FORWARDED_FOR, '203.0.113.8')
  })
)

const MISTAKES: ReadonlyArray<readonly [args: readonly string[], message: RegExp]> = [
  [['--trusted-proxy-headers', 'X-Forwarded-For'], /trusted_proxies must be .*"\*" is everyone/],
  [['--trusted-proxies', '*'], /trusted_proxy_headers must be/],
  [
    ['--trusted-proxies', 'localhost', '--trusted-proxy-headers', 'Forwarded'],
    /trusted_proxies must be .*got "localhost" \(from --trusted-proxies\)/
  ]
]
for (const [args, message] of MISTAKES) {
  test(
    `serve ${args.join(' ')} is a mistake in the configuration`,
    within(LIMIT_MS, async () => {
      const run = runWasgi(['serve', ...APP, '--port', '0', ...args])

      assert.is(await run.exited, 3)
      assert.match(run.log(), message)
      assert.is(run.out(), '')
    })
  )
}

test(
  'the plugin refuses headers without proxies',
  within(LIMIT_MS, async () => {
    const app = Fastify()
    const trustedProxyHeaders = ['X-Forwarded-For']
    try {
      await app.register(wasgi, { app: testApp('mirror.py'), trustedProxyHeaders })
      assert.unreachable('it was accepted')
    } catch (error) {
      assert.instance(error, WasgiError)
      assert.is((error as WasgiError).code, 'WASGI_ERR_CONFIG_INVALID')
    } finally {
      await app.close()
    }
  })
)

test.run()
