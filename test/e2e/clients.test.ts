// Clients that people really have, each with its own idea of HTTP, against one `wasgi serve`.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http, { type IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, Pool } from 'undici'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { CERTIFICATE, PRIVATE_KEY } from '../unit/packages-certificate.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'
import { curl, version } from './programs.ts'

const LIMIT_MS = 120_000
const FOLDER = temporaryFolder()
const LARGE = Buffer.from(
  Array.from({ length: 131_072 }, (_, line) => `${String(line).padStart(7, '0')}\n`).join('')
)
const UPLOAD = join(FOLDER, 'upload')
const SCRIPT = fileURLToPath(new URL('framework-apps/python_client.py', import.meta.url))

const run = promisify(execFile)
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface Context {
  plain: TestServer
  secure: TestServer
  unix: TestServer
}
const test = suite<Context>('real clients')

/** A test that needs something of the machine; without it, it is left out and says why. */
function having(
  reason: string | undefined,
  name: string,
  body: (context: Context) => Promise<void>
): void {
  if (reason === undefined) {
    test(name, within(LIMIT_MS, body))
  } else {
    console.log(`left out: ${name} (${reason})`)
    test.skip(name)
  }
}

const CURL = version('curl', '--version')
const noCurl = CURL === '' ? 'there is no curl' : undefined
const noPython = version('python3', '--version') === '' ? 'there is no python3' : undefined
const noWrk = /^wrk/.test(version('wrk', '--version')) ? undefined : 'there is no wrk'
const noCurlHttp2 = noCurl ?? (/\bHTTP2\b/.test(CURL) ? undefined : 'no HTTP/2 in curl')

const TRUSTED = join(FOLDER, 'certificate.pem')
const KEY = join(FOLDER, 'key.pem')

test.before(async (context) => {
  writeFileSync(UPLOAD, Buffer.concat([LARGE, LARGE]))
  const args = [testApp('parrot.py'), '--workers', '1', '--access-log', 'off']
  context.plain = await serve(args)
  context.unix = await serve([...args, '--uds', join(FOLDER, 'socket')])
  writeFileSync(TRUSTED, CERTIFICATE)
  writeFileSync(KEY, PRIVATE_KEY)
  const tls = ['--certificate', TRUSTED, '--key', KEY, '--http2']
  context.secure = await serve([...args, ...tls])
})
test.after(async ({ plain, secure, unix }) => {
  await Promise.all([plain?.close(), secure?.close(), unix?.close()])
})

interface Echo {
  readonly method: string
  readonly protocol: string
  readonly scheme: string
  readonly announced: string | null
  readonly expect: string | null
  readonly length: number
  readonly sha256: string
}

for (const [option, protocol, framing] of [
  ['--http1.1', 'HTTP/1.1', /^transfer-encoding: chunked\r$/im],
  ['--http1.0', 'HTTP/1.0', /^connection: close\r$/im]
] as const) {
  having(
    noCurl,
    `curl speaks ${protocol}, and a stream ends where it should`,
    async ({ plain }) => {
      const echoed = await curl([option, `${plain.url}/echo?q`])
      const streamed = await curl([option, '--include', `${plain.url}/stream?1000`])

      const [head = '', body = ''] = streamed.out.split('\r\n\r\n')
      assert.is((JSON.parse(echoed.out) as Echo).protocol, protocol)
      assert.match(`${head}\r\n`, framing)
      assert.is(body.split('\n').length, 1001)
      assert.is(/^transfer-encoding/im.test(head), protocol === 'HTTP/1.1')
    }
  )
}

