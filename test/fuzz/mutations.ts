// What is done to valid requests: damage to single bytes, and the tricks with framing that are known
// to let one server see a request where another sees a body.
import type { Random } from './random.ts'

type Mutation = (text: string, random: Random, other: () => string) => string

/** One mutation, chosen at random. `other` makes a second request to mix in. */
export function mutate(
  bytes: Buffer,
  random: Random,
  other: () => Buffer
): { bytes: Buffer; name: string } {
  const [name, mutation] = random.pick(MUTATIONS)
  const text = mutation(bytes.toString('latin1'), random, () => other().toString('latin1'))
  return { bytes: Buffer.from(text.slice(0, LENGTH_LIMIT), 'latin1'), name }
}

const LENGTH_LIMIT = 300_000

const BYTES = [...'\0\r\n\t\v\f :;,/?#%"\'\\<>[]{}()=+-_.*0159afAF\x7f\x80\xff\xa0\x85']

const SCRAPS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\n\n',
  '\r\n ',
  '\r\n\t',
  '\0',
  ' ',
  '0\r\n\r\n',
  '0\n\n',
  '\r\n0\r\n\r\nGET /never-scrap HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /scrap HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'
]

const LINES = [
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 0x5',
  'Content-Length: 5 5',
  'Content-Length: -1',
  'Content-Length:',
  'Content-Length: 99999999999999999999',
  'Content-Length: 18446744073709551617',
  'content_length: 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked;a=b',
  'Transfer-Encoding:',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  ' Transfer-Encoding: chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer_Encoding: chunked',
  'X: y\r\n Transfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\0',
  'Host: other',
  'Host: localhost',
  'Host: a b',
  'Host: a/b',
  'Host: a@b',
  'Host: [::1',
  'Connection: close',
  'Connection: close, keep-alive',
  'Connection: Host, Content-Length',
  'Connection: Transfer-Encoding',
  'Expect: 100-continue',
  'Expect: 200-maybe',
  // No request to upgrade: one with broken chunks waits for body_timeout (docs/limits.md).
  ': no name',
  'no colon',
  'bad name: x',
  'caf\xe9: x',
  '__proto__: x',
  'constructor: x',
  'Content-Type: a\r\nContent-Type: b',
  'Trailer: Content-Length'
]

const VERSIONS = [
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/3.0',
  'HTTP/11.1',
  'http/1.1'
]
const WORDS = ['CONNECT', 'get', 'FOO', 'PRI', 'SOURCE', 'TRACE', 'QUERY', 'M-SEARCH', 'G\xcbT', '']
const TARGETS = [
  '*',
  '//a',
  'a',
  '',
  'http://',
  'ftp://a/b',
  'a:1',
  '/\xff',
  '/%',
  '/#x',
  '/a b',
  '\\'
]

const CHUNK_SIZE = /(?<=\r\n)[0-9a-f]+(?=(?:;[^\r\n]*)?\r\n)/gi
const CONTENT_LENGTH = /(?<=content-length:[ \t]*)[0-9]+/gi

