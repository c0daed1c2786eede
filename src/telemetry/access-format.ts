// gunicorn's `access_log_format`: compiled once, then one call for each line. Whatever a client can
// choose is escaped, so that it can end neither a field nor a line.
import { type Access, clfTime, escaped } from './access-log.ts'

/** What a line may ask for beside what every format has. */
export interface AccessDetail {
  readonly protocol: string
  requestHeader(name: string): string | undefined
  responseHeader(name: string): string | undefined
}

export type AccessLine = (access: Access, detail: AccessDetail) => string

type Atom = (access: Access, detail: AccessDetail) => string | number | undefined

const ATOMS: Readonly<Record<string, Atom>> = {
  h: ({ remoteAddress }) => remoteAddress,
  l: () => '-',
  u: (_access, detail) => basicUser(detail.requestHeader('authorization')),
  t: ({ time }) => `[${clfTime(time)}]`,
  r: ({ method, url, httpVersion }) => `${method} ${url} HTTP/${httpVersion}`,
  m: ({ method }) => method,
  U: ({ url }) => pathOf(url),
  q: ({ url }) => queryOf(url),
  H: ({ httpVersion }) => `HTTP/${httpVersion}`,
  s: ({ status }) => status,
  B: ({ bytes }) => bytes,
  b: ({ bytes }) => bytes || '-',
  f: ({ referer }) => referer,
  a: ({ userAgent }) => userAgent,
  T: ({ durationMs }) => Math.floor(durationMs / 1000),
  M: ({ durationMs }) => Math.floor(durationMs),
  D: ({ durationMs }) => Math.floor(durationMs * 1000),
  L: ({ durationMs }) => (durationMs / 1000).toFixed(6),
  p: () => `<${process.pid}>`
}

/** Keys of the environ that are known where the log is written, beside `HTTP_*`. */
const VARIABLES: Readonly<Record<string, Atom>> = {
  REQUEST_METHOD: ({ method }) => method,
  REQUEST_URI: ({ url }) => url,
  RAW_URI: ({ url }) => url,
  QUERY_STRING: ({ url }) => queryOf(url),
  SERVER_PROTOCOL: ({ httpVersion }) => `HTTP/${httpVersion}`,
  REMOTE_ADDR: ({ remoteAddress }) => remoteAddress,
  CONTENT_TYPE: (_access, detail) => detail.requestHeader('content-type'),
  CONTENT_LENGTH: (_access, detail) => detail.requestHeader('content-length'),
  'wsgi.url_scheme': (_access, detail) => detail.protocol
}

/** `%%`, `%(h)s`, or anything else that begins with a percent sign. */
const PIECE = /%%|%\((?<name>[^)]*)\)(?<type>.?)|%.?/gs

/** The line that `format` describes, or the pieces of it that mean nothing. */
export function compileAccessFormat(format: string): AccessLine | readonly string[] {
  const parts: Array<string | Atom> = []
  const unknown: string[] = []
  let at = 0
  for (const match of format.matchAll(PIECE)) {
    parts.push(format.slice(at, match.index))
    at = match.index + match[0].length
    const atom = match[0] === '%%' ? '%' : atomOf(match.groups ?? {})
    if (atom === undefined) unknown.push(match[0])
    else parts.push(atom)
  }
  if (unknown.length > 0) return unknown
  parts.push(format.slice(at))
  return (access, detail) => {
    let line = ''
    for (const part of parts) {
      if (typeof part === 'string') line += part
      else line += shown(part(access, detail))
    }
    return `${line}\n`
  }
}

function atomOf({ name = '', type }: Record<string, string | undefined>): Atom | undefined {
  if (type !== 's') return undefined
  if (Object.hasOwn(ATOMS, name)) return ATOMS[name]
  const [, inner = '', kind] = /^\{([\w!#$%&'*+.^`|~-]+)\}([ioe])$/.exec(name) ?? []
  if (kind === 'i') return (_access, detail) => detail.requestHeader(inner.toLowerCase())
  if (kind === 'o') return (_access, detail) => detail.responseHeader(inner.toLowerCase())
  return kind === 'e' ? variable(inner) : undefined
}

function variable(name: string): Atom | undefined {
  if (Object.hasOwn(VARIABLES, name)) return VARIABLES[name]
  const [, field] = /^HTTP_([A-Z0-9_]+)$/.exec(name) ?? []
  const header = field?.toLowerCase().replaceAll('_', '-')
  return header === undefined ? undefined : (_access, detail) => detail.requestHeader(header)
}

function shown(value: string | number | undefined): string {
  if (typeof value === 'number') return String(value)
  return value === undefined || value === '' ? '-' : escaped(value)
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

function queryOf(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '' : url.slice(mark + 1)
}

/** RFC 7617: what is before the first colon. */
function basicUser(authorization: string | undefined): string | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  return Buffer.from(encoded, 'base64').toString('utf8').split(':', 1)[0]
}