having(noCurl, 'curl waits for 100 Continue before it uploads, and gets it', async ({ plain }) => {
  const args = ['--verbose', '--expect100-timeout', '40', '-H', 'Expect: 100-continue']

  const { out, err } = await curl([...args, '-X', 'POST', '-T', UPLOAD, `${plain.url}/echo`])

  const echo = JSON.parse(out) as Echo
  assert.match(err, /^< HTTP\/1\.1 100 Continue\r$[\s\S]*^< HTTP\/1\.1 200 OK\r$/m)
  assert.not.match(err, /Done waiting for 100-continue/)
  assert.is(echo.announced, String(LARGE.length * 2))
  assert.is(echo.sha256, digest(readFileSync(UPLOAD)))
})

having(
  noCurl,
  'curl that expects to be asked for its body is answered without',
  async ({ plain }) => {
    const args = ['--verbose', '--expect100-timeout', '40', '-H', 'Expect: 100-continue']

    const { out, err } = await curl([...args, '-T', UPLOAD, `${plain.url}/unread`])

    assert.is(out, 'not read')
    assert.not.match(err, /100 Continue|Done waiting/)
  }
)

having(noCurl, 'curl uploads its standard input in chunks', async ({ plain }) => {
  const { out } = await curl(['-T', '-', `${plain.url}/echo`], LARGE)

  const echo = JSON.parse(out) as Echo
  assert.is(echo.method, 'PUT')
  assert.is(echo.announced, null)
  assert.is(echo.length, LARGE.length)
  assert.is(echo.sha256, digest(LARGE))
})

having(noCurl, 'curl resumes a download, and asks for parts', async ({ plain }) => {
  const url = `${plain.url}/large`
  const file = join(FOLDER, 'resumed')
  writeFileSync(file, LARGE.subarray(0, 300_001))

  await curl(['--continue-at', '-', '--output', file, url])
  const first = await curl(['--range', '0-7', '--write-out', '%{http_code}', url])
  const last = await curl(['--range', '-8', '--write-out', '%{http_code}', url])
  const beyond = await curl(['--range', '99999999-', '--write-out', '%{http_code}', url])

  assert.is(digest(readFileSync(file)), digest(LARGE))
  assert.is(first.out, '0000000\n206')
  assert.is(last.out, '0131071\n206')
  assert.is(beyond.out, '416')
})

having(noCurl, 'curl asks for heads alone, also of what it has already', async ({ plain }) => {
  const url = `${plain.url}/large`
  const sizes = ['--write-out', '%{http_code} %{size_download} %{num_connects}\n']

  const head = await curl(['--head', url])
  const again = await curl([...sizes, '-H', 'If-None-Match: "parrot-1"', url, url, '--head', url])

  assert.match(head.out, /^HTTP\/1\.1 200 OK\r$/m)
  assert.match(head.out, /^content-length: 1048576\r$/im)
  const lines = again.out.split('\n').filter((line) => /^\d+ \d+ \d+$/.test(line))
  assert.equal(lines, ['304 0 1', '304 0 0', '304 0 0'])
})

having(noCurl, 'curl unpacks what it asked to be compressed', async ({ plain }) => {
  const file = join(FOLDER, 'unpacked')
  const size = ['--write-out', '%{size_download}', '--output', file]

  const packed = await curl(['--compressed', ...size, `${plain.url}/packed`])
  const unpacked = readFileSync(file)
  const whole = await curl([...size, `${plain.url}/packed`])

  assert.is(digest(unpacked), digest(LARGE))
  assert.is(digest(readFileSync(file)), digest(LARGE))
  assert.ok(Number(packed.out) < Number(whole.out), `${packed.out} of ${whole.out}`)
})

having(noCurl, 'curl keeps its connection for all of its URLs', async ({ plain }) => {
  const write = ['--write-out', ' %{http_code} %{num_connects}\n']

  const { out } = await curl([...write, `${plain.url}/number?[1-20]`])

  const lines = Array.from({ length: 20 }, (_, at) => `${at + 1} 200 ${at === 0 ? 1 : 0}\n`)
  assert.is(out, lines.join(''))
})

