// Generated requests: every part that RFC 9112 allows, and how it is written on the connection.
import http from 'node:http'
import fc from 'fast-check'
import type { Field } from './answers.ts'
import type { Operation, SentRequest } from './model.ts'

export interface GeneratedRequest {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  readonly authority: string | undefined
  readonly fields: readonly SpacedField[]
  readonly framing: 'none' | 'length' | 'chunked'
  readonly body: Buffer
  readonly chunks: readonly Chunk[]
  readonly trailers: readonly SpacedField[]
  readonly reads: readonly Operation[]
  /** The size of the pieces in which the application reads what the reads have left. */
  readonly piece: number
  readonly echoed: boolean
}

type SpacedField = readonly [name: string, value: string, before: string, after: string]

/** How one chunk is written: what part of the body is left after it, its zeros and extension. */
interface Chunk {
  readonly fraction: number
  readonly zeros: number
  readonly upper: boolean
  readonly extension: string
}

/** CONNECT asks for a tunnel, which is not a request for an application. */
const METHODS = http.METHODS.filter((method) => method !== 'CONNECT')
const COMMON = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH']

const TOKEN = [..."!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz"]
const UNRESERVED = [..."ABYZabyz0189-._~!$&'()*+,;=:@"]
/** Visible ASCII and obs-text; the second has what may stand between those. */
const VISIBLE = latin1(0x21, 0x7e).concat(latin1(0x80, 0xff))
const INNER = VISIBLE.concat([' ', '\t', ' '])

/** Names that applications, Node and JavaScript have a special idea of. */
const POOL =
  `Accept Accept-Language Age Authorization Content-Encoding Content-MD5 Cookie COOKIE cookie Cache-Control
  constructor Date ETag Expires From If-Match If-Modified-Since Last-Modified Location Max-Forwards
  Origin Proxy proxy PROXY Proxy-Authorization Proxy-Connection Range Referer Retry-After Server
  Set-Cookie TE toString Trailer User-Agent Via X-A x-a X_A X-Forwarded-For X-Forwarded-Proto Content_Length
  Content_Type HTTP_HOST hasOwnProperty valueOf x.a __proto__ Content-Length-X Http-Host Forwarded`
    .trim()
    .split(/\s+/)

/** What the plan of a case itself sends, or what would change the connection. */
const KEPT =
  /^(?:host|content-length|content-type|transfer-encoding|connection|upgrade|expect|keep-alive|http2-settings|x-plan)$/i

function latin1(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index))
}

const text = (characters: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...characters), { maxLength }).map((list) => list.join(''))

export const token: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...TOKEN), { minLength: 1, maxLength: 16 })
  .map((list) => list.join(''))

/** A header value without white space around it. */
export const value: fc.Arbitrary<string> = fc
  .oneof({ weight: 8, arbitrary: text(INNER, 40) }, { weight: 1, arbitrary: text(INNER, 700) })
  .map((found) => found.replace(/^[ \t]+|[ \t]+$/g, ''))

const space = fc.constantFrom('', ' ', ' ', '\t', ' \t ')

const field: fc.Arbitrary<SpacedField> = fc
  .tuple(fc.oneof(fc.constantFrom(...POOL), token), value, space, space)
  .filter(([name]) => !KEPT.test(name))

/** RFC 9110, 6.5.1: what frames, routes or authenticates has no place behind the body. */
const trailer: fc.Arbitrary<SpacedField> = fc
  .tuple(token, value, space, space)
  .map(([name, ...rest]) => [`X-Trailer-${name}`, ...rest])

const contentType: fc.Arbitrary<readonly SpacedField[]> = fc.oneof(
  fc.constant([]),
  fc
    .tuple(
      fc.constantFrom('Content-Type', 'content-type', 'CONTENT-TYPE'),
      fc.oneof(fc.constantFrom('text/plain', 'application/json', 'multipart/form-data'), value),
      space,
      space
    )
    .filter(([, found]) => found !== '')
    .map((one) => [one])
)

const octet = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.boolean()).map(([code, upper]) => {
  const hex = code.toString(16).padStart(2, '0')
  return `%${upper ? hex.toUpperCase() : hex}`
})

const encoded = (also: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...UNRESERVED, ...also) }, octet), {
      maxLength: 24
    })
    .map((list) => list.join(''))

const EDGES = [65_535, 65_536, 65_537, 131_072, 200_000]
const body: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 8,
    arbitrary: text(['\n', 'a', '\r', '\xff'], 200).map((found) => Buffer.from(found, 'latin1'))
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...EDGES), fc.constantFrom('abc\n', 'x', 'GET / HTTP/1.1\r\n\r\n'))
      .map(([size, fill]) => Buffer.alloc(size, fill))
  }
)

const argument = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constantFrom(-1, null, 70_000))
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.constantFrom<Operation>(['read'], ['readline'], ['readlines'], ['next']),
  fc.tuple(fc.constantFrom('read', 'read', 'readline', 'readlines'), argument)
)

