// What the main thread knows of a request: from its connection, from its head, and from the proxies that
// are believed. What an application is told of its client starts from here.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { RequestLine } from '../wire/request-head.ts'
import { authorityOf } from '../wire/request-target.ts'
import { type ProxyRules, throughProxies } from '../wire/trusted-proxies.ts'
import { isHttp2 } from './request-checks.ts'

export interface RequestFacts {
  readonly line: RequestLine
  /** Name, value, name, value. */
  readonly headers: readonly string[]
}

/** Where an application is mounted, and whom it believes about its clients. */
export interface Mounting {
  /** Decoded mount path, '' at the root. */
  readonly scriptName: string
  /** Undefined when no proxy is believed. */
  readonly proxies: ProxyRules | undefined
}

export function requestFacts(request: FastifyRequest, mounting: Mounting): RequestFacts {
  const line = requestLine(request, mounting)
  const headers = headerLines(request.raw, line.target)
  const { proxies } = mounting
  return proxies === undefined ? { line, headers } : throughProxies(proxies, line, headers)
}

/** The same without the header fields of these lower-case names. */
export function withoutHeaders(
  { line, headers }: RequestFacts,
  names: readonly string[]
): RequestFacts {
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]]
    if (!names.includes(name.toLowerCase())) kept.push(name, value)
  }
  return { line, headers: kept }
}

function requestLine(request: FastifyRequest, { scriptName, proxies }: Mounting): RequestLine {
  const { raw } = request
  const { socket } = raw
  // Believing trustProxy first would let the client choose the proxy that trusted_proxies is to believe.
  const peer = proxies === undefined ? request.ip : socket.remoteAddress
  const server = serverAddress(request)
  return {
    method: raw.method ?? 'GET',
    target: request.originalUrl,
    httpVersion: raw.httpVersion,
    scheme: proxies === undefined ? request.protocol : schemeOf(socket),
    remoteAddress: plainAddress(peer ?? ''),
    remotePort: String(socket.remotePort ?? ''),
    ...server,
    scriptName,
    mount: scriptName,
    requestId: String(request.id),
    connectionId: connectionId(socket),
    listenerHost: server.serverName,
    listenerPort: server.serverPort,
    requestStart: Date.now()
  }
}

/** Of open connections; a number that no other has had. */
const connections = { ids: new WeakMap<object, string>(), last: 0 }

function connectionId(socket: object): string {
  const known = connections.ids.get(socket)
  if (known !== undefined) return known
  const id = String(++connections.last)
  connections.ids.set(socket, id)
  return id
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