const MUTATIONS: ReadonlyArray<readonly [name: string, mutation: Mutation]> = [
  ['flip', (text, random) => replaceAt(text, random, 1, (byte) => flipped(byte, random))],
  ['replace', (text, random) => replaceAt(text, random, 1, () => random.pick(BYTES))],
  ['insert', (text, random) => replaceAt(text, random, 0, () => random.pick(BYTES))],
  ['scrap', (text, random) => replaceAt(text, random, 0, () => random.pick(SCRAPS))],
  ['remove', (text, random) => replaceAt(text, random, 1 + random.below(12), () => '')],
  ['truncate', (text, random) => text.slice(0, random.below(text.length + 1))],
  [
    'repeat',
    (text, random) => replaceAt(text, random, 1 + random.below(60), (part) => part + part)
  ],
  ['splice', (text, random, other) => spliced(text, other(), random)],
  ['glue', (text, _random, other) => text + other()],
  ['glue before', (text, _random, other) => other() + text],
  ['long', (text, random) => replaceAt(text, random, 0, () => long(random))],
  ['one bare LF', (text, random) => one(text, random, /\r\n/g, () => '\n')],
  ['one bare CR', (text, random) => one(text, random, /\r\n/g, () => '\r')],
  ['all bare LF', (text) => text.replaceAll('\r\n', '\n')],
  ['chunk size', (text, random) => one(text, random, CHUNK_SIZE, (size) => otherHex(size, random))],
  [
    'content length',
    (text, random) => one(text, random, CONTENT_LENGTH, (size) => otherLength(size, random))
  ],
  ['line', addLine],
  ['line', addLine],
  ['line', addLine],
  ['drop line', (text, random) => one(text, random, /(?<=^|\n)[^\r\n]*\r\n/g, () => '')],
  ['many lines', (text, random) => afterRequestLine(text, random, manyLines(random))],
  ['obs-fold', (text, random) => one(text, random, /(?<=: ?)(?=[^\r\n]*\r\n)/g, () => '\r\n ')],
  ['version', (text, random) => one(text, random, /HTTP\/1\.1/g, () => random.pick(VERSIONS))],
  ['method', (text, random) => one(text, random, METHOD, () => random.pick(WORDS))],
  ['target', (text, random) => one(text, random, /(?<=^[A-Z]+ )\S+/gm, () => random.pick(TARGETS))],
  ['space', (text, random) => one(text, random, / /g, () => random.pick(['', '  ', '\t', '\v']))],
  ['case', (text, random) => one(text, random, /(?<=: )[a-z-]+/g, (word) => word.toUpperCase())]
]

const METHOD = /^[A-Z]+(?= \S+ HTTP)/gm

function replaceAt(
  text: string,
  random: Random,
  length: number,
  make: (part: string) => string
): string {
  const at = random.below(text.length + 1)
  return text.slice(0, at) + make(text.slice(at, at + length)) + text.slice(at + length)
}

function flipped(byte: string, random: Random): string {
  return String.fromCharCode((byte.charCodeAt(0) || 0) ^ (1 << random.below(8)))
}

/** Replaces one of the matches. */
function one(
  text: string,
  random: Random,
  pattern: RegExp,
  make: (found: string) => string
): string {
  const found = random.pick([...text.matchAll(pattern)])
  if (found === undefined) return text
  const { index } = found
  return text.slice(0, index) + make(found[0]) + text.slice(index + found[0].length)
}

function spliced(text: string, other: string, random: Random): string {
  return text.slice(0, random.below(text.length)) + other.slice(random.below(other.length))
}

function long(random: Random): string {
  return random
    .pick(['a', '/', '0', ' ', 'a: b\r\n', '%41', ';', '\r\n'])
    .repeat(random.pick([100, 3000, 9000, 40_000]))
}

function otherHex(size: string, random: Random): string {
  const number = Number.parseInt(size, 16)
  return random.pick([
    (number + 1).toString(16),
    Math.max(0, number - 1).toString(16),
    `0x${size}`,
    `+${size}`,
    `-${size}`,
    `${size} `,
    ` ${size}`,
    `${size}g`,
    `${size};\n`,
    `${size};a=\r`,
    `${size}\0`,
    `000000000000000000000${size}`,
    'ffffffffffffffff',
    '10000000000000000',
    '',
    '0'
  ])
}

function otherLength(size: string, random: Random): string {
  const number = Number(size)
  return random.pick([
    String(number + 1),
    String(Math.max(0, number - 1)),
    '0',
    `+${size}`,
    `${size}, ${size}`,
    `${size},${number + 1}`,
    `0x${number.toString(16)}`,
    `${size}.0`,
    `0${size}`,
    `${size} 0`,
    '',
    '1e3',
    '99999999999999999999999'
  ])
}

function addLine(text: string, random: Random): string {
  return afterRequestLine(text, random, `${random.pick(LINES)}\r\n`)
}

function manyLines(random: Random): string {
  return 'X-Many: line\r\n'.repeat(random.pick([90, 101, 200, 2500]))
}

/** Behind one of the lines that end in CRLF within a head, most often the first. */
function afterRequestLine(text: string, random: Random, added: string): string {
  return one(text, random, /(?:^|\n)[A-Z]+ \S+ HTTP\/1\.1\r\n/g, (line) => line + added)
}
