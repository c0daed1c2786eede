// One request on its way from Fastify to a process group and back. This is the file to start reading
// from: what comes before it is Fastify's, what comes after it is dispatch/.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Exchange, GatewayRequest } from '../dispatch/exchange.ts'
import type { RequestGroup } from '../dispatch/group.ts'
import { PIECE_BYTES, RequestBody } from '../dispatch/request-body.ts'
import { WasgiError } from '../errors.ts'
import { publicError } from '../public-error.ts'
import type { Visits } from '../telemetry/visits.ts'
import { encodeRequestHead, type RequestLine } from '../wire/request-head.ts'
import { authorityOf } from '../wire/request-target.ts'
import { type ProxyRules, throughProxies } from '../wire/trusted-proxies.ts'
import type { AccessHook } from './access.ts'
import { sendEarlyHints } from './early-hints.ts'
import { isHeldBack } from './expectations.ts'
import { lingerAfterResponse } from './linger.ts'
import { turnOf } from './pipeline.ts'
import { sendDebugPage, sendResponse } from './reply.ts'
import { checkRequest, endsConnection, type HeadLimits, isHttp2 } from './request-checks.ts'

export interface GatewayOptions {
  readonly group: RequestGroup
  /** The application's number in the group's interpreters. */
  readonly application: number
  /** Asked before the application is. */
  readonly access: AccessHook | undefined
  /** Who is told of requests in progress; undefined is nobody. */
  readonly visits?: Visits | undefined
  /** Decoded mount path, '' at the root: it becomes SCRIPT_NAME. */
  readonly scriptName: string
  readonly limits: HeadLimits
  readonly bodyLimitBytes: number
  /** How long a body may stand still; 0 is for ever. */
  readonly bodyTimeoutMs: number
  /** Undefined when no proxy is believed. */
  readonly proxies: ProxyRules | undefined
  readonly debug: boolean
}

/** Answers one request. Rejects with an error whose text a client may see. */
export async function answer(
  options: GatewayOptions,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  const visit = options.visits?.begin(request.method, request.originalUrl, reply.raw)
  try {
    const turn = turnOf(request.raw, reply.raw)
    // Nobody waits for an answer, and a peer without an address is not a Unix socket's.
    if (!(turn instanceof Promise ? await turn : turn)) {
      throw new WasgiError('WASGI_ERR_CLIENT_GONE', ['its head'])
    }
    checkRequest(request.raw, request.originalUrl, options.limits)
    const head = requestHead(options, request)
    const label = `${request.raw.method ?? 'GET'} ${request.originalUrl}`
    if (options.access !== undefined) await options.access.check({ head, label })
    const taken = takeBody(request.raw, options)
    // Most requests have no body, and those need not wait a turn of the microtask queue.
    const { body, source } = taken instanceof Promise ? await taken : taken
    const { application } = options
    const requestId = request.id
    const exchange = options.group.handle({ head, body, source, label, application, requestId })
    cancelWhenClosed(reply, exchange)
    visit?.queued(exchange)
    exchange.onHints = (fields) => sendEarlyHints(reply.raw, fields)
    return sendResponse(request, reply, await exchange.response)
  } catch (error) {
    if (!(error instanceof WasgiError)) throw error
    if (endsConnection(error.statusCode) && !isHttp2(request.raw)) {
      reply.header('connection', 'close')
      lingerAfterResponse(request.raw.socket)
    }
    const { retryAfterSeconds } = error
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
    if (options.debug && error.traceback !== undefined) return sendDebugPage(reply, error)
    throw publicError(error)
  }
}

/**
 * A client that closes its connection takes its request with it. So does a response that was sent
 * while the application still makes its own: a hook or an error has put another one in its place.
 */
function cancelWhenClosed(reply: FastifyReply, exchange: Exchange): void {
  reply.raw.once('close', () => exchange.cancel())
}

function requestHead(options: GatewayOptions, request: FastifyRequest): string {
  const received = requestLine(request, options)
  const lines = headerLines(request.raw, received.target)
  const { proxies } = options
  const { line, headers } =
    proxies === undefined
      ? { line: received, headers: lines }
      : throughProxies(proxies, received, lines)
  const head = encodeRequestHead(line, headers)
  if (head === undefined) {
    throw new WasgiError('WASGI_ERR_BAD_REQUEST', ['its head has characters that HTTP forbids'])
  }
  return head
}

