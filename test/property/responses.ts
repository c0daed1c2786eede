// Generated responses: what an application may give to start_response, write() and its iterable, and
// what RFC 9110/9112 and PEP 3333 make of it on the connection.
import fc from 'fast-check'
import type { Field } from './answers.ts'
import { token, value } from './requests.ts'

/** How the application produces its body: the ways that PEP 3333 has. */
const WAYS = ['list', 'tuple', 'generator', 'iterable', 'late', 'write', 'mixed'] as const

export interface GeneratedResponse {
  readonly status: string
  readonly headers: readonly Field[]
  /** Its first byte, counted up from there, and its size. */
  readonly chunks: ReadonlyArray<readonly [start: number, size: number]>
  readonly how: (typeof WAYS)[number]
  /** What Content-Length says beyond the length of the chunks; undefined without one. */
  readonly lengthOff: number | undefined
  readonly method: 'GET' | 'POST' | 'HEAD'
  readonly version: '1.0' | '1.1'
}

/** The server's own, or what it is told of in another way. */
const KEPT =
  /^(?:content-length|connection|keep-alive|proxy-.*|te|trailers?|transfer-encoding|upgrade)$/i

const POOL =
  `Content-Type content-type Date Server Set-Cookie set-cookie SET-COOKIE WWW-Authenticate Link Vary
  X-A x-a X_A Location ETag Cache-Control Content-Encoding Content-Range Expires Allow Age Retry-After
  constructor toString valueOf hasOwnProperty __proto__ 0 12 status Status x.a Via Last-Modified`
    .trim()
    .split(/\s+/)

function isSingle(name: string): boolean {
  return /^(?:content-type|date)$/i.test(name)
}

function firstOf(list: readonly Field[], name: string): number {
  return list.findIndex(([other]) => other.toLowerCase() === name.toLowerCase())
}

const reason = fc
  .array(fc.constantFrom(...'OKabz 0-~"\xe9\xff'), { maxLength: 20 })
  .map((list) => list.join('').trim())

const code = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(200, 200, 404, 500, 204, 304, 206, 302) },
  { weight: 3, arbitrary: fc.integer({ min: 200, max: 599 }) },
  { weight: 1, arbitrary: fc.integer({ min: 600, max: 999 }) }
)

const status = fc
  .tuple(code, reason)
  .map(([number, phrase]) => (phrase === '' ? String(number) : `${number} ${phrase}`))

const size = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(16_383, 16_384, 65_535, 65_536, 65_537, 300_000) }
)

const headers = fc
  .array(
    fc.tuple(fc.oneof(fc.constantFrom(...POOL), token), value).filter(([name]) => !KEPT.test(name)),
    { maxLength: 10 }
  )
  // RFC 9110, 5.3: what is no list may be there once.
  .map((list) => list.filter(([name], index) => !isSingle(name) || index === firstOf(list, name)))

export const response: fc.Arbitrary<GeneratedResponse> = fc.record({
  status,
  headers,
  chunks: fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), size), { maxLength: 8 }),
  how: fc.constantFrom(...WAYS),
  lengthOff: fc.constantFrom(undefined, undefined, 0, 0, 0, -1, -20, 1, 1000),
  method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
  version: fc.constantFrom('1.1', '1.1', '1.1', '1.0')
})

/** What the client is to get. */
export interface ExpectedResponse {
  readonly status: number
  readonly reason: string
  /** By lower-case name: order matters among those of one name only (RFC 9110, 5.3). */
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** What Content-Length said, if anything. */
  readonly declared: number | undefined
  readonly produced: number
  readonly body: Buffer
  /** Whether the application kept the promise of its Content-Length. */
  readonly whole: boolean
}

export function expectedOf(given: GeneratedResponse): ExpectedResponse {
  const [number = '', ...words] = given.status.split(' ')
  const content = Buffer.concat(given.chunks.map(([start, length]) => pattern(start, length)))
  const declared =
    given.lengthOff === undefined ? undefined : Math.max(0, content.length + given.lengthOff)
  const expected = new Map<string, string[]>()
  for (const [name, text] of given.headers) {
    const key = name.toLowerCase()
    expected.set(key, [...(expected.get(key) ?? []), text])
  }
  // RFC 9110, 15.3.5, 15.3.6 and 15.4.5.
  const bodyless = given.method === 'HEAD' || ['204', '205', '304'].includes(number)
  const short = declared !== undefined && declared > content.length
  return {
    status: Number(number),
    reason: words.join(' '),
    headers: expected,
    declared,
    produced: content.length,
    body: bodyless ? Buffer.alloc(0) : content.subarray(0, declared ?? content.length),
    whole: bodyless || !short
  }
}

/** As test/apps/echoing.py makes them. */
function pattern(start: number, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (start + index) & 0xff))
}
