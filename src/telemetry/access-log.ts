// The access log: one line for each request that was received, also when its client went away.
// Formatting is pure; only `accessLog` touches a server.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessDetail, AccessLine } from './access-format.ts'
import type { Sink } from './sink.ts'
import { fieldsOf } from './trace-context.ts'

export type AccessLogFormat = 'combined' | 'json'

/** One finished request. */
export interface Access {
  readonly time: Date
  readonly durationMs: number
  readonly remoteAddress: string | undefined
  readonly method: string
  /** As the client sent it, with the query. */
  readonly url: string
  readonly httpVersion: string
  /** 499, as other servers have it, where the client left before there was a status. */
  readonly status: number
  /** Of the body, without headers and chunk framing. */
  readonly bytes: number
  readonly referer: string | undefined
  readonly userAgent: string | undefined
}

type Counted = { bytes: number }

/** Adds the log to every route of the server. Call it before routes and plugins. */
export function accessLog(
  app: FastifyInstance,
  format: AccessLogFormat | AccessLine,
  sink: Sink
): void {
  const formatLine = lineOf(format)
  // Not an onResponse hook: Fastify runs those only for responses that were sent to their end.
  app.addHook('onRequest', (request, reply, done) => {
    const time = new Date()
    const started = performance.now()
    const counted = countBody(reply)
    // HTTP/2's stream knows it no longer when it is closed.
    const remoteAddress = request.ip
    reply.raw.once('close', () => {
      const durationMs = performance.now() - started
      const access = describe(request, reply, counted, time, durationMs)
      sink.write(formatLine({ ...access, remoteAddress }, new Detail(request, reply)))
    })
    done()
  })
}

function lineOf(format: AccessLogFormat | AccessLine): AccessLine {
  if (typeof format === 'function') return format
  return format === 'json' ? formatJson : createCombinedFormat()
}

class Detail implements AccessDetail {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.#request = request
    this.#reply = reply
  }

  get protocol(): string {
    return this.#request.protocol
  }

  requestHeader(name: string): string | undefined {
    const { headers } = this.#request.raw
    return Object.hasOwn(headers, name) ? textOf(headers[name]) : undefined
  }

  responseHeader(name: string): string | undefined {
    // What Fastify sends, Node has only as text.
    return textOf(this.#reply.getHeader(name) ?? this.#reply.raw.getHeader(name))
  }
}

function textOf(value: number | string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value?.toString()
}

function describe(
  request: FastifyRequest,
  reply: FastifyReply,
  counted: Counted,
  time: Date,
  durationMs: number
): Omit<Access, 'remoteAddress'> {
  const { headers, httpVersion } = request.raw
  return {
    time,
    durationMs,
    method: request.method,
    url: request.originalUrl,
    httpVersion,
    status: reply.raw.headersSent ? reply.raw.statusCode : 499,
    bytes: hasBody(request.method, reply.raw.statusCode) ? counted.bytes : 0,
    referer: headers.referer,
    userAgent: headers['user-agent']
  }
}

/** Node takes a body for these, and leaves it out. */
function hasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304
}

/** Node keeps no count of the body, and Content-Length says only what was promised. */
function countBody({ raw }: FastifyReply): Counted {
  const counted: Counted = { bytes: 0 }
  const { write, end } = raw
  let ending = false
  raw.write = function counting(this: typeof raw, ...args: unknown[]): boolean {
    // HTTP/2's end() writes what it is given, which has been counted then.
    if (!ending) counted.bytes += sizeOf(args[0], args[1])
    return Reflect.apply(write, this, args)
  } as typeof raw.write
  raw.end = function counting(this: typeof raw, ...args: unknown[]): typeof raw {
    counted.bytes += sizeOf(args[0], args[1])
    ending = true
    return Reflect.apply(end, this, args)
  } as typeof raw.end
  return counted
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as 'utf8') : 'utf8')
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}

/** Apache's `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`. */
export function formatCombined(access: Access, when: string = clfTime(access.time)): string {
  const { remoteAddress = '-', method, url, httpVersion, status, bytes } = access
  const request = quoted(`${method} ${url} HTTP/${httpVersion}`)
  const size = bytes === 0 ? '-' : String(bytes)
  const referer = quoted(access.referer || '-')
  const agent = quoted(access.userAgent || '-')
  return `${remoteAddress || '-'} - - [${when}] ${request} ${status} ${size} ${referer} ${agent}\n`
}

/** One JSON object a line, with the words that log collectors commonly use. */
export function formatJson(access: Access, detail?: AccessDetail): string {
  const record = {
    time: access.time.toISOString(),
    remote_addr: access.remoteAddress || null,
    method: access.method,
    url: access.url,
    http_version: access.httpVersion,
    status: access.status,
    bytes: access.bytes,
    duration_ms: Math.round(access.durationMs * 1000) / 1000,
    referer: access.referer ?? null,
    user_agent: access.userAgent ?? null,
    ...fieldsOf(detail?.requestHeader('traceparent'), detail?.requestHeader('x-request-id'))
  }
  return `${JSON.stringify(record)}\n`
}

/** Busy servers log thousands of lines in one second: its text is made once. */
function createCombinedFormat(): AccessLine {
  let second = Number.NaN
  let text = ''
  return (access) => {
    const now = Math.floor(access.time.getTime() / 1000)
    if (now !== second) {
      second = now
      text = clfTime(access.time)
    }
    return formatCombined(access, text)
  }
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `10/Oct/2000:13:55:36 -0700`, in the local time zone, as Apache writes it. */
export function clfTime(time: Date): string {
  const offset = -time.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  const date = `${two(time.getDate())}/${MONTHS[time.getMonth()]}/${time.getFullYear()}`
  return `${date}:${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())} ${zone}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v'
}

function quoted(text: string): string {
  return `"${escaped(text)}"`
}

/** As Apache escapes: a client must not be able to end a field or a line. */
export function escaped(text: string): string {
  if (!/[^\x20-\x7e]|["\\]/.test(text)) return text
  return text.replace(/[^\x20-\x7e]|["\\]/g, (found) => {
    const short = SHORT[found]
    if (short !== undefined) return short
    return Buffer.from(found, found > '\xff' ? 'utf8' : 'latin1').reduce(
      (all, byte) => `${all}\\x${byte.toString(16).padStart(2, '0')}`,
      ''
    )
  })
}