function requestLine(
  request: FastifyRequest,
  { scriptName, proxies }: GatewayOptions
): RequestLine {
  const { raw } = request
  const { socket } = raw
  // Believing trustProxy first would let the client choose the proxy that trusted_proxies is to believe.
  const peer = proxies === undefined ? request.ip : socket.remoteAddress
  return {
    method: raw.method ?? 'GET',
    target: request.originalUrl,
    httpVersion: raw.httpVersion,
    scheme: proxies === undefined ? request.protocol : schemeOf(socket),
    remoteAddress: plainAddress(peer ?? ''),
    remotePort: String(socket.remotePort ?? ''),
    ...serverAddress(request),
    scriptName,
    mount: scriptName
  }
}

/**
 * Name, value, name, value. The Host is what the target or HTTP/2's `:authority` says, if one of them
 * does, whatever the field itself says (RFC 9112, 3.2.2; RFC 9113, 8.3.1).
 */
function headerLines(raw: IncomingMessage, target: string): readonly string[] {
  const { rawHeaders } = raw
  const authority = isHttp2(raw) ? raw.headers[':authority'] : authorityOf(target)
  if (authority === undefined && !isHttp2(raw)) return rawHeaders
  const lines = authority === undefined ? [] : ['host', String(authority)]
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (name.startsWith(':')) continue
    if (authority !== undefined && name.toLowerCase() === 'host') continue
    lines.push(name, value)
  }
  return lines
}

/** PEP 3333 wants both always; on a Unix socket the Host field is all there is to go by. */
function serverAddress(request: FastifyRequest): { serverName: string; serverPort: string } {
  const { localAddress, localPort } = request.raw.socket
  if (localAddress !== undefined) {
    const name = plainAddress(localAddress)
    // RFC 3875, 4.1.14.
    return { serverName: name.includes(':') ? `[${name}]` : name, serverPort: String(localPort) }
  }
  const port = request.protocol === 'https' ? '443' : '80'
  return { serverName: 'localhost', serverPort: port }
}

function schemeOf(socket: Socket): 'http' | 'https' {
  return (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http'
}

/** An IPv4 client of a dual-stack socket shows as `::ffff:192.0.2.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

type TakenBody = Pick<GatewayRequest, 'body' | 'source'>

/**
 * A small body is read here, so that a slow client does not hold a worker. A large one, one of
 * unknown length, and one that the client holds back is left for the application to pull.
 */
function takeBody(
  raw: IncomingMessage,
  { bodyLimitBytes, bodyTimeoutMs }: GatewayOptions
): TakenBody | Promise<TakenBody> {
  const open = isOpenEnded(raw)
  const announced = Number(raw.headers['content-length'] ?? 0)
  if (!open && announced === 0) return { body: undefined, source: undefined }
  if (announced > bodyLimitBytes) {
    if (!isHeldBack(raw)) raw.resume()
    throw new WasgiError('WASGI_ERR_BODY_TOO_LARGE', [bodyLimitBytes])
  }
  const heldBack = isHeldBack(raw)
  const limits = {
    limitBytes: bodyLimitBytes,
    timeoutMs: bodyTimeoutMs,
    heldBack,
    announcedBytes: open ? undefined : announced
  }
  const source = new RequestBody(raw, limits)
  if (open || announced > PIECE_BYTES || heldBack) return { body: null, source }
  return wholeBody(source, bodyTimeoutMs)
}

async function wholeBody(source: RequestBody, timeoutMs: number): Promise<TakenBody> {
  const body = await source.whole()
  if (body instanceof Uint8Array) return { body, source: undefined }
  if (body === 'malformed') throw new WasgiError('WASGI_ERR_BAD_REQUEST', ['its trailers'])
  if (body === 'too-slow') throw new WasgiError('WASGI_ERR_BODY_TOO_SLOW', [`${timeoutMs} ms`])
  throw new WasgiError('WASGI_ERR_CLIENT_GONE', ['its body'])
}

/** Whether a body comes whose length nobody has told. */
function isOpenEnded(raw: IncomingMessage): boolean {
  const { headers } = raw
  if (!isHttp2(raw)) return headers['transfer-encoding'] !== undefined
  const { stream } = raw as unknown as Http2ServerRequest
  return headers['content-length'] === undefined && !stream.endAfterHeaders
}
