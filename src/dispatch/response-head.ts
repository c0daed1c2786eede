// Reads the head of a response as the gateway wrote it: a status line, then names and values, one
// to a line. The gateway has checked every part (PEP 3333), so this only takes it apart.
import type { ResponseHeadText } from '../wire/messages.ts'

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** By lower-case name. Repeated ones stay repeated: Set-Cookie must not be folded. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Whether no character of it is beyond ASCII. */
  readonly ascii: boolean
}

/** Heads kept, and characters of the largest: a quarter of a megabyte at most. */
const REMEMBERED_HEADS = 256
const REMEMBERED_LENGTH = 1024

/** Most applications send the same few heads over and over. */
const remembered = new Map<string, ResponseHead>()

export function parseResponseHead(text: ResponseHeadText): ResponseHead {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const head = parse(text)
  if (text.length <= REMEMBERED_LENGTH && isPlain(head.headers)) {
    if (remembered.size >= REMEMBERED_HEADS) remembered.clear()
    remembered.set(text, head)
  }
  return head
}

function parse(text: ResponseHeadText): ResponseHead {
  const lines = text.split('\n')
  const line = lines[0] ?? ''
  const headers: Record<string, string | string[]> = Object.create(null)
  for (let i = 1; i + 1 < lines.length; i += 2) {
    const name = (lines[i] ?? '').toLowerCase()
    const value = lines[i + 1] ?? ''
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (Array.isArray(before)) before.push(value)
    else headers[name] = [before, value]
  }
  const status = Number(line.slice(0, 3))
  return { status, reason: line.slice(4), headers, ascii: isAscii(text) }
}

/** No cookies, and no arrays: those could be changed by a hook of the server's that gets one. */
function isPlain(headers: ResponseHead['headers']): boolean {
  if (headers['set-cookie'] !== undefined) return false
  return Object.values(headers).every((value) => typeof value === 'string')
}

const ASCII = /^[\0-\x7f]*$/

/** Whether the text is the same in UTF-8 as in Latin-1. */
export function isAscii(text: string): boolean {
  return ASCII.test(text)
}
