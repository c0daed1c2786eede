// One request on its way from Fastify to a process group and back. This is the file to start reading
// from: what comes before it is Fastify's, what comes after it is dispatch/.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Exchange, GatewayRequest } from '../dispatch/exchange.ts'
import type { RequestGroup } from '../dispatch/group.ts'
import { PIECE_BYTES, RequestBody } from '../dispatch/request-body.ts'
import { WasgiError } from '../errors.ts'
import { publicError } from '../public-error.ts'
import { encodeRequestHead, type RequestLine } from '../wire/request-head.ts'
import type { AccessHook } from './access.ts'
import { sendDebugPage, sendResponse } from './reply.ts'

export interface GatewayOptions {
  readonly group: RequestGroup
  /** Asked before the application is. */
  readonly access: AccessHook | undefined
  /** Decoded mount path, '' at the root: it becomes SCRIPT_NAME. */
  readonly scriptName: string
  readonly bodyLimitBytes: number
  readonly debug: boolean
}

/** Answers one request. Rejects with an error whose text a client may see. */
export async function answer(
  options: GatewayOptions,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  try {
    const head = requestHead(options, request)
    const label = `${request.raw.method ?? 'GET'} ${request.originalUrl}`
    if (options.access !== undefined) await options.access.check({ head, label })
    const taken = takeBody(request.raw, options.bodyLimitBytes)
    // Most requests have no body, and those need not wait a turn of the microtask queue.
    const { body, source } = taken instanceof Promise ? await taken : taken
    const exchange = options.group.handle({ head, body, source, label })
    cancelWhenClosed(reply, exchange)
    return sendResponse(request, reply, await exchange.response)
  } catch (error) {
    if (!(error instanceof WasgiError)) throw error
    if (error.statusCode === 413) reply.header('connection', 'close')
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
  const line = requestLine(request, options.scriptName)
  const head = encodeRequestHead(line, headerLines(request.raw))
  if (head === undefined) {
    throw new WasgiError('WASGI_ERR_BAD_REQUEST', ['its head has characters that HTTP forbids'])
  }
  return head
}

function requestLine(request: FastifyRequest, scriptName: string): RequestLine {
  const { raw } = request
  const { socket } = raw
  return {
    method: raw.method ?? 'GET',
    target: request.originalUrl,
    httpVersion: raw.httpVersion,
    scheme: request.protocol,
    remoteAddress: plainAddress(request.ip ?? ''),
    remotePort: String(socket.remotePort ?? ''),
    ...serverAddress(request),
    scriptName
  }
}

/** Name, value, name, value. Of HTTP/2's pseudo fields `:authority` is the Host (RFC 9113, 8.3.1). */
function headerLines({ rawHeaders, httpVersionMajor }: IncomingMessage): readonly string[] {
  if (httpVersionMajor < 2) return rawHeaders
  const lines: string[] = []
  const authority = rawHeaders.indexOf(':authority')
  if (authority !== -1) lines.push('host', rawHeaders[authority + 1] ?? '')
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (name.startsWith(':') || (name === 'host' && authority !== -1)) continue
    lines.push(name, value)
  }
  return lines
}

/** PEP 3333 wants both always; on a Unix socket the Host field is all there is to go by. */
function serverAddress(request: FastifyRequest): { serverName: string; serverPort: string } {
  const { localAddress, localPort } = request.raw.socket
  if (localAddress !== undefined) {
    return { serverName: plainAddress(localAddress), serverPort: String(localPort) }
  }
  const port = request.protocol === 'https' ? '443' : '80'
  return { serverName: 'localhost', serverPort: port }
}

/** An IPv4 client of a dual-stack socket shows as `::ffff:192.0.2.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

type TakenBody = Pick<GatewayRequest, 'body' | 'source'>

/**
 * A small body is read here, so that a slow client does not hold a worker; a large one, or one of
 * unknown length, is left for the application to pull.
 */
function takeBody(raw: IncomingMessage, limitBytes: number): TakenBody | Promise<TakenBody> {
  const open = isOpenEnded(raw)
  const announced = Number(raw.headers['content-length'] ?? 0)
  if (!open && announced === 0) return { body: undefined, source: undefined }
  if (announced > limitBytes) {
    raw.resume()
    throw new WasgiError('WASGI_ERR_BODY_TOO_LARGE', [limitBytes])
  }
  const source = new RequestBody(raw, limitBytes)
  return open || announced > PIECE_BYTES ? { body: null, source } : wholeBody(source)
}

async function wholeBody(source: RequestBody): Promise<TakenBody> {
  const body = await source.whole()
  if (body === undefined) throw new WasgiError('WASGI_ERR_CLIENT_GONE', ['its body'])
  return { body, source: undefined }
}

/** Whether a body comes whose length nobody has told. */
function isOpenEnded(raw: IncomingMessage): boolean {
  const { headers, httpVersionMajor } = raw
  if (httpVersionMajor < 2) return headers['transfer-encoding'] !== undefined
  const { stream } = raw as unknown as Http2ServerRequest
  return headers['content-length'] === undefined && !stream.endAfterHeaders
}
