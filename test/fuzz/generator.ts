// Makes the inputs of the fuzzer: valid requests, pipelined, and what mutation makes of them. The same
// seed and index give the same bytes, cut in the same places.
import { mutate } from './mutations.ts'
import { Random } from './random.ts'

export interface FuzzCase {
  readonly seed: number
  readonly index: number
  readonly bytes: Buffer
  /** Where they are cut into segments, as fractions of their length. */
  readonly cuts: readonly number[]
  /** How the client ends the connection when all answers are there. */
  readonly leaving: 'end' | 'destroy'
  /** The targets of the requests while nothing was mutated; undefined after. */
  readonly targets: readonly string[] | undefined
  readonly mutations: readonly string[]
}

export function fuzzCase(seed: number, index: number): FuzzCase {
  const random = new Random(seed, index)
  const count = 1 + random.below(4)
  const requests = Array.from({ length: count }, (_, number) => {
    const persists = number < count - 1 || random.chance(70)
    return validRequest(random, `${seed}-${index}-${number}`, persists)
  })
  let bytes: Buffer = Buffer.concat(requests.map((request) => request.bytes))
  const mutations: string[] = []
  if (!random.chance(15)) {
    const times = random.chance(60) ? 1 : 2 + random.below(3)
    for (let i = 0; i < times; i++) {
      const other = () => validRequest(random, `${seed}-${index}-other${i}`, true).bytes
      const mutated = mutate(bytes, random, other)
      bytes = mutated.bytes
      mutations.push(mutated.name)
    }
  }
  const cuts = Array.from(
    { length: random.chance(50) ? 0 : random.below(9) },
    () => random.below(10_000) / 10_000
  )
  const leaving = random.chance(10) ? 'destroy' : 'end'
  const targets = mutations.length === 0 ? requests.map(({ target }) => target) : undefined
  return { seed, index, bytes, cuts, leaving, targets, mutations }
}

interface ValidRequest {
  readonly bytes: Buffer
  readonly target: string
}

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH']
const HABITS = ['', '', '', '-unread', '-lines', '-streams', '-unread-streams']
const HEADERS = [
  'Accept: */*',
  'accept-language: en, de;q=0.5',
  'Cookie: a=1; b=2',
  'Cookie: c=3',
  'X-Empty:',
  'X_Under_Score: 1',
  'Proxy: http://example.org/',
  'Content-Type: text/plain',
  'Connection: keep-alive',
  'Expect: 100-continue',
  'TE: trailers',
  'Upgrade: h2c',
  'X-Latin: \xe9\xff',
  'Range: bytes=0-1',
  'If-None-Match: *'
]

/** Its mark is in its target; what its body says must never be taken for a request. */
function validRequest(random: Random, mark: string, persists: boolean): ValidRequest {
  const method = random.pick(METHODS)
  const origin = `/sent-${mark}-${random.below(2 ** 32).toString(16)}${random.pick(HABITS)}`
  const query = random.chance(20) ? '?a=%20&b=/?' : ''
  const target = `${random.chance(10) ? 'http://example.org' : ''}${origin}${query}`
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost']
  for (let count = random.below(4); count > 0; count--) {
    const line = random.pick(HEADERS)
    // Twice is once too often for the one, and the other changes what the connection is for.
    if (!/^(?:content-type|expect)/i.test(line) || !lines.includes(line)) lines.push(line)
  }
  if (!persists) lines.push('Connection: close')
  const body = bodyFor(random, mark)
  const framing = random.pick(['none', 'length', 'length', 'chunked', 'chunked'])
  let content = ''
  if (framing === 'length') {
    lines.push(`Content-Length: ${body.length}`)
    content = body
  }
  if (framing === 'chunked') {
    lines.push('Transfer-Encoding: chunked')
    content = inChunks(body, random, mark)
  }
  const text = `${lines.join('\r\n')}\r\n\r\n${content}`
  return { bytes: Buffer.from(text, 'latin1'), target }
}

function smuggled(mark: string): string {
  return `GET /never-${mark} HTTP/1.1\r\nHost: localhost\r\n\r\n`
}

function bodyFor(random: Random, mark: string): string {
  switch (random.below(6)) {
    case 0:
      return ''
    case 1:
      return 'a=1&b=2'
    case 2:
      return `0\r\n\r\n${smuggled(mark)}`
    case 3:
      return `\r\n${smuggled(mark)}`
    case 4:
      return 'x'.repeat(random.pick([1, 100, 4096, 65_536, 70_000]))
    default:
      return smuggled(mark)
  }
}

function inChunks(body: string, random: Random, mark: string): string {
  const size = Math.max(1, random.pick([1, 5, 64, 5000, body.length]))
  // A long body in chunks of one byte is a test of patience only.
  const step = Math.max(size, Math.ceil(body.length / 50))
  let text = ''
  for (let at = 0; at < body.length; at += step) {
    const part = body.slice(at, at + step)
    const extension = random.chance(10) ? random.pick([';a', ';a=b', ';a="GET /never"']) : ''
    text += `${part.length.toString(16)}${extension}\r\n${part}\r\n`
  }
  const trailer = random.chance(15) ? `X-Trailer: /never-${mark}\r\n` : ''
  return `${text}0\r\n${trailer}\r\n`
}
