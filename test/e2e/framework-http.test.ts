// What HTTP has beyond pages, as Flask and Django make it, over the wire: the same table for both.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Reply, serve, type TestServer } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { Visitor } from './visitor.ts'

const LIMIT_MS = 120_000
const LINES = Buffer.from(
  Array.from({ length: 131_072 }, (_, line) => `${String(line).padStart(7, '0')}\n`).join('')
)
const DATE = 'Sat, 01 Jan 2000 00:00:00 GMT'
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface Context {
  server: TestServer
}
interface Part {
  readonly name: string
  readonly filename?: string
  readonly body: string | Uint8Array
}

/** A form as browsers send it (RFC 7578). */
function form(parts: readonly Part[]): { type: string; body: Buffer } {
  const boundary = '----boundary'
  const pieces = parts.flatMap(({ name, filename, body }) => {
    const file = filename === undefined ? '' : `; filename="${filename}"`
    const type = filename === undefined ? '' : 'Content-Type: application/octet-stream\r\n'
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n${type}\r\n`
    return [Buffer.from(head), Buffer.from(body as Uint8Array), Buffer.from('\r\n')]
  })
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
  return { type: `multipart/form-data; boundary=${boundary}`, body }
}

/** Sends a body in pieces, without telling its length. */
async function sendChunked(url: string, pieces: readonly Uint8Array[]): Promise<string> {
  const request = http.request(url, { method: 'PUT', agent: false })
  for (const piece of pieces) request.write(piece)
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

for (const framework of ['flask', 'django']) {
  const test = suite<Context>(`HTTP of ${framework}`)
  const app = fileURLToPath(new URL(`framework-apps/${framework}_site.py`, import.meta.url))

  test.before(async (context) => {
    const packages = ['--python-path', await frameworks()]
    context.server = await serve([app, ...packages, '--workers', '1', '--access-log', 'off'])
  })
  test.after(({ server }) => server?.close())

  test(
    'a stream arrives whole, its length untold',
    within(LIMIT_MS, async ({ server }) => {
      const { status, headers, text } = await server.request('/stream?lines=2000')

      const lines = text.trimEnd().split('\n')
      assert.is(status, 200)
      assert.is(headers['transfer-encoding'], 'chunked')
      assert.is(headers['content-length'], undefined)
      assert.equal([lines.length, lines[0], lines[1999]], [2000, 'GET 0', 'GET 1999'])
    })
  )

  test(
    'a form brings fields and files, small and large',
    within(LIMIT_MS, async ({ server }) => {
      const large = Buffer.concat([LINES, LINES, LINES, LINES])
      const { type, body } = form([
        { name: 'title', body: 'Größe' },
        { name: 'small', filename: 'small.txt', body: 'some\r\nlines' },
        { name: 'large', filename: 'grôß.bin', body: large },
        { name: 'empty', filename: 'empty.txt', body: '' }
      ])

      const headers = { 'content-type': type }
      const reply = await server.request('/upload', { method: 'POST', headers, body })

      const { fields, files } = JSON.parse(reply.text)
      assert.equal(fields, { title: 'Größe' })
      assert.equal(files.small, ['small.txt', 11, digest(Buffer.from('some\r\nlines'))])
      assert.equal(files.large, ['grôß.bin', large.length, digest(large)])
      assert.equal(files.empty, ['empty.txt', 0, digest(Buffer.alloc(0))])
    })
  )

  test(
    'a body that is no form is read as it comes',
    within(LIMIT_MS, async ({ server }) => {
      const whole = await server.request('/raw', { method: 'PUT', body: LINES })

      const { body, announced } = JSON.parse(whole.text)
      assert.equal(body, [LINES.length, digest(LINES)])
      assert.is(announced, LINES.length)
    })
  )

  test(
    'a file comes as it is, and HEAD tells of it without sending it',
    within(LIMIT_MS, async ({ server }) => {
      const file = await server.request('/file')
      const head = await server.request('/file', { method: 'HEAD' })
      const download = await server.request('/download')

      assert.is(digest(file.body), digest(LINES))
      assert.is(file.headers['content-length'], String(LINES.length))
      assert.match(String(file.headers['content-type']), /^text\/plain/)
      assert.equal([head.status, head.body.length], [200, 0])
      assert.is(head.headers['content-length'], String(LINES.length))
      assert.is(digest(download.body), digest(LINES))
      assert.match(
        String(download.headers['content-disposition']),
        /^attachment; .*l%C3%AFnes\.bin/
      )
    })
  )

  test(
    'who has a page already is not sent it again, by tag or by date',
    within(LIMIT_MS, async ({ server }) => {
      const ask = (headers: Record<string, string>): Promise<Reply> =>
        server.request('/page', { headers })
      const first = await ask({})
      const tag = String(first.headers.etag)

      const same = await ask({ 'if-none-match': tag })
      const oneOf = await ask({ 'if-none-match': `"other", ${tag}` })
      const other = await ask({ 'if-none-match': '"other"' })
      const unchanged = await ask({ 'if-modified-since': DATE })
      const changed = await ask({ 'if-modified-since': 'Fri, 31 Dec 1999 23:59:59 GMT' })
      const failed = await ask({ 'if-match': '"other"' })

      assert.is(first.headers['last-modified'], DATE)
      assert.equal(
        [first, same, oneOf, other, unchanged, changed, failed].map(({ status }) => status),
        [200, 304, 304, 200, 304, 200, 412]
      )
      for (const { body, headers } of [same, oneOf, unchanged]) {
        assert.is(body.length, 0)
        assert.is(headers.etag, tag)
        assert.is(headers['transfer-encoding'], undefined)
      }
    })
  )

  test(
    'cookies stay apart, come back, and are deleted',
    within(LIMIT_MS, async ({ server }) => {
      const visitor = new Visitor(server.url)
      const first = await visitor.request('/cookies', { headers: { cookie: 'old=x; other=y' } })
      const second = await visitor.request('/cookies')

      const lines = first.headers['set-cookie'] ?? []
      assert.equal(JSON.parse(first.text), { old: 'x', other: 'y' })
      assert.is(lines.length, 4, lines.join('\n'))
      assert.match(lines.find((line) => line.startsWith('one=')) ?? '', /^one=1; .*HttpOnly/)
      assert.match(lines.find((line) => line.startsWith('old=')) ?? '', /Max-Age=0/)
      const { one, two } = JSON.parse(second.text)
      assert.equal([one, two], ['1', '2 zwei'])
      assert.equal([first.headers['x-visits'], second.headers['x-visits']], ['1', '2'])
    })
  )

  test(
    'redirects keep what they are to keep',
    within(LIMIT_MS, async ({ server }) => {
      const page = await server.request('/redirect')
      const upload = await server.request('/redirect', { method: 'POST' })
      const folder = await server.request('/folder?q=%C3%A9')

      assert.equal([page.status, page.headers.location], [302, '/page?of=x+y'])
      assert.equal([upload.status, upload.headers.location], [307, '/upload'])
      assert.ok([301, 308].includes(folder.status), String(folder.status))
      assert.match(String(folder.headers.location), /\/folder\/\?q=%C3%A9$/)
    })
  )

  if (framework === 'flask') {
    test('a chunked body is read to its end', within(LIMIT_MS, flaskReadsChunks))
    test('parts of files are sent for ranges', within(LIMIT_MS, flaskSendsRanges))
  }

  test.run()
}

async function flaskReadsChunks({ server }: Context): Promise<void> {
  const pieces = [LINES.subarray(0, 10), LINES.subarray(10, 500_000), LINES.subarray(500_000)]

  const answer = JSON.parse(await sendChunked(`${server.url}/raw`, pieces))

  assert.equal(answer, { body: [LINES.length, digest(LINES)], announced: null })
}

async function flaskSendsRanges({ server }: Context): Promise<void> {
  const ask = (range: string, more: Record<string, string> = {}): Promise<Reply> =>
    server.request('/file', { headers: { range, ...more } })
  const tag = String((await server.request('/file', { method: 'HEAD' })).headers.etag)

  const first = await ask('bytes=0-7')
  const last = await ask('bytes=-8')
  const rest = await ask('bytes=500000-')
  const same = await ask('bytes=8-15', { 'if-range': tag })
  const other = await ask('bytes=8-15', { 'if-range': '"other"' })
  const beyond = await ask('bytes=1048576-')
  const head = await server.request('/file', { method: 'HEAD', headers: { range: 'bytes=0-7' } })

  const size = LINES.length
  const replies = [first, last, rest, same, other, beyond]
  assert.equal(
    replies.map(({ status }) => status),
    [206, 206, 206, 206, 200, 416]
  )
  assert.equal([first.text, last.text, same.text], ['0000000\n', '0131071\n', '0000001\n'])
  assert.is(first.headers['content-range'], `bytes 0-7/${size}`)
  assert.is(last.headers['content-range'], `bytes ${size - 8}-${size - 1}/${size}`)
  assert.is(digest(rest.body), digest(LINES.subarray(500_000)))
  assert.is(digest(other.body), digest(LINES))
  assert.is(beyond.headers['content-range'], `bytes */${size}`)
  assert.is(head.body.length, 0)
}
