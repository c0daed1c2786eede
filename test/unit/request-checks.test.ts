// What is refused before an application sees it, and with which status.
import type { IncomingMessage } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { WasgiError } from '../../src/errors.ts'
import { checkRequest, endsConnection } from '../../src/server/request-checks.ts'

const test = suite('request checks')

const LIMITS = { requestLineLimit: 100, headerLimit: 200, headerCountLimit: 5 }

interface Given {
  readonly method?: string
  readonly target?: string
  readonly version?: string
  readonly headers?: readonly string[]
}

/** The status that a request is refused with, 0 if it is not. */
function refusal({ method = 'GET', target = '/', version = '1.1', headers = [] }: Given): number {
  const rawHeaders = ['Host', 'example.org', ...headers]
  const named: Record<string, string> = {}
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    named[String(rawHeaders[i]).toLowerCase()] = String(rawHeaders[i + 1])
  }
  const raw = { method, url: '/', httpVersion: version, rawHeaders, headers: named }
  try {
    checkRequest(raw as unknown as IncomingMessage, target, LIMITS)
    return 0
  } catch (error) {
    return (error as WasgiError).statusCode
  }
}

const ROWS: ReadonlyArray<readonly [string, Given, number]> = [
  ['a plain request is let through', {}, 0],
  ['the version 1.0 is let through', { version: '1.0' }, 0],
  ['any other version is refused', { version: '2.0' }, 505],
  ['and so is a version from before 1.0', { version: '0.9' }, 505],
  ['a line of just the limit is let through', { target: `/${'a'.repeat(86)}` }, 0],
  ['a longer line is refused', { target: `/${'a'.repeat(87)}` }, 414],
  ['as many headers as allowed are let through', { headers: Array(8).fill('a') }, 0],
  ['one more is refused', { headers: Array(10).fill('a') }, 431],
  ['headers that are too large together are refused', { headers: ['a', 'b'.repeat(200)] }, 431],
  ['two Hosts are refused', { headers: ['HOST', 'example.org'] }, 400],
  [
    'two Hosts are refused beside a target that names one',
    { target: 'http://example.org/', headers: ['host', 'example.org'] },
    400
  ],
  [
    'two Content-Lengths are refused',
    { headers: ['Content-Length', '1', 'content-length', '1'] },
    400
  ],
  [
    'two Content-Types are refused',
    { headers: ['Content-Type', 'a/b', 'Content-type', 'a/b'] },
    400
  ],
  ['two of another name as long are let through', { headers: ['X-Ab', 'a', 'X-Ab', 'b'] }, 0],
  ['the asterisk is refused for GET', { target: '*' }, 400],
  ['the asterisk is let through for OPTIONS', { method: 'OPTIONS', target: '*' }, 0],
  ['and refused if anything follows it', { method: 'OPTIONS', target: '*a' }, 400],
  ['a fragment is refused', { target: '/a#b' }, 400],
  ['an absolute target is let through', { target: 'http://example.org/@' }, 0],
  ['but not without a host', { target: 'http:///' }, 400],
  ['and not with a port alone', { target: 'http://:80/' }, 400],
  ['and not with a user in it', { target: 'http://user@example.org/' }, 400],
  ['a chunked body is let through', { headers: ['Transfer-Encoding', 'Chunked'] }, 0],
  ['another coding before it is refused', { headers: ['Transfer-Encoding', 'gzip, chunked'] }, 501],
  [
    'a chunked body in HTTP/1.0 is refused',
    { version: '1.0', headers: ['Transfer-Encoding', 'chunked'] },
    400
  ],
  ['the expectation of a 100 is let through', { headers: ['Expect', '100-Continue'] }, 0],
  ['another expectation is refused', { headers: ['Expect', 'the best'] }, 417],
  ['but not in HTTP/1.0', { version: '1.0', headers: ['Expect', 'the best'] }, 0]
]

for (const [name, given, status] of ROWS) {
  test(name, () => {
    assert.is(refusal(given), status)
  })
}

const HOSTS: ReadonlyArray<readonly [string, number]> = [
  ['', 0],
  ['example.org', 0],
  ['example.org:8000', 0],
  ['[2001:db8::1]:443', 0],
  ['127.0.0.1', 0],
  ['caf%C3%A9.example', 0],
  ['l%', 400],
  ['a b', 400],
  ['example.org/path', 400],
  ['user@example.org', 400],
  ['example.org:80a', 400],
  ['[::1', 400]
]

for (const [host, status] of HOSTS) {
  test(`the Host "${host}" is ${status === 0 ? 'let through' : 'refused'}`, () => {
    const raw = {
      method: 'GET',
      url: '/',
      httpVersion: '1.1',
      rawHeaders: ['Host', host],
      headers: { host }
    }
    const check = (): void => checkRequest(raw as unknown as IncomingMessage, '/', LIMITS)
    if (status === 0) check()
    else assert.throws(check, (error: unknown) => (error as WasgiError).statusCode === status)
  })
}

test('a connection ends with a refusal after which its next bytes may be anything', () => {
  assert.equal(
    [400, 403, 404, 408, 413, 414, 417, 431, 500, 501, 505].filter(endsConnection),
    [400, 408, 413, 414, 417, 431, 501, 505]
  )
})

test.run()
