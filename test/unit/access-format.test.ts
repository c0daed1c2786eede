// gunicorn's access_log_format: each of its atoms, and what a client can do to a line.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AccessDetail, compileAccessFormat } from '../../src/telemetry/access-format.ts'
import type { Access } from '../../src/telemetry/access-log.ts'

const test = suite('access_log_format')

const access: Access = {
  time: new Date(2000, 9, 10, 13, 55, 36),
  durationMs: 2_345.6789,
  remoteAddress: '192.0.2.1',
  method: 'GET',
  url: '/a%20path?x=1&y=2',
  httpVersion: '1.1',
  status: 200,
  bytes: 2326,
  referer: 'http://example.org/',
  userAgent: 'tester/1.0'
}

const HEADERS: Readonly<Record<string, string>> = {
  authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}`,
  'x-request-id': 'abc-1',
  'content-type': 'text/plain'
}

const detail: AccessDetail = {
  protocol: 'https',
  requestHeader: (name) => HEADERS[name],
  responseHeader: (name) => ({ 'content-type': 'text/html' })[name]
}

/** The line without its end. */
function line(format: string, changes: Partial<Access> = {}): string {
  const compiled = compileAccessFormat(format)
  assert.type(compiled, 'function', String(compiled))
  const text = (compiled as Exclude<typeof compiled, readonly string[]>)(
    { ...access, ...changes },
    detail
  )
  assert.is(text.indexOf('\n'), text.length - 1)
  return text.slice(0, -1)
}

test("each of gunicorn's atoms has gunicorn's meaning", () => {
  const meanings: ReadonlyArray<readonly [atom: string, value: string | RegExp]> = [
    ['h', '192.0.2.1'],
    ['l', '-'],
    ['u', 'ann'],
    ['t', /^\[10\/Oct\/2000:13:55:36 [+-]\d{4}\]$/],
    ['r', 'GET /a%20path?x=1&y=2 HTTP/1.1'],
    ['m', 'GET'],
    ['U', '/a%20path'],
    ['q', 'x=1&y=2'],
    ['H', 'HTTP/1.1'],
    ['s', '200'],
    ['B', '2326'],
    ['b', '2326'],
    ['f', 'http://example.org/'],
    ['a', 'tester/1.0'],
    ['T', '2'],
    ['M', '2345'],
    ['D', '2345678'],
    ['L', '2.345679'],
    ['p', `<${process.pid}>`],
    ['{x-request-id}i', 'abc-1'],
    ['{X-Request-Id}i', 'abc-1'],
    ['{Content-Type}o', 'text/html'],
    ['{HTTP_X_REQUEST_ID}e', 'abc-1'],
    ['{REQUEST_METHOD}e', 'GET'],
    ['{wsgi.url_scheme}e', 'https']
  ]

  for (const [atom, value] of meanings) {
    const text = line(`%(${atom})s`)
    if (typeof value === 'string') assert.is(text, value, atom)
    else assert.match(text, value, atom)
  }
})

test("gunicorn's default format is the combined one", () => {
  const text = line('%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"')

  const rest = '"GET /a%20path?x=1&y=2 HTTP/1.1" 200 2326 "http://example.org/" "tester/1.0"'
  assert.match(text, /^192\.0\.2\.1 - ann \[10\/Oct\/2000:13:55:36 [+-]\d{4}\] /)
  assert.ok(text.endsWith(rest))
})

test('what is absent is a dash, and a doubled percent sign is one', () => {
  const absent = { remoteAddress: undefined, referer: undefined, userAgent: '', bytes: 0, url: '/' }

  const text = line(
    '100%% %(h)s %(f)s %(a)s %(b)s %(B)s %(q)s %({nothing}i)s %({nothing}o)s',
    absent
  )

  assert.is(text, '100% - - - - 0 - - -')
})

test('a client can end neither a field nor a line', () => {
  const evil = 'a"b\\c\r\nd\x1b[2J\xe9'

  const text = line('"%(a)s" "%(f)s" "%(r)s"', { userAgent: evil, referer: evil, url: evil })

  const safe = 'a\\"b\\\\c\\r\\nd\\x1b[2J\\xe9'
  assert.is(text, `"${safe}" "${safe}" "GET ${safe} HTTP/1.1"`)
})

test('a user name is taken from Basic credentials alone, escaped, without the password', () => {
  const named = (credentials: string): string => {
    const compiled = compileAccessFormat('%(u)s') as Exclude<
      ReturnType<typeof compileAccessFormat>,
      readonly string[]
    >
    return compiled(access, { ...detail, requestHeader: () => credentials })
  }

  const names = ['Basic YSJiCjpw', 'Bearer YTpi', 'Basic ???', 'basic YW5uOng='].map(named)

  assert.equal(names, ['a\\"b\\n\n', '-\n', '-\n', 'ann\n'])
})

test('pieces that mean nothing are named, all of them', () => {
  const unknown = compileAccessFormat(
    '%(h)s %(x)s %(h)d %h 100% %(constructor)s %({PATH}e)s %({a b}i)s %({x}z)s %(s'
  )

  assert.equal(unknown, [
    '%(x)s',
    '%(h)d',
    '%h',
    '% ',
    '%(constructor)s',
    '%({PATH}e)s',
    '%({a b}i)s',
    '%({x}z)s',
    '%('
  ])
})

test.run()
