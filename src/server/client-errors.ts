// What Node's parser refuses never becomes a request, so it is answered here, on the bare socket.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { endGently } from './linger.ts'
import { isHttp2 } from './request-checks.ts'

interface ClientError extends Error {
  readonly code?: string
  /** What the parser was given last, and how far it got. */
  readonly rawPacket?: unknown
  readonly bytesParsed?: number
}

const STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413
}

/** Responses of each connection that are not out in full. */
type Open = Set<ServerResponse>

/** A `clientErrorHandler` for Fastify, and what it needs to know of a server. */
export class ClientErrors {
  readonly #open = new WeakMap<object, Open>()
  readonly #latest = new WeakMap<object, ServerResponse>()
  /** Sockets that have their refusal: what still comes is read, and refused no more. */
  readonly #refused = new WeakSet<Socket>()

  /** Keeps account of the requests of `server`. */
  watch(server: Server): void {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (isHttp2(request)) return
      const { socket } = request
      const open = this.#open.get(socket) ?? this.#begin(socket)
      open.add(response)
      this.#latest.set(socket, response)
      response.once('close', () => open.delete(response))
    })
  }

  #begin(socket: Socket): Open {
    const open: Open = new Set()
    this.#open.set(socket, open)
    socket.once('end', () => setImmediate(abandon, socket, open))
    return open
  }

  /**
   * Refuses what cannot be parsed. Earlier requests of the same connection get their answers first:
   * none of them must take the refusal for its own.
   */
  readonly handle = (error: ClientError, socket: Socket): void => {
    if (this.#refused.has(socket)) return
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    this.#refused.add(socket)
    const open = [...(this.#open.get(socket) ?? [])]
    const [last] = open.slice(-1)
    // A request that was answered before its body broke off has had its answer.
    if (last === undefined && this.#latest.get(socket)?.req.complete === false) endGently(socket)
    else if (last === undefined) refuse(error, socket)
    else if (last.req.complete) {
      // A refusal of Node's own may stand between, which ends the connection: then that is the last word.
      last.once('close', () => setImmediate(refuse, error, socket))
    } else if (open.length === 1 && !last.headersSent) {
      refuse(error, socket, last.req.method)
      // It is over, although its connection lingers: whoever reads its body must not wait for that.
      last.emit('close')
    }
    // Its body broke off after its response had begun.
    else socket.destroy()
  }
}

/**
 * What a client that has closed its side has not sent will never come. Node's parser says so itself,
 * but for requests to upgrade, whose faults it keeps quiet about.
 */
function abandon(socket: Socket, open: Open): void {
  if (!socket.writable) return
  for (const { req } of open) {
    if (!req.complete) req.destroy()
  }
}

/** Whether a request that was refused half-way through its head may be a HEAD. */
function mayBeHead({ rawPacket, bytesParsed = 0 }: ClientError): boolean {
  const read = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1', 0, bytesParsed + 1) : ''
  return read.includes('HEAD ') // wherever: behind a body no line begins with it
}

/** `method` is that of the request that broke off, if it is that. */
function refuse(error: ClientError, socket: Socket, method?: string): void {
  if (!socket.writable) return // it is being closed
  const { code = '' } = error
  const status = STATUSES[code] ?? 400
  const phrase = STATUS_CODES[status] ?? ''
  // RFC 9110, 9.3.2: no body. Whose method is not known gets one that is empty, which is right for any.
  const text = method === undefined && mayBeHead(error) ? '' : `${status} ${phrase}\n${code}\n`
  const head = `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8`
  endGently(
    socket,
    `${head}\r\nContent-Length: ${text.length}\r\nDate: ${new Date().toUTCString()}\r\n\r\n${method === 'HEAD' ? '' : text}`
  )
}
