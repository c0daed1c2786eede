// Requests of HTTP/1.x as text, for rows that speak for themselves.
import type { Wire } from './row.ts'

export interface Text {
  readonly method?: string
  /** Below the prefix. */
  readonly target?: string
  readonly version?: string
  /** More header lines, without line ends. */
  readonly lines?: readonly string[]
  readonly body?: string
}

/** A request for `app`. A body gets its Content-Length, unless a line frames it. */
export function request(wire: Wire, app: string, text: Text = {}): string {
  const { lines = [], body = '', version = '1.1', target = '/' } = text
  const isFramed = lines.some((line) => /^(content-length|transfer-encoding):/i.test(line))
  const own = body === '' || isFramed ? lines : [...lines, `Content-Length: ${body.length}`]
  const fields = own.map((line) => `${line}\r\n`).join('')
  const method = text.method ?? (body === '' ? 'GET' : 'POST')
  const start = `${method} ${wire.prefix}${target} HTTP/${version}\r\nHost: x\r\n`
  return `${start}${wire.pick(app)}${fields}\r\n${body}`
}
