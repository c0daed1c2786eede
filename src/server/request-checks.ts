// What Node's parser takes and no application should see: each is refused with a status of its own
// before anything is read of the body.
import type { IncomingMessage } from 'node:http'
import { WasgiError } from '../errors.ts'
import { authorityOf } from '../wire/request-target.ts'

/** In bytes, but for the count. */
export interface HeadLimits {
  readonly requestLineLimit: number
  readonly headerLimit: number
  readonly headerCountLimit: number
}

/** RFC 9110, 7.2 and RFC 3986, 3.2.2: a name, an address, an address in brackets, and a port. */
const HOST =
  /^(?:\[[0-9A-Za-z:.%_~-]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?$/

/** Which of two of these counts is a matter of opinion, and who disagrees can be fooled. */
const SINGLE: ReadonlySet<string> = new Set(['host', 'content-length', 'content-type'])
/** Few names are as long as one of them, so that few need be looked at. */
const SINGLE_LENGTHS: ReadonlySet<number> = new Set([...SINGLE].map((name) => name.length))

/** Statuses after which the next bytes of the connection may be anything. */
const CLOSING: ReadonlySet<number> = new Set([400, 408, 413, 414, 417, 431, 501, 505])

/** Whether a request that ended with this status must be the last one of its connection. */
export function endsConnection(statusCode: number): boolean {
  return CLOSING.has(statusCode)
}

/** HTTP/2's requests have streams. The version they claim is no sign: HTTP/1 may claim any. */
export function isHttp2(raw: IncomingMessage): boolean {
  return 'stream' in raw
}

/**
 * Throws the WasgiError that the client of a request has earned, if it has. `target` is as received:
 * Fastify may have rewritten what `raw` has.
 */
export function checkRequest(raw: IncomingMessage, target: string, limits: HeadLimits): void {
  checkLine(raw, target, limits.requestLineLimit)
  checkHeaders(raw, limits)
  checkTarget(raw, target)
  if (!isHttp2(raw)) checkVersion(raw)
  const { host, expect } = raw.headers
  if (host !== undefined && !HOST.test(host)) throw malformed('its Host is no host')
  // RFC 9110, 10.1.1: HTTP/1.0 has no expectations.
  if (expect === undefined || raw.httpVersion === '1.0') return
  if (expect.toLowerCase() !== '100-continue') {
    throw new WasgiError('WASGI_ERR_EXPECTATION', [expect])
  }
}

function checkLine({ method = '' }: IncomingMessage, target: string, limit: number): void {
  const bytes = method.length + target.length + '  HTTP/1.1'.length
  if (bytes > limit) throw new WasgiError('WASGI_ERR_REQUEST_LINE', [bytes, limit])
}

function checkHeaders({ rawHeaders }: IncomingMessage, limits: HeadLimits): void {
  if (rawHeaders.length / 2 > limits.headerCountLimit) {
    throw new WasgiError('WASGI_ERR_HEADERS', [`more than ${limits.headerCountLimit} header lines`])
  }
  let bytes = 0
  const seen: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    bytes += name.length + (rawHeaders[i + 1] ?? '').length + ': \r\n'.length
    if (!SINGLE_LENGTHS.has(name.length)) continue
    const key = name.toLowerCase()
    if (!SINGLE.has(key)) continue
    if (seen.includes(key)) throw malformed(`it has ${name} twice`)
    seen.push(key)
  }
  if (bytes > limits.headerLimit) {
    throw new WasgiError('WASGI_ERR_HEADERS', [`${bytes} bytes of header lines`])
  }
}

/** RFC 9112, 3.2: no fragment; 3.2.4: the asterisk is for OPTIONS; RFC 9110, 4.2.4: no user information. */
function checkTarget({ method }: IncomingMessage, target: string): void {
  if (target.startsWith('*') && (target !== '*' || method !== 'OPTIONS')) {
    throw malformed('its target is an asterisk, which is for OPTIONS alone')
  }
  if (target.includes('#')) throw malformed('its target has a fragment')
  const authority = target.startsWith('/') ? undefined : authorityOf(target)
  if (authority?.startsWith(':') || authority === '') throw malformed('its target names no host')
  if (authority?.includes('@')) throw malformed('its target names a user')
}

function checkVersion({ httpVersion, headers }: IncomingMessage): void {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw new WasgiError('WASGI_ERR_HTTP_VERSION', [httpVersion])
  }
  if (httpVersion === '1.1' && headers.host === undefined) throw malformed('it has no Host')
  const coding = headers['transfer-encoding']
  if (coding === undefined) return
  // RFC 9112, 6.1: where it ends is anybody's guess, which is how requests are smuggled.
  if (httpVersion === '1.0') throw malformed('it is HTTP/1.0 with a Transfer-Encoding')
  if (coding.toLowerCase() !== 'chunked')
    throw new WasgiError('WASGI_ERR_TRANSFER_CODING', [coding])
}

function malformed(reason: string): WasgiError {
  return new WasgiError('WASGI_ERR_BAD_REQUEST', [reason])
}
