// Requests whose line or header fields are wrong, or say what no application should be told.
import * as assert from 'uvu/assert'
import { type Refusal, refusal } from '../refusal.ts'
import type { Row } from '../row.ts'

type Requests = Refusal['requests']

/** A request for each of these first lines; `%` is where the prefix goes. */
const lines =
  (...given: readonly string[]): Requests =>
  (prefix, pick) =>
    given.map((line) => `${line.replace('%', prefix)}\r\nHost: x\r\n${pick}\r\n`)

/** A request for each of these groups of header lines. */
const fields =
  (...given: readonly string[]): Requests =>
  (prefix, pick) =>
    given.map((field) => `GET ${prefix}/ HTTP/1.1\r\n${field}\r\n${pick}\r\n`)

const beside = (...given: readonly string[]): Requests =>
  fields(...given.map((field) => `Host: x\r\n${field}`))

const LINE = 'RFC 9112, 3'
const FIELD = 'RFC 9112, 5.1'
const HOST = 'RFC 9112, 3.2'

export const rows: readonly Row[] = [
  refusal({
    promise: 'HTTP/1.1 without a Host',
    source: HOST,
    requests: fields('X-Other: x')
  }),
  refusal({
    promise: 'two Hosts, different or equal',
    source: HOST,
    traps: [17],
    requests: fields('Host: a\r\nHost: b', 'Host: x\r\nhost: x', 'Host:\r\nHost: x')
  }),
  refusal({
    promise: 'a Host that is no host',
    source: HOST,
    requests: fields(
      ...['Host: a b', 'Host: a/b', 'Host: u@x', 'Host: x:y', 'Host: x?y', 'Host: x#y'],
      ...[
        'Host: [::1',
        'Host: a\\b',
        'Host: <x>',
        'Host: http://x/',
        'Host: \xe9',
        'Host: x:1:2',
        'Host: l%'
      ]
    )
  }),
  refusal({
    promise: 'two Content-Types',
    source: 'RFC 9110, 5.3 and 8.3: a field that is no list occurs once',
    traps: [17],
    requests: beside(
      'Content-Type: text/plain\r\nContent-Type: text/html',
      'Content-Type: text/plain\r\ncontent-type: text/plain'
    )
  }),
  refusal({
    promise: 'GET *, since the asterisk is for OPTIONS',
    source: 'RFC 9112, 3.2.4',
    traps: [7],
    except: { plugin: 'what is below no prefix, the host program answers' },
    requests: lines(
      'GET * HTTP/1.1',
      'POST * HTTP/1.1',
      'OPTIONS *a HTTP/1.1',
      'OPTIONS */ HTTP/1.1'
    )
  }),
  refusal({
    promise: 'a version before HTTP/1.0, or beyond HTTP/1',
    source: 'RFC 9110, 15.6.6',
    statuses: [400, 505],
    requests: lines('GET %/ HTTP/0.9', 'GET %/ HTTP/2.0')
  }),
  refusal({
    promise: 'a version that there is not',
    source: 'RFC 9112, 2.3',
    statuses: [400, 505],
    parser: 'HPE_INVALID_VERSION',
    requests: lines(
      ...['GET %/ HTTP/1.2', 'GET %/ HTTP/3.0', 'GET %/ HTTP/1', 'GET %/ HTTP/01.1'],
      ...['GET %/ HTTP/1.11', 'GET %/ HTTP/1.1x', 'GET %/ HTTP/1.1 ']
    )
  }),
  refusal({
    promise: 'a name of the protocol in lower case',
    source: 'RFC 9112, 2.3: HTTP-name is case-sensitive',
    statuses: [400, 505],
    parser: 'HPE_INVALID_CONSTANT',
    requests: lines('GET %/ http/1.1', 'GET %/ Http/1.1')
  }),
  refusal({
    promise: 'a request line without a version',
    source: LINE,
    statuses: [400, 505],
    requests: (prefix) => [`GET ${prefix}/\r\n\r\n`]
  }),
  refusal({
    promise: "HTTP/2's preface where HTTP/2 is not spoken",
    source: 'RFC 9113, 3.4',
    statuses: [400, 505],
    parser: 'HPE_PAUSED_H2_UPGRADE',
    requests: () => ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']
  }),
  refusal({
    promise: "a request for a path with the method of HTTP/2's preface",
    source: 'RFC 9110, 9.1 and 15.6.2',
    statuses: [400, 501],
    closes: true,
    except: { plugin: 'what a method is that no route has, a server of somebody else says' },
    requests: (prefix, pick) => [
      `PRI ${prefix}/ HTTP/1.1\r\nHost: a\r\n${pick}\r\nGET ${prefix}/ HTTP/1.1\r\nHost: a\r\n${pick}\r\n`,
      `PRI ${prefix}/\n\r\n`
    ]
  }),
  refusal({
    promise: 'a method that nobody has registered, or not in that case',
    source: 'RFC 9110, 9.1 (501 is for methods, and Node takes them for syntax)',
    statuses: [400, 405, 501],
    parser: 'HPE_INVALID_METHOD',
    requests: lines(
      'FOO %/ HTTP/1.1',
      'get %/ HTTP/1.1',
      'Get %/ HTTP/1.1',
      'GETS %/ HTTP/1.1',
      'G@T %/ HTTP/1.1'
    )
  }),
  refusal({
    promise: 'a request line with a space or a tab too many',
    source: LINE,
    parser: 'HPE_INVALID_METHOD',
    requests: lines(' GET %/ HTTP/1.1', '\tGET %/ HTTP/1.1', 'GET\t%/ HTTP/1.1')
  }),
  refusal({
    promise: 'a target with a space in it',
    source: 'RFC 9112, 3.2',
    parser: 'HPE_INVALID_CONSTANT',
    requests: lines('GET %/a b HTTP/1.1', 'GET %/ x HTTP/1.1')
  }),
  refusal({
    promise: 'a target with bytes that no URL has',
    source: 'RFC 3986, 2',
    traps: [6],
    parser: 'HPE_INVALID_URL',
    requests: lines(
      ...['GET %/\xc3\xa9 HTTP/1.1', 'GET %/?\xff HTTP/1.1', 'GET %/\x01 HTTP/1.1'],
      ...['GET %/\0 HTTP/1.1', 'GET %/\x7f HTTP/1.1', 'GET %/\tHTTP/1.1']
    )
  }),
  refusal({
    promise: 'a target that does not begin with a slash, a scheme or an asterisk',
    source: 'RFC 9112, 3.2',
    parser: 'HPE_INVALID_URL',
    requests: lines(
      'GET a HTTP/1.1',
      'GET ?a HTTP/1.1',
      'GET x:80 HTTP/1.1',
      'GET http:/x/ HTTP/1.1'
    )
  }),
  refusal({
    promise: 'an absolute target without a host',
    source: 'RFC 9110, 4.2.1: an empty host is invalid',
    except: { plugin: 'what is below no prefix, the host program answers' },
    requests: lines('GET http://%/ HTTP/1.1', 'GET http:// HTTP/1.1', 'GET http://:80%/ HTTP/1.1')
  }),
  refusal({
    promise: "an absolute target with somebody's name and password",
    source: 'RFC 9110, 4.2.4: an error, if it comes from an untrusted source',
    requests: lines('GET http://u:p@x%/ HTTP/1.1', 'GET http://x@%/ HTTP/1.1')
  }),
  refusal({
    promise: 'a target with a fragment',
    source: 'RFC 9112, 3.2.1: a target has none',
    requests: lines('GET %/a#b HTTP/1.1', 'GET %/a?b#c HTTP/1.1', 'GET %/# HTTP/1.1')
  }),
  {
    section: 'What is refused',
    promise: 'CONNECT, since this is no proxy: the connection is closed, if not answered',
    source: 'RFC 9110, 9.3.6',
    raw: true,
    except: { plugin: 'whether there are tunnels, the host program says' },
    check: async (wire) => {
      for (const request of lines('CONNECT x:80 HTTP/1.1')(wire.prefix, wire.pick('mirror'))) {
        const connection = await wire.connect()
        connection.write(request)
        const text = await connection.closed()
        connection.destroy()

        assert.match(text, /^(HTTP\/1\.1 (400|405|501) [\s\S]*)?$/)
        assert.equal(await wire.journal(), [])
      }
    }
  },
  refusal({
    promise: 'a header line without a colon, or without a name',
    source: FIELD,
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: beside('nonsense', ': x', 'A')
  }),
  refusal({
    promise: 'a space between the name of a header and its colon',
    source: FIELD,
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: beside('A : b', 'A\t: b', 'A b: c')
  }),
  refusal({
    promise: 'a header name that is no token',
    source: 'RFC 9110, 5.1',
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: beside('A(: b', 'A/B: c', '\xe9: b', 'A\0: b', '"A": b', 'A\x0c: b')
  }),
  refusal({
    promise: 'a header value with a control character',
    source: 'RFC 9110, 5.5',
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: beside('A: b\0c', 'A: b\x01', 'A: b\x7f', 'A: \x1b[0m')
  }),
  refusal({
    promise: 'CR alone within a header value',
    source: 'RFC 9112, 2.2',
    parser: 'HPE_LF_EXPECTED',
    requests: beside('A: b\rc', 'A: b\rX-App: stray')
  }),
  refusal({
    promise: 'a header that goes on in the next line',
    source: 'RFC 9112, 5.2',
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: beside('A: b\r\n c', 'A: b\r\n\tc', 'A:\r\n b')
  }),
  refusal({
    promise: 'white space before the first header',
    source: 'RFC 9112, 2.2',
    parser: 'HPE_UNEXPECTED_SPACE',
    requests: fields(' Host: x')
  }),
  refusal({
    promise: 'a header line that ends with LF alone',
    source: 'RFC 9112, 2.2: a server may take it, and one behind another server should not',
    parser: 'HPE_CR_EXPECTED',
    requests: beside('A: b\nC: d')
  }),
  refusal({
    promise: 'what is no HTTP at all',
    source: LINE,
    parser: 'HPE_INVALID_METHOD',
    requests: () => ['\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 'HELO x\r\n\r\n', '{"a": 1}\r\n\r\n']
  }),
  {
    section: 'What is refused',
    promise: 'what it says to a HEAD that it refuses has no body either',
    source: 'RFC 9110, 9.3.2',
    raw: true,
    except: { plugin: 'what cannot be parsed, the server that mounts it answers' },
    check: async (wire) => {
      const fields = `Host: a\r\n${wire.pick('mirror')}`
      // No line begins with what comes behind a body.
      const before = `POST / HTTP/1.1\r\n${fields}Content-Length: 7\r\n\r\na=1&b=2`
      for (const [target, first] of [
        ['h1://', ''],
        ['/a b', ''],
        ['/#', ''],
        ['h1://', before]
      ] as const) {
        const connection = await wire.connect()
        connection.write(`${first}HEAD ${target} HTTP/1.1\r\n${fields}\r\n`)
        const text = await connection.closed()
        connection.destroy()

        assert.match(text, first === '' ? /^HTTP\/1\.1 400 / : /HTTP\/1\.1 400 /, target)
        assert.ok(text.endsWith('\r\n\r\n'), `${target}: ${text}`)
      }
    }
  }
]
