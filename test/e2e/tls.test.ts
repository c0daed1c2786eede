// TLS and HTTP/2: what is offered, what the environ says, what ends a server, what is wrong with files.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve, type TestServer } from '../serve.ts'
import { CERTIFICATE, PRIVATE_KEY } from '../unit/packages-certificate.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000

const folder = temporaryFolder()
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const certificate = file('certificate.pem', CERTIFICATE)
const key = file('key.pem', PRIVATE_KEY)
const TLS = ['--certificate', certificate, '--key', key]

const test = suite<{ server: TestServer }>('TLS and HTTP/2')

test.before(async (context) => {
  context.server = await serve([testApp('mirror.py'), '--workers', '1', '--http2', ...TLS])
})
test.after(({ server }) => server.close())

test(
  'the readiness line says https, and HTTP/1.1 is spoken to who asks for it',
  within(LIMIT_MS, async ({ server }) => {
    const { version, environ, protocol } = await overHttp1(server)

    assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/)
    assert.is(version, '1.1')
    assert.is(protocol, 'http/1.1')
    assert.is(environ['wsgi.url_scheme'], 'https')
    assert.is(environ.SERVER_PROTOCOL, 'HTTP/1.1')
    assert.is(environ.SERVER_PORT, new URL(server.url).port)
  })
)

test(
  'HTTP/2 is offered by ALPN, and its authority is the Host',
  within(LIMIT_MS, async ({ server }) => {
    const session = http2.connect(server.url, { ca: CERTIFICATE })
    const stream = session.request({ ':path': '/a%2Fb?c=d', ':authority': 'shop.example' })
    const text = (await stream.setEncoding('utf8').toArray()).join('')
    session.close()

    const { environ } = JSON.parse(text) as { environ: Record<string, string> }
    assert.is(session.alpnProtocol, 'h2')
    assert.is(environ.SERVER_PROTOCOL, 'HTTP/2.0')
    assert.is(environ.HTTP_HOST, 'shop.example')
    assert.is(environ.PATH_INFO, '/a/b')
    assert.is(environ.REQUEST_URI, '/a%2Fb?c=d')
    assert.is(environ.REMOTE_ADDR, '127.0.0.1')
    assert.is(environ['wsgi.url_scheme'], 'https')
    const line = await server.logged(/^(\S+) .*"GET \/a%2Fb\?c=d HTTP\/2\.0" 200 (\d+) /m)
    assert.equal(line.slice(1), ['127.0.0.1', String(Buffer.byteLength(text))])
  })
)

test(
  'a client that does not speak TLS is cut off, and others do not notice',
  within(LIMIT_MS, async ({ server }) => {
    const plain = net.connect(Number(new URL(server.url).port), '127.0.0.1')
    plain.on('error', () => {})
    plain.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const chunks: Buffer[] = await plain.toArray().catch(() => [])

    const { version } = await overHttp1(server)

    assert.not.match(Buffer.concat(chunks).toString('latin1'), /200 OK/)
    assert.is(version, '1.1')
  })
)

test(
  'a server stops although a client of HTTP/2 keeps its connection open',
  within(LIMIT_MS, async () => {
    const server = await serve([testApp('mirror.py'), '--workers', '1', '--http2', ...TLS])
    const session = http2.connect(server.url, { ca: CERTIFICATE })
    session.on('error', () => {})
    const stream = session.request({ ':path': '/' })
    await stream.toArray()

    await server.close()

    assert.is(await server.exited, 0)
    session.destroy()
  })
)

test(
  'who has gone while hooks were asked takes no worker, over HTTP/2 either',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const access = ['--access-script', testApp('hooks/patient.py'), '--data-dir', data]
    const args = [testApp('tardy.py'), '--workers', '1', '--http2', ...TLS, ...access]
    const server = await serve(args)
    const session = http2.connect(server.url, { ca: CERTIFICATE })
    const gone = session.request({ ':path': '/output?go' })
    gone.on('error', () => {})
    await server.logged(/asked about go/)
    gone.close(http2.constants.NGHTTP2_CANCEL)
    await server.logged(/"GET \/output\?go HTTP\/2\.0" 499/)

    writeFileSync(join(data, 'go'), '')
    const stream = session.request({ ':path': '/token?go' })
    const text = (await stream.setEncoding('utf8').toArray()).join('')
    session.close()
    await server.close()

    assert.match(text, /^[0-9a-f]{16}$/)
    assert.not.match(server.log(), /begun output/)
  })
)

const WRONG: ReadonlyArray<readonly [string, readonly string[], RegExp]> = [
  [
    'a certificate without a key',
    ['--certificate', certificate],
    /certificate must be given together with key.*WASGI_ERR_CONFIG_INVALID/s
  ],
  ['a key without a certificate', ['--key', key], /key must be given together with certificate/],
  [
    'HTTP/2 without either',
    ['--http2'],
    /http2 must be left out or given with certificate and key/
  ],
  [
    'a file that is not there',
    ['--certificate', certificate, '--key', '/nowhere.pem'],
    /ENOENT.*WASGI_ERR_TLS/s
  ],
  ['a file that is no key', ['--certificate', certificate, '--key', certificate], /WASGI_ERR_TLS/]
]

for (const [name, flags, expected] of WRONG) {
  test(
    `${name} ends the command before anything is started, with a sentence`,
    within(LIMIT_MS, async () => {
      const { exited, log, out } = runWasgi(['serve', testApp('mirror.py'), ...flags])

      // 3: the configuration, 4: what it names on this machine (docs/reference/exit-codes.md).
      assert.is(await exited, String(expected).includes('WASGI_ERR_TLS') ? 4 : 3)
      assert.match(log(), expected)
      assert.not.match(log(), /interpreter ready|PRIVATE KEY/)
      assert.is(out(), '')
    })
  )
}

interface Seen {
  readonly version: string
  readonly protocol: string | false | null
  readonly environ: Readonly<Record<string, string>>
}

async function overHttp1(server: TestServer): Promise<Seen> {
  const options = { ca: CERTIFICATE, agent: false, ALPNProtocols: ['http/1.1'] } as const
  const request = https.request(server.url, options as https.RequestOptions)
  request.end()
  const [response] = await once(request, 'response')
  const text = (await response.setEncoding('utf8').toArray()).join('')
  const { environ } = JSON.parse(text) as { environ: Record<string, string> }
  return { version: response.httpVersion, protocol: response.socket.alpnProtocol, environ }
}

test.run()