having(noCurl, 'curl comes through a Unix socket', async ({ unix }) => {
  const socket = ['--unix-socket', unix.url.slice(5)]

  const { out } = await curl([...socket, '-T', UPLOAD, 'http://anything.example/echo'])

  assert.is((JSON.parse(out) as Echo).sha256, digest(readFileSync(UPLOAD)))
})

having(noCurl, 'an upload that nobody reads ends with the answer', async ({ secure }) => {
  const args = ['--http1.1', '--cacert', TRUSTED, '-T', UPLOAD]

  const { out } = await curl([...args, `${secure.url}/unread`])

  assert.match(out, /not read/)
})

for (const [option, protocol, reason] of [
  ['--http1.1', 'HTTP/1.1', noCurl],
  ['--http2', 'HTTP/2', noCurlHttp2]
] as const) {
  having(reason, `curl speaks ${protocol} over TLS, and uploads`, async ({ secure }) => {
    const args = [option, '--cacert', TRUSTED, '--write-out', '\n%{http_version}\n']

    const uploaded = await curl([...args, '-T', UPLOAD, `${secure.url}/echo`])
    const each = ['--parallel', '--output', join(FOLDER, '#1'), '--write-out', '%{http_version}|']
    const several = await curl([...args, ...each, `${secure.url}/number?[10-18]`])
    const refused = curl([option, `${secure.url}/number?1`]).then(() => 'trusted', String)

    const [json = '', spoken = ''] = uploaded.out.split('\n')
    const echo = JSON.parse(json) as Echo
    assert.is(`HTTP/${spoken}`, protocol)
    assert.is(echo.scheme, 'https')
    assert.is(echo.sha256, digest(readFileSync(UPLOAD)))
    assert.is(several.out, `${spoken}|`.repeat(9))
    for (let number = 10; number <= 18; number++) {
      assert.is(readFileSync(join(FOLDER, `${number}`), 'utf8'), `${number}`)
    }
    assert.match(await refused, /certificate/)
  })
}

having(
  noPython,
  'http.client of Python keeps its connection, and its answers apart',
  async (context) => {
    const { hostname, port } = new URL(context.plain.url)

    const { stdout } = await run('python3', [SCRIPT, hostname, port])

    const seen = JSON.parse(stdout) as Record<string, unknown[]>
    const echo = seen['chunked upload']?.[1] as Echo
    const body = Buffer.from('first second third')
    assert.equal(seen['kept alive'], [['0', '1', '2', '3', '4'], 1])
    assert.equal([echo.length, echo.sha256, echo.announced], [body.length, digest(body), null])
    assert.equal(seen.head, [200, '', String(LARGE.length)])
    assert.equal(seen['not modified'], [304, '', '"parrot-1"', null])
    assert.equal(seen['after both'], [200, 'after'])
    assert.equal(seen.stream, [200, 1000, 'chunked'])
    assert.equal(seen.unread, [
      [200, 'not read'],
      [200, '10'],
      [200, 'not read'],
      [200, '40000']
    ])
    assert.equal(seen.pipelined, [2, 'next', false])
    assert.equal(seen['1.0'], [200, 100, null])
  }
)

having(noWrk, 'wrk finds no error in two seconds', async ({ plain }) => {
  const { stdout } = await run('wrk', ['-t1', '-c8', '-d2s', `${plain.url}/number?7`])

  assert.match(stdout, /^ *[1-9]\d* requests in /m)
  assert.not.match(stdout, /Non-2xx|Socket errors/)
})

test(
  'undici pipelines ten requests, and gets the answers in order',
  within(LIMIT_MS, async ({ plain }) => {
    const client = new Client(plain.url, { pipelining: 10 })
    const numbers = Array.from({ length: 50 }, (_, number) => String(number))

    const answers = await Promise.all(
      numbers.map(async (number) => {
        const { body } = await client.request({ method: 'GET', path: `/number?${number}` })
        return body.text()
      })
    )
    await client.close()

    assert.equal(answers, numbers)
  })
)

