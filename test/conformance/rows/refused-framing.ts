// Requests whose bodies end where two readers would not agree: the stuff of request smuggling.
import { type Refusal, refusal } from '../refusal.ts'
import type { Row } from '../row.ts'

/** `%` is where the prefix goes. */
const SMUGGLED = 'GET %/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

type Requests = Refusal['requests']

/** A POST for each of these framings, whose body is taken for another request if it is not refused. */
const framed =
  (framings: readonly string[], body: string, version = '1.1'): Requests =>
  (prefix, pick) =>
    framings.map(
      (framing) =>
        `POST ${prefix}/ HTTP/${version}\r\nHost: x\r\n${pick}${framing}\r\n\r\n${body.replace('%', prefix)}`
    )

const lengths = (...values: readonly string[]): Requests =>
  framed(
    values.map((value) => `Content-Length: ${value}`),
    SMUGGLED
  )

const codings = (...values: readonly string[]): Requests =>
  framed(
    values.map((value) => `Transfer-Encoding: ${value}`),
    `0\r\n\r\n${SMUGGLED}`
  )

const chunks =
  (...bodies: readonly string[]): Requests =>
  (prefix, pick) =>
    bodies.flatMap((body) =>
      framed(['Transfer-Encoding: chunked'], `${body}${SMUGGLED}`)(prefix, pick)
    )

const CHUNKS = 'RFC 9112, 7.1'
const LENGTH = 'RFC 9112, 6.3; RFC 9110, 8.6'
const CODING = 'RFC 9112, 6.1 and 6.3'

const ambiguous = (refused: Refusal): Row => refusal({ ...refused, closes: true })

