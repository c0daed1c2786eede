// What Node's parser refuses never becomes a request, so it is answered here, on the bare socket.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

interface ClientError extends Error {
  readonly code?: string
}

/** What is left open for the client to read its answer; then the connection is cut. */
const LINGER_MS = 1000

const STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413
}

/** Requests of each connection that have not been answered in full. */
type Open = Map<ServerResponse, IncomingMessage>

/** A `clientErrorHandler` for Fastify, and what it needs to know of a server. */
export class ClientErrors {
  readonly #open = new WeakMap<object, Open>()

  /** Keeps account of the requests of `server`. */
  watch(server: Server): void {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request
      let open = this.#open.get(socket)
      if (open === undefined) {
        open = new Map()
        this.#open.set(socket, open)
      }
      open.set(response, request)
      response.once('close', () => open.delete(response))
    })
  }

  /**
   * Refuses what cannot be parsed. Earlier requests of the same connection get their answers first:
   * none of them must take the refusal for its own.
   */
  readonly handle = (error: ClientError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const open = [...(this.#open.get(socket) ?? [])]
    const [last] = open.slice(-1)
    if (last === undefined) refuse(error, socket)
    else if (last[1].complete) last[0].once('close', () => refuse(error, socket))
    else if (open.length === 1 && !last[0].headersSent) refuse(error, socket)
    // Its body broke off after its response had begun.
    else socket.destroy()
  }
}

function refuse({ code = '' }: ClientError, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUSES[code] ?? 400
  const phrase = STATUS_CODES[status] ?? ''
  const text = `${status} ${phrase}\n${code}\n`
  const head = `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8`
  socket.end(
    `${head}\r\nContent-Length: ${text.length}\r\nDate: ${new Date().toUTCString()}\r\n\r\n${text}`
  )
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}
