// The small examples at work, and wsgiref's validator around all of them.
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Reply, type RequestOptions, serve, type TestServer } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'
import { Visitor } from './visitor.ts'

const LIMIT_MS = 120_000

interface Context {
  server: TestServer
  ask(path: string, options?: RequestOptions): Promise<Reply>
}

const test = suite<Context>('examples, validated')

test.before(async (context) => {
  const folders = ['', 'flask_notes', 'django_guestbook'].map((name) => example(name))
  const paths = [...folders, await frameworks()].flatMap((path) => ['--python-path', path])
  const data = ['--data-dir', temporaryFolder()]
  const args = [testApp('validated.py'), '--workers', '1', ...paths, ...data]
  context.server = await serve(args)
  context.ask = (path, options) => context.server.request(path, options)
})
test.after(({ server }) => server.close())

test.after.each(async ({ server }) => {
  assert.not.match(await server.caughtUp(), /AssertionError|WSGIWarning|without being closed/)
})

test(
  'hints serves a page and its style',
  within(LIMIT_MS, async ({ ask }) => {
    const page = await ask('/hints')
    const style = await ask('/hints/style.css')

    assert.equal([page.status, style.status], [200, 200])
    assert.match(page.text, /<link rel="stylesheet" href="\/style\.css">/)
    assert.is(style.headers['content-type'], 'text/css')
  })
)

test(
  'hello greets by any name',
  within(LIMIT_MS, async ({ ask }) => {
    const world = await ask('/hello')
    const zoe = await ask('/hello/Zo%C3%AB')
    const head = await ask('/hello', { method: 'HEAD' })

    assert.is(world.text, 'Hello, world!\n')
    assert.is(zoe.text, 'Hello, Zoë!\n')
    assert.is(head.headers['content-length'], '14')
  })
)

test(
  'echo shows the request and sends its body back, whatever it holds',
  within(LIMIT_MS, async ({ ask }) => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))

    const shown = await ask('/echo/a%20b?c=d', { method: 'POST', body: 'the body' })
    const back = await ask('/echo/body', { method: 'POST', body })
    const chunks = { 'transfer-encoding': 'chunked', 'content-type': 'image/png' }
    const chunked = await ask('/echo/body', { method: 'POST', body, headers: chunks })

    assert.match(shown.text, /^POST \/echo\/a b\n/)
    assert.match(shown.text, /^QUERY_STRING: 'c=d'$/m)
    assert.match(shown.text, /\n\nthe body$/)
    assert.ok(back.body.equals(body))
    assert.is(back.headers['content-length'], '300000')
    assert.ok(chunked.body.equals(body))
    assert.is(chunked.headers['content-type'], 'image/png')
  })
)

test(
  'streaming counts, sends events and bytes, and refuses what it does not know',
  within(LIMIT_MS, async ({ ask }) => {
    const page = await ask('/streaming/')
    const count = await ask('/streaming/count?to=3')
    const events = await ask('/streaming/events?count=2&every=0.01')
    const bytes = await ask('/streaming/download?bytes=200000')
    const none = await ask('/streaming/download?bytes=0')
    const bad = await ask('/streaming/count?to=many')
    const missing = await ask('/streaming/nothing')

    assert.match(page.text, /EventSource/)
    assert.is(count.text, '1\n2\n3\n')
    assert.is(events.headers['content-type'], 'text/event-stream')
    assert.match(events.text, /^id: 1\ndata: [\d:]{8}\n\nid: 2\ndata: [\d:]{8}\n\n$/)
    assert.is(bytes.body.length, 200_000)
    assert.is(none.body.length, 0)
    assert.is(bad.status, 400)
    assert.is(missing.status, 404)
  })
)

test(
  'upload answers length and SHA-256 of a plain body and of a form',
  within(LIMIT_MS, async ({ ask }) => {
    const file = Buffer.concat([Buffer.alloc(200_000, 'ab\r\n'), Buffer.from('\r\n--x\r\n\n\r')])
    const expected = { length: file.length, sha256: sha256(file) }
    const form = Buffer.concat([
      Buffer.from('--X-Y\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'),
      file,
      Buffer.from('\r\n--X-Y\r\nContent-Disposition: form-data; name="b"\r\n\r\nb\r\n--X-Y--\r\n')
    ])
    const multipart = { 'content-type': 'multipart/form-data; boundary="X-Y"' }

    const plain = await ask('/upload', { method: 'PUT', body: file })
    const sent = await ask('/upload', { method: 'POST', body: form, headers: multipart })
    const cut = form.subarray(0, 1000)
    const broken = await ask('/upload', { method: 'POST', body: cut, headers: multipart })
    const page = await ask('/upload')
    const wrong = await ask('/upload', { method: 'DELETE' })

    assert.equal(JSON.parse(plain.text), expected)
    assert.equal(JSON.parse(sent.text), expected)
    assert.is(broken.status, 400)
    assert.match(page.text, /multipart\/form-data/)
    assert.is(wrong.status, 405)
  })
)

test(
  'the Flask and the Django example keep to PEP 3333, static files included',
  within(LIMIT_MS, async ({ server, ask }) => {
    const flask = new Visitor(server.url)
    const django = new Visitor(server.url)

    const signedUp = await flask.fill('/flask/signup', { name: 'Ann', password: 'x' })
    const loggedIn = await flask.fill('/flask/login', { name: 'Ann', password: 'x' })
    const signed = await django.fill('/django/', { name: 'Ann', message: 'Hello.' })
    const others = ['/flask/clock', '/flask/static/style.css', '/django/entries.json']
    const css = '/django/static/admin/css/base.css'
    const rest = await Promise.all([...others, css].map((path) => ask(path)))
    const etag = String(rest[1]?.headers.etag)
    const unchanged = await ask('/flask/static/style.css', { headers: { 'if-none-match': etag } })

    assert.match(signedUp.text, /Welcome/)
    assert.match(loggedIn.text, /Hello, Ann/)
    assert.match(signed.text, /Thank you, Ann/)
    for (const { status } of rest) assert.is(status, 200)
    assert.is(unchanged.status, 304)
  })
)

test.run()

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
