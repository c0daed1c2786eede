// Ways in beside the hooks that a client may try: other spellings of a target, other methods, what was
// granted to another request. And clients that go away while their question waits.
import { writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { CERTIFICATE, PRIVATE_KEY } from '../unit/packages-certificate.ts'
import { within } from '../unit/within.ts'
import { open } from './connection.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000

const TOML = `workers = 1

[[mounts]]
path = "/"
app = "${testApp('mirror.py')}"

[[mounts]]
path = "/private"
app = "${testApp('hooked_site.py')}"
auth_user_script = "${testApp('hooks/users.py')}"
`

const folder = temporaryFolder()
writeFileSync(join(folder, 'wasgi.toml'), TOML)
writeFileSync(join(folder, 'certificate.pem'), CERTIFICATE)
writeFileSync(join(folder, 'key.pem'), PRIVATE_KEY)

interface Context {
  server: TestServer
  secure: TestServer
}

const test = suite<Context>('ways in beside the hooks')
test.before(async (context) => {
  context.server = await serve(['--body-timeout', '1s'], { cwd: folder })
  const tls = ['--certificate', 'certificate.pem', '--key', 'key.pem', '--http2']
  context.secure = await serve(tls, { cwd: folder })
})
test.after(async ({ server, secure }) => {
  await Promise.all([server.close(), secure.close()])
})

function authorization(user: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:open:sesame`).toString('base64')}\r\n`
}

/** What a connection that is closed after these bytes has received. */
async function answered(server: TestServer, bytes: string): Promise<string> {
  const connection = open(server.url)
  connection.send(bytes)
  return connection.closed
}

const head = (line: string, fields = ''): string =>
  `${line} HTTP/1.1\r\nHost: x\r\n${fields}Connection: close\r\n\r\n`

/** The mounts that a target is for: both are asked without credentials. */
const TARGETS: ReadonlyArray<readonly [target: string, mount: '/private' | '/' | 'none']> = [
  ['/private', '/private'],
  ['/private/', '/private'],
  ['/private?a=/../', '/private'],
  ['/private/../', '/private'],
  ['/private/%2e%2e/', '/private'],
  ['/%70rivate', '/private'],
  ['/private%2fsecret', '/private'],
  ['/private%2Fsecret', '/private'],
  ['http://elsewhere/private', '/private'],
  ['HTTPS://elsewhere:1/%70rivate/a', '/private'],
  ['//private', '/'],
  ['/./private', '/'],
  ['/a/../private', '/'],
  ['/%2fprivate', '/'],
  ['/PRIVATE', '/'],
  ['/private;a', '/'],
  ['/private%00', '/'],
  ['/private%3Fa', '/'],
  ['/privateer', '/'],
  ['http://elsewhere//private', '/'],
  ['http://elsewhere?/private', '/'],
  ['http://elsewhere#/private', 'none'],
  ['*', 'none']
]
for (const [target, mount] of TARGETS) {
  test(
    `GET ${target} ${mount === '/private' ? 'is asked who it is' : `never comes to /private`}`,
    within(LIMIT_MS, async ({ server }) => {
      const reply = await answered(server, head(`GET ${target}`))

      const statuses = { '/private': '401', '/': '200', none: '400' }
      assert.match(reply, new RegExp(`^HTTP/1.1 ${statuses[mount]} `))
      assert.not.match(reply, '"SCRIPT_NAME": "/private"')
    })
  )
}

const REQUESTS: ReadonlyArray<readonly [what: string, bytes: string]> = [
  ...['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY'].map(
    (method) => [method, head(`${method} /private`)] as const
  ),
  ['HTTP/1.0', 'GET /private HTTP/1.0\r\n\r\n'],
  [
    'a wish to upgrade',
    'GET /private HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  ],
  [
    'a wish for HTTP/2',
    'GET /private HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n'
  ],
  [
    'a body that is held back',
    head('POST /private', 'Expect: 100-continue\r\nContent-Length: 5\r\n')
  ],
  ['another method by a header', head('GET /private', 'X-HTTP-Method-Override: OPTIONS\r\n')],
  ['another path by a header', head('GET /private', 'X-Original-URL: /\r\nX-Rewrite-URL: /\r\n')],
  [
    'a user by a header',
    head('GET /private', 'Remote-User: a\r\nREMOTE_USER: a\r\nAuth-Type: a\r\n')
  ],
  ['two credentials', head('GET /private', authorization('alice') + authorization('alice'))],
  ['credentials over two lines', head('GET /private', 'Authorization: Basic\r\n YWxpY2U6\r\n')],
  ['no user', head('GET /private', 'Authorization: Basic OnBhc3N3b3Jk\r\n')],
  ['credentials that are no base64', head('GET /private', 'Authorization: Basic %%%\r\n')],
  ['credentials for a proxy', head('GET /private', authorization('alice').replace('A', 'Proxy-A'))],
  ['Digest where it is Basic', head('GET /private', 'Authorization: Digest username="alice"\r\n')]
]
for (const [what, bytes] of REQUESTS) {
  test(
    `${what}: nobody gets in`,
    within(LIMIT_MS, async ({ server }) => {
      const reply = await answered(server, bytes)

      assert.match(reply, /^HTTP\/1.1 (?:401|400) /)
      assert.not.match(reply, '"SCRIPT_NAME"')
    })
  )
}

test(
  'what was granted to one request of a connection is granted to no other',
  within(LIMIT_MS, async ({ server }) => {
    const get = (fields: string): string => `GET /private HTTP/1.1\r\nHost: x\r\n${fields}\r\n`
    const all = [authorization('alice'), '', authorization('bob'), authorization('denied')]

    const reply = await answered(server, `${all.map(get).join('')}${head('GET /private')}`)

    const statuses = [...reply.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status)
    const users = [...reply.matchAll(/"REMOTE_USER": "(\w+)"/g)].map(([, user]) => user)
    assert.equal(statuses, ['200', '401', '200', '401', '401'])
    assert.equal(users, ['alice', 'bob'])
  })
)

test(
  'over HTTP/2 the same is asked of each stream',
  within(LIMIT_MS, async ({ secure }) => {
    const session = http2.connect(secure.url, { ca: CERTIFICATE })
    const ask = async (headers: http2.OutgoingHttpHeaders): Promise<unknown> => {
      const stream = session.request(headers, { endStream: true })
      let status: unknown
      stream.on('response', (fields) => {
        status = fields[':status']
      })
      const text = (await stream.setEncoding('utf8').toArray()).join('')
      assert.is(
        text.includes('"SCRIPT_NAME": "/private"'),
        status === 200 && 'authorization' in headers
      )
      return status
    }
    const alice = { authorization: authorization('alice').slice(15).trim() }

    const statuses = await Promise.all([
      ask({ ':path': '/private' }),
      ask({ ':path': '/private', ...alice }),
      ask({ ':path': '/%70rivate/a' }),
      ask({ ':path': '//private' }),
      ask({ ':path': '/private', ':method': 'HEAD' }),
      ask({ ':path': '/private', ':method': 'OPTIONS' })
    ])
    session.close()

    assert.equal(statuses, [401, 200, 401, 200, 401, 401])
  })
)

const BODIES: ReadonlyArray<readonly [what: string, fields: string, part: string]> = [
  ['too long', 'Content-Length: 900000000', 'x'],
  ['without a length', 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
  ['too slow', 'Content-Length: 9', 'x']
]
for (const [what, fields, part] of BODIES) {
  test(
    `who is refused and sends a body that is ${what} loses the connection`,
    within(LIMIT_MS, async ({ server }) => {
      const connection = open(server.url)
      connection.send(`POST /private HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${part}`)

      assert.match(await connection.closed, /^HTTP\/1.1 401 /)
    })
  )
}

test(
  'a question of a client that is gone before it is asked is never asked',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const script = ['--access-script', testApp('hooks/patient.py'), '--data-dir', data]
    const server = await serve([testApp('hooked_site.py'), '--workers', '1', ...script])
    try {
      const first = server.request('/?first')
      await server.logged(/asked about first/)
      const gone = open(server.url)
      await new Promise<unknown>((resolve) => {
        gone.socket.write('GET /?gone HTTP/1.1\r\nHost: x\r\n\r\n', resolve)
      })
      gone.socket.resetAndDestroy()
      await server.logged(/"GET \/\?gone HTTP\/1\.1" 499/)

      for (const name of ['first', 'last']) writeFileSync(join(data, name), '')
      const last = await server.request('/?last')

      assert.equal([(await first).status, last.status], [200, 200])
      assert.not.match(server.log(), /asked about gone/)
    } finally {
      await server.close()
    }
  })
)

test.run()
