// Reads what a server sent on one connection as RFC 9112 says, and forgives nothing: a client that is
// strict finds what a tolerant one would hide.

export type Field = readonly [name: string, value: string]

export type Framing = 'none' | 'length' | 'chunked' | 'close'

export interface Answer {
  readonly status: number
  readonly reason: string
  /** In the order received, Latin-1. */
  readonly fields: readonly Field[]
  readonly framing: Framing
  readonly body: Buffer
  /** Whether it arrived to its end. */
  readonly whole: boolean
}

export interface Answers {
  /** Final ones; interim ones (1xx) are counted only. */
  readonly list: readonly Answer[]
  readonly interim: number
  /** What breaks RFC 9112, if something does. */
  readonly fault: string | undefined
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)$/
const FIELD_LINE =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[\t ]*$/

/** The values of all fields of that name, in order. */
export function valuesOf(answer: Answer, name: string): string[] {
  return answer.fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
}

/**
 * `methods`: of the requests in order, since what answers HEAD has no body. Beyond them comes a refusal
 * of what may have been HEAD, or nothing at all.
 */
export function readAnswers(bytes: Buffer, methods: readonly string[], closed: boolean): Answers {
  const list: Answer[] = []
  let interim = 0
  let at = 0
  try {
    while (at < bytes.length) {
      const head = readHead(bytes, at)
      if (head === undefined) {
        if (closed) throw new Error('the connection ends within a head')
        break
      }
      at = head.end
      if (head.status < 200) {
        interim++
        continue
      }
      const body = readBody(bytes, head, methods[list.length], closed)
      at = body.end
      const { status, reason, fields } = head
      const { framing, whole } = body
      list.push({ status, reason, fields, framing, whole, body: body.content })
      if (!whole) break
    }
  } catch (error) {
    return { list, interim, fault: (error as Error).message }
  }
  return { list, interim, fault: undefined }
}

interface Head {
  readonly status: number
  readonly reason: string
  readonly fields: readonly Field[]
  readonly end: number
}

function readHead(bytes: Buffer, at: number): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n', at)
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n')
  const line = STATUS_LINE.exec(first)
  if (line === null) throw new Error(`not a status line: ${JSON.stringify(first)}`)
  const fields = lines.map((text): Field => {
    const [, name, value] = FIELD_LINE.exec(text) ?? []
    if (name === undefined || value === undefined) {
      throw new Error(`not a header line: ${JSON.stringify(text)}`)
    }
    return [name, value]
  })
  return { status: Number(line[1]), reason: line[2] ?? '', fields, end: end + 4 }
}

interface Body {
  readonly framing: Framing
  readonly content: Buffer
  readonly whole: boolean
  readonly end: number
}

/** RFC 9112, 6.3. */
function readBody(bytes: Buffer, head: Head, method: string | undefined, closed: boolean): Body {
  const all = (name: string): string[] =>
    head.fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
  const lengths = all('content-length')
  const codings = all('transfer-encoding')
  const at = head.end
  if (lengths.length > 1) throw new Error('more than one Content-Length')
  if (lengths.length === 1 && !/^[0-9]+$/.test(lengths[0] ?? '')) {
    throw new Error(`Content-Length is ${lengths[0]}`)
  }
  if (codings.length > 0 && codings.join() !== 'chunked') {
    throw new Error(`Transfer-Encoding is ${codings}`)
  }
  if (codings.length > 0 && lengths.length > 0) throw new Error('a length, and chunks too')
  if (head.status === 204 && codings.length + lengths.length > 0) throw new Error('a framed 204')
  const absent = at === bytes.length && head.status >= 400
  // A head that is too large is refused before anybody knows of its method.
  const unknown = method === undefined || (method === 'HEAD' && head.status === 431)
  const isHead = unknown ? absent : method === 'HEAD'
  if (isHead || head.status === 204 || head.status === 304) {
    return { framing: 'none', content: Buffer.alloc(0), whole: true, end: at }
  }
  if (codings.length > 0) return readChunks(bytes, at)
  if (lengths.length > 0) {
    const end = at + Number(lengths[0])
    const content = bytes.subarray(at, end)
    return { framing: 'length', content, whole: end <= bytes.length, end }
  }
  const content = bytes.subarray(at)
  return { framing: 'close', content, whole: closed, end: bytes.length }
}

/** RFC 9112, 7.1; a server of ours has no reason for extensions or trailers. */
function readChunks(bytes: Buffer, start: number): Body {
  const parts: Buffer[] = []
  let at = start
  const cut = (): Body => ({
    framing: 'chunked',
    content: Buffer.concat(parts),
    whole: false,
    end: bytes.length
  })
  for (;;) {
    const newline = bytes.indexOf('\r\n', at)
    if (newline === -1) return cut()
    const line = bytes.toString('latin1', at, newline)
    if (!/^[0-9A-Fa-f]+$/.test(line)) {
      throw new Error(`not a chunk's size: ${JSON.stringify(line)}`)
    }
    const size = Number.parseInt(line, 16)
    at = newline + 2
    parts.push(bytes.subarray(at, at + size))
    if (bytes.length < at + size + 2) return cut()
    at += size
    if (bytes.toString('latin1', at, at + 2) !== '\r\n') throw new Error('a chunk without an end')
    at += 2
    if (size === 0) {
      return { framing: 'chunked', content: Buffer.concat(parts), whole: true, end: at }
    }
  }
}