test(
  'undici uploads streams, reads streams, and leaves one in the middle',
  within(LIMIT_MS, async ({ plain }) => {
    const pool = new Pool(plain.url, { connections: 2 })
    const pieces = Array.from({ length: 64 }, (_, at) =>
      LARGE.subarray(at * 16_384, (at + 1) * 16_384)
    )

    const upload = await pool.request({
      method: 'POST',
      path: '/echo',
      body: Readable.from(pieces)
    })
    const echo = (await upload.body.json()) as Echo
    const stream = await pool.request({ method: 'GET', path: '/stream?5000' })
    const lines = (await stream.body.text()).split('\n')
    const endless = await pool.request({ method: 'GET', path: '/endless?undici' })
    await once(endless.body, 'data')
    endless.body.on('error', () => {})
    endless.body.destroy()
    await plain.logged(/closed undici/)
    const after = await pool.request({ method: 'GET', path: '/number?after' })
    const text = await after.body.text()
    await pool.close()

    assert.equal([echo.length, echo.sha256, echo.announced], [LARGE.length, digest(LARGE), null])
    assert.is(lines.length, 5001)
    assert.is(text, 'after')
  })
)

test(
  "Node's own client keeps its connection, and leaves a response in the middle",
  within(LIMIT_MS, async ({ plain }) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const get = async (path: string): Promise<IncomingMessage> => {
      const [response] = await once(http.get(plain.url + path, { agent }), 'response')
      return response as IncomingMessage
    }
    const texts: string[] = []
    const ports = new Set<number | undefined>()

    for (let number = 0; number < 10; number++) {
      const response = await get(`/number?${number}`)
      ports.add(response.socket.localPort)
      texts.push(await textOf(response))
    }
    const endless = await get('/endless?node')
    await once(endless, 'data')
    endless.destroy()
    await plain.logged(/closed node/)
    const after = await textOf(await get('/number?after'))
    agent.destroy()

    assert.is(texts.join(''), '0123456789')
    assert.is(ports.size, 1)
    assert.is(after, 'after')
  })
)

test(
  'a client of HTTP/1.1 is served where HTTP/2 is offered',
  within(LIMIT_MS, async ({ secure }) => {
    const request = https.get(`${secure.url}/echo`, { ca: CERTIFICATE, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]

    const echo = JSON.parse(await textOf(response)) as Echo

    assert.equal([echo.protocol, echo.scheme], ['HTTP/1.1', 'https'])
  })
)

test(
  "Node's HTTP/2 client has ten streams at once, and resets one",
  within(LIMIT_MS, async ({ secure }) => {
    const session = http2.connect(secure.url, { ca: CERTIFICATE })
    const get = (path: string): http2.ClientHttp2Stream => session.request({ ':path': path })
    const post = session.request({ ':path': '/echo', ':method': 'POST' })
    post.end(LARGE)
    const echoed = textOf(post)

    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, number) => textOf(get(`/number?${number}`)))
    )
    const echo = JSON.parse(await echoed) as Echo
    const head = session.request({ ':path': '/large', ':method': 'HEAD' })
    const responded = once(head, 'response') as Promise<[http2.IncomingHttpHeaders]>
    const [[fields], nothing] = await Promise.all([responded, textOf(head)])
    const unread = session.request({ ':path': '/unread', ':method': 'POST' })
    unread.end(LARGE)
    assert.is(await textOf(unread), 'not read')
    const endless = get('/endless?http2')
    await once(endless, 'data')
    endless.close(http2.constants.NGHTTP2_CANCEL)
    await secure.logged(/closed http2/)
    const after = await textOf(get('/number?after'))
    session.close()

    assert.is(answers.join(''), '0123456789')
    assert.is(echo.sha256, digest(LARGE))
    assert.equal([fields[':status'], fields['content-length']], [200, String(LARGE.length)])
    assert.is(nothing, '')
    assert.is(after, 'after')
  })
)

test.run()