const chunk: fc.Arbitrary<Chunk> = fc.record({
  fraction: fc.double({ min: 0, max: 1, noNaN: true }),
  zeros: fc.constantFrom(0, 0, 0, 3),
  upper: fc.boolean(),
  extension: fc.constantFrom('', '', '', ';a', ';a=b', ';a="b c"')
})

/** One request that the server has no reason to refuse. */
export const request: fc.Arbitrary<GeneratedRequest> = fc
  .record({
    method: fc.oneof(fc.constantFrom(...COMMON), fc.constantFrom(...METHODS)),
    path: encoded(['/', '/']).map((found) => `/${found}`),
    query: fc.option(encoded(['/', '?']), { nil: undefined }),
    authority: fc.option(fc.constantFrom('example.org', 'example.org:81', '[::1]:8000'), {
      nil: undefined,
      freq: 6
    }),
    some: fc.array(field, { maxLength: 10 }),
    type: contentType,
    framing: fc.constantFrom('none', 'length', 'chunked'),
    body,
    chunks: fc.array(chunk, { maxLength: 6 }),
    trailers: fc.array(trailer, { maxLength: 2 }),
    reads: fc.array(operation, { maxLength: 6 }),
    piece: fc.constantFrom(1000, 8192, 65_536, 100_000),
    echoed: fc.boolean()
  })
  .map(({ some, type, ...rest }) => ({ ...rest, fields: [...some, ...type] }))
  // RFC 9110, 9.3.8: TRACE has no content. What answers HEAD has none to echo.
  .map((one) => (one.method === 'TRACE' ? { ...one, framing: 'none' as const } : one))
  .map((one) => (one.framing === 'none' ? { ...one, body: Buffer.alloc(0) } : one))
  .map((one) => (one.method === 'HEAD' ? forHead(one) : one))
  .map((one) => (one.method === 'QUERY' ? { ...one, fields: typed(one.fields) } : one))

/** What the application tells goes into a header, which holds less than a body. */
function forHead(one: GeneratedRequest): GeneratedRequest {
  return { ...one, echoed: false, body: one.body.subarray(0, 1000) }
}

/** RFC 10008, 2: a QUERY without Content-Type is to be refused. */
function typed(fields: readonly SpacedField[]): readonly SpacedField[] {
  if (fields.some(([name]) => name.toLowerCase() === 'content-type')) return fields
  return [...fields, ['Content-Type', 'text/plain', ' ', '']]
}

/** What is written on the connection, and what the model is told of it. */
export function written(
  given: GeneratedRequest,
  last: '1.0' | 'close' | undefined
): { bytes: Buffer; sent: SentRequest; body: Buffer } {
  const version = last === '1.0' ? '1.0' : '1.1'
  const { method, path, query, authority, reads, piece } = given
  // HTTP/1.0 knows no chunks.
  const framing = version === '1.0' && given.framing === 'chunked' ? 'length' : given.framing
  const absolute = authority === undefined ? '' : `http://${authority}`
  const target = `${absolute}${path}${query === undefined ? '' : `?${query}`}`
  const plan = JSON.stringify({ do: given.echoed ? 'echo' : 'tell', reads, piece })
  const fields: SpacedField[] = [
    ['Host', 'localhost', ' ', ''],
    ...given.fields,
    ['X-Plan', plan, ' ', '']
  ]
  if (last === 'close') fields.push(['Connection', 'close', ' ', ''])
  if (framing === 'length') fields.push(['Content-Length', String(given.body.length), ' ', ''])
  if (framing === 'chunked') fields.push(['Transfer-Encoding', 'chunked', ' ', ''])
  const head = `${method} ${target} HTTP/${version}\r\n${lines(fields)}\r\n`
  const content = framing === 'chunked' ? chunked(given) : given.body
  const sent: SentRequest = {
    method,
    target,
    path,
    query,
    version,
    fields: fields.map(([name, found]): Field => [name, found]),
    ...(authority === undefined ? {} : { authority })
  }
  return { bytes: Buffer.concat([Buffer.from(head, 'latin1'), content]), sent, body: given.body }
}

function lines(fields: readonly SpacedField[]): string {
  return fields
    .map(([name, found, before, after]) => `${name}:${before}${found}${after}\r\n`)
    .join('')
}

function chunked({ body: content, chunks, trailers }: GeneratedRequest): Buffer {
  const parts: Buffer[] = []
  let at = 0
  const add = (data: Buffer, { zeros, upper, extension }: Chunk): void => {
    const hex = data.length.toString(16)
    const size = `${'0'.repeat(zeros)}${upper ? hex.toUpperCase() : hex}${extension}\r\n`
    parts.push(Buffer.from(size), data, Buffer.from('\r\n'))
  }
  for (const one of chunks) {
    const end = at + Math.ceil((content.length - at) * one.fraction)
    if (end > at) add(content.subarray(at, end), one)
    at = end
  }
  const plain: Chunk = { fraction: 1, zeros: 0, upper: false, extension: '' }
  if (at < content.length) add(content.subarray(at), plain)
  parts.push(Buffer.from(`0\r\n${lines(trailers)}\r\n`, 'latin1'))
  return Buffer.concat(parts)
}
