// Which requests a server may see in the bytes of a connection, by the letter of RFC 9112: whatever it
// calls an error ends the reading. A server may see fewer, since it may refuse for reasons of its own,
// but none that is not here.

export interface ReadRequest {
  readonly method: string
  readonly target: string
  /** As much of the body as there is. */
  readonly body: Buffer
  readonly complete: boolean
}

export interface Reading {
  readonly requests: readonly ReadRequest[]
  /**
   * Why it ends. `clean`: after a complete request, and the connection may go on. `last`: the client
   * or the version says that no other follows. `cut`: within a request. `invalid`: what follows is none.
   */
  readonly end: 'clean' | 'last' | 'cut' | 'invalid'
}

export function readRequests(bytes: Buffer): Reading {
  const requests: ReadRequest[] = []
  let at = 0
  for (;;) {
    // RFC 9112, 2.2: empty lines before a request are to be ignored.
    while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++
    if (at === bytes.length) return { requests, end: 'clean' }
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end === -1) return { requests, end: 'cut' }
    const head = readHead(bytes.toString('latin1', at, end))
    if (head === undefined) return { requests, end: 'invalid' }
    const body = readBody(bytes, end + 4, head.framing)
    const { method, target } = head
    requests.push({ method, target, body: body.content, complete: body.end === 'whole' })
    if (body.end !== 'whole') return { requests, end: body.end }
    if (head.last) return { requests, end: 'last' }
    at = body.at
  }
}

type Framing = number | 'chunked'

interface ReadHead {
  readonly method: string
  readonly target: string
  readonly framing: Framing
  readonly last: boolean
}

/** RFC 9112, 3: white space between the parts may be more than one space. */
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +([\x21-\x7e]+) +HTTP\/1\.([01])$/
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/
/** RFC 9112, 3.2. The asterisk is looked at below. */
const TARGET =
  /^(?:\/|\*$|[A-Za-z][A-Za-z0-9+.-]*:\/\/[A-Za-z0-9._~!$&'()*+,;=:@%[\]-]*(?:[/?#]|$))/
/** RFC 9110, 7.2 and RFC 3986, 3.2.2. */
const HOST = /^(?:\[[0-9A-Fa-fv:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?$/

/** Undefined where RFC 9112 asks for a refusal. */
function readHead(text: string): ReadHead | undefined {
  const [first = '', ...lines] = text.split('\r\n')
  const [, method, target, minor] = REQUEST_LINE.exec(first) ?? []
  if (method === undefined || target === undefined) return undefined
  // A tunnel is not a request for an application.
  if (!TARGET.test(target) || method === 'CONNECT') return undefined
  if (target === '*' && method !== 'OPTIONS') return undefined
  const fields = readFields(lines)
  if (fields === undefined) return undefined
  const all = (name: string): string[] => fields.get(name) ?? []
  const hosts = all('host')
  if (hosts.length > 1 || !HOST.test(hosts[0] ?? '')) return undefined
  if (hosts.length === 0 && minor !== '0') return undefined
  const framing = readFraming(all('content-length'), all('transfer-encoding'), minor === '0')
  if (framing === undefined) return undefined
  const options = all('connection')
    .join()
    .split(',')
    .map((option) => option.trim().toLowerCase())
  const last = options.includes('close') || (minor === '0' && !options.includes('keep-alive'))
  return { method, target, framing, last }
}

function readFields(lines: readonly string[]): Map<string, string[]> | undefined {
  const fields = new Map<string, string[]>()
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    const key = name.toLowerCase()
    const values = fields.get(key)
    const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, '')
    if (values === undefined) fields.set(key, [trimmed])
    else values.push(trimmed)
  }
  return fields
}

/** RFC 9112, 6.3. What is ambiguous is refused. */
function readFraming(
  lengths: readonly string[],
  codings: readonly string[],
  isHttp10: boolean
): Framing | undefined {
  if (codings.length > 0) {
    const only = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked'
    return only && lengths.length === 0 && !isHttp10 ? 'chunked' : undefined
  }
  if (lengths.length === 0) return 0
  const [length = ''] = lengths
  return lengths.length === 1 && /^0*[0-9]{1,18}$/.test(length) ? Number(length) : undefined
}

interface ReadBody {
  readonly content: Buffer
  readonly end: 'whole' | 'cut' | 'invalid'
  readonly at: number
}

function readBody(bytes: Buffer, at: number, framing: Framing): ReadBody {
  if (framing === 'chunked') return readChunks(bytes, at)
  const end = at + framing
  const whole = end <= bytes.length
  return { content: bytes.subarray(at, end), end: whole ? 'whole' : 'cut', at: end }
}

/** RFC 9112, 7.1. Only here, a line may not end in a bare LF (2.2 allows it elsewhere). */
function readChunks(bytes: Buffer, start: number): ReadBody {
  const parts: Buffer[] = []
  let at = start
  const ended = (end: ReadBody['end']): ReadBody => ({ content: Buffer.concat(parts), end, at })
  for (;;) {
    const newline = bytes.indexOf('\r\n', at)
    const line = bytes.toString('latin1', at, newline === -1 ? bytes.length : newline)
    if (newline === -1) return ended('cut')
    const [, hex] = /^([0-9A-Fa-f]+)(?:[ \t]*;[^\r\n\0]*)?$/.exec(line) ?? []
    if (hex === undefined) return ended('invalid')
    const size = Number.parseInt(hex, 16)
    at = newline + 2
    if (size === 0) break
    parts.push(bytes.subarray(at, at + size))
    at += size
    const after = bytes.toString('latin1', at, at + 2)
    if (after !== '\r\n') return ended('\r\n'.startsWith(after) ? 'cut' : 'invalid')
    at += 2
  }
  const trailers = bytes.toString('latin1', at)
  if (trailers.startsWith('\r\n')) {
    at += 2
    return ended('whole')
  }
  const end = bytes.indexOf('\r\n\r\n', at)
  if (end === -1) return ended('cut')
  const fields = readFields(bytes.toString('latin1', at, end).split('\r\n'))
  at = end + 4
  return ended(fields === undefined ? 'invalid' : 'whole')
}