export const rows: readonly Row[] = [
  ambiguous({
    promise: 'a request with both a Content-Length and a Transfer-Encoding, a length first',
    source: CODING,
    parser: 'HPE_INVALID_TRANSFER_ENCODING',
    requests: framed(['Content-Length: 5\r\nTransfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`)
  }),
  ambiguous({
    promise: 'a request with both a Content-Length and a Transfer-Encoding, a coding first',
    source: CODING,
    parser: 'HPE_INVALID_CONTENT_LENGTH',
    requests: framed(['Transfer-Encoding: chunked\r\nContent-Length: 5'], `0\r\n\r\n${SMUGGLED}`)
  }),
  ambiguous({
    promise: 'two lengths, different or equal',
    source: LENGTH,
    traps: [17],
    parser: 'HPE_UNEXPECTED_CONTENT_LENGTH',
    requests: lengths(
      '5\r\nContent-Length: 6',
      '36\r\nContent-Length: 36',
      '0\r\ncontent-length: 0'
    )
  }),
  ambiguous({
    promise: 'a length that is not digits and nothing else',
    source: LENGTH,
    traps: [10],
    parser: 'HPE_INVALID_CONTENT_LENGTH',
    requests: lengths(
      ...['+5', '-5', '0x5', '5, 5', '5,5', '5 5', '5.0', '5e0', '1_0', '5;', 'five', '', '\x0b5'],
      ...['\xb2', '"5"', '99999999999999999999']
    )
  }),
  ambiguous({
    promise: 'a coding that is not chunked',
    source: CODING,
    statuses: [400, 501],
    parser: 'HPE_INVALID_TRANSFER_ENCODING',
    requests: codings('identity', 'gzip', 'xchunked', 'chunkedx', 'chunked;a=b', '"chunked"', '')
  }),
  ambiguous({
    promise: 'chunks that are coded a second time',
    source: `${CODING}: chunked must be applied once, and last`,
    statuses: [400, 501],
    parser: 'HPE_INVALID_TRANSFER_ENCODING',
    requests: codings(
      ...['chunked, identity', 'chunked, chunked', 'chunked\r\nTransfer-Encoding: chunked'],
      ...['chunked\r\nTransfer-Encoding: identity', 'chunked, gzip', 'chunked,']
    )
  }),
  ambiguous({
    promise: 'a coding within the chunks that nobody here can undo',
    source: CODING,
    statuses: [400, 501],
    requests: codings('gzip, chunked', 'identity, chunked', 'gzip\r\nTransfer-Encoding: chunked')
  }),
  ambiguous({
    promise: 'a control character before the name of the coding',
    source: 'RFC 9110, 5.5',
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: codings('\x0bchunked', '\x0cchunked', 'chunked\x0b', '\0chunked')
  }),
  ambiguous({
    promise: 'HTTP/1.0 with a Transfer-Encoding',
    source: 'RFC 9112, 6.1: treated as if the framing is faulty',
    requests: framed(['Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`, '1.0')
  }),
  ambiguous({
    promise: 'a space before the colon of a header that says where the body ends',
    source: 'RFC 9112, 5.1',
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: framed(
      ['Content-Length : 36', 'Transfer-Encoding : chunked', 'Content-Length\t: 36'],
      SMUGGLED
    )
  }),
  ambiguous({
    promise: 'a chunk size that is not hexadecimal digits',
    source: CHUNKS,
    parser: 'HPE_INVALID_CHUNK_SIZE',
    requests: chunks(
      ...[
        'g\r\n',
        '-5\r\nhello\r\n0\r\n\r\n',
        '+5\r\nhello\r\n0\r\n\r\n',
        '0x5\r\nhello\r\n0\r\n\r\n'
      ],
      ...[' 5\r\nhello\r\n0\r\n\r\n', '5 \r\nhello\r\n0\r\n\r\n', '\r\nhello\r\n0\r\n\r\n'],
      ...['1_0\r\n', '5,5\r\nhello\r\n0\r\n\r\n', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n']
    )
  }),
  ambiguous({
    promise: 'a chunk that is longer or shorter than its size',
    source: CHUNKS,
    parser: 'HPE_STRICT',
    requests: chunks('5\r\nhello0\r\n\r\n', '5\r\nhelloxx0\r\n\r\n', '3\r\nhello\r\n0\r\n\r\n')
  }),
  ambiguous({
    promise: 'chunks whose lines end with LF alone',
    source: CHUNKS,
    parser: 'HPE_CR_EXPECTED',
    requests: chunks(
      '5\nhello\n0\n\n',
      '5\r\nhello\n0\r\n\r\n',
      '5;a\nb\r\nhello\r\n0\r\n\r\n',
      '0\n\n'
    )
  }),
  ambiguous({
    promise: 'a chunk extension with CR or NUL in it',
    source: 'RFC 9112, 7.1.1',
    parser: 'HPE_STRICT',
    requests: chunks('5;a\rb\r\nhello\r\n0\r\n\r\n', '5;\0\r\nhello\r\n0\r\n\r\n')
  }),
  ambiguous({
    promise: 'chunk extensions without an end',
    source: 'RFC 9112, 7.1.1: a recipient ought to limit them',
    statuses: [400, 413, 431],
    parser: 'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    requests: chunks(`5;${'a'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`)
  }),
  ambiguous({
    promise: 'a trailer that would say where the body ends: Content-Length',
    source: 'RFC 9110, 6.5.1',
    parser: 'HPE_INVALID_CONTENT_LENGTH',
    requests: chunks('5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n')
  }),
  ambiguous({
    promise: 'a trailer that would say where the body ends: Transfer-Encoding',
    source: 'RFC 9110, 6.5.1',
    parser: 'HPE_INVALID_TRANSFER_ENCODING',
    requests: chunks('5\r\nhello\r\n0\r\nTransfer-Encoding: identity\r\n\r\n')
  }),
  ambiguous({
    promise: 'trailers that would change what has been read, if the application reads that far',
    source: 'RFC 9110, 6.5.1: framing, routing, authentication, format of the content',
    requests: chunks(
      ...['Host: y', 'Authorization: Basic eDp5', 'Cookie: a=b', 'Content-Type: text/html'].map(
        (trailer) => `5\r\nhello\r\n0\r\nX-Sum: 1\r\n${trailer}\r\n\r\n`
      )
    )
  }),
  ambiguous({
    promise: 'a trailer that is no header field',
    source: 'RFC 9112, 7.1.2',
    parser: 'HPE_INVALID_HEADER_TOKEN',
    requests: chunks('0\r\nA b: c\r\n\r\n', '0\r\nA: b\r\n c\r\n\r\n', '0\r\nA: \0\r\n\r\n')
  }),
  ambiguous({
    promise: 'trailers without an end',
    source: 'RFC 9110, 5.4 and 6.5',
    statuses: [400, 431],
    parser: 'HPE_HEADER_OVERFLOW',
    requests: chunks(`0\r\nA: ${'a'.repeat(80_000)}\r\n\r\n`)
  })
]
