// The Fastify server of `wasgi serve`: what it takes from the network, and where it listens. In a file
// of its own because Fastify is loaded while the application starts already.
import http, { type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  LogController
} from 'fastify'
import type { Settings } from '../config/settings.ts'
import { WasgiError } from '../errors.ts'
import { ClientErrors } from './client-errors.ts'
import { lingerAfterResponse } from './linger.ts'
import { turnOf } from './pipeline.ts'
import { isHttp2 } from './request-checks.ts'
import type { TlsFiles } from './tls.ts'
import { removeStaleSocket } from './unix-socket.ts'

const MAX_CHECKING_MS = 5000

export interface HttpServer {
  readonly app: FastifyInstance
  /** Resolves with the URL to visit; rejects with WASGI_ERR_LISTEN. */
  listen(): Promise<string>
  /** Lets requests in progress finish; what is left after `timeoutMs` loses its connection. */
  close(timeoutMs: number): Promise<void>
}

/** A server without routes that writes to `logger`; it speaks TLS if there is something to do it with. */
export function createHttpServer(
  settings: Settings,
  tls: TlsFiles | undefined,
  logger: FastifyBaseLogger
): HttpServer {
  const app = createApp(settings, tls, logger)
  const connections = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  return {
    app,
    listen: () => listen(app, settings),
    close: async (timeoutMs) => {
      const timer = setTimeout(() => {
        for (const socket of connections) socket.destroy()
      }, timeoutMs)
      await app.close()
      clearTimeout(timer)
    }
  }
}

function createApp(
  settings: Settings,
  tls: TlsFiles | undefined,
  logger: FastifyBaseLogger
): FastifyInstance {
  const errors = new ClientErrors()
  const app = Fastify({
    ...protocol(settings, tls),
    clientErrorHandler: errors.handle,
    keepAliveTimeout: settings.keepAliveTimeout,
    http2SessionTimeout: settings.keepAliveTimeout,
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Nothing here logs through a request, so none needs a logger of its own.
    childLoggerFactory: (parent) => parent,
    // An application may take longer to import than Fastify waits for a plugin; startup_timeout rules.
    pluginTimeout: 0,
    exposeHeadRoutes: false,
    rewriteUrl: route
  } as FastifyHttpOptions<Server, FastifyBaseLogger>)
  errors.watch(app.server)
  configure(app.server, settings)
  for (const method of http.METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) {
      app.addHttpMethod(method, { hasBody: true })
    }
  }
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.code === 'FST_ERR_NOT_FOUND') return refuseMethod(request.raw, reply)
    if (!error.code?.startsWith('WASGI_')) logger.error({ err: error }, 'request failed')
    return sendError(reply, error.statusCode ?? 500, error.code ?? '')
  })
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain').send('404 Not Found\n')
  )
  return app
}

/**
 * Every path has a route, so it is the method that Fastify does not find: HTTP/2's requests may have any,
 * and to Node's parser the `PRI` of HTTP/2's preface is one.
 */
function refuseMethod(raw: IncomingMessage, reply: FastifyReply): FastifyReply {
  if (!isHttp2(raw)) {
    void turnOf(raw, reply.raw) // what was sent ahead waits for this response, and sees that it is the last
    reply.header('connection', 'close')
    lingerAfterResponse(raw.socket)
  }
  const { statusCode, code } = new WasgiError('WASGI_ERR_METHOD', [raw.method ?? ''])
  return sendError(reply, statusCode, code)
}

function sendError(reply: FastifyReply, status: number, code: string): FastifyReply {
  const phrase = http.STATUS_CODES[status] ?? 'Error'
  return reply.code(status).type('text/plain').send(`${status} ${phrase}\n${code}\n`)
}

/** Which of Node's servers Fastify makes. */
function protocol({ http2, headerTimeout }: Settings, tls: TlsFiles | undefined): object {
  const connections = {
    // Node looks for late heads this often.
    connectionsCheckingInterval: Math.min(MAX_CHECKING_MS, Math.ceil(headerTimeout / 4)),
    headersTimeout: headerTimeout,
    // How long a body may take is counted where it is read.
    requestTimeout: 0,
    // request-checks.ts does, and what follows in the pipeline is refused with it.
    requireHostHeader: false,
    // TLS has a notice for it, too.
    allowHalfOpen: true
  }
  if (tls === undefined) return { http: connections, forceCloseConnections: 'idle' }
  if (!http2) return { https: { ...connections, ...tls }, forceCloseConnections: 'idle' }
  return { http2: true, https: { ...tls, allowHTTP1: true } }
}

/** What Fastify has no option for. HTTP/2's server takes what it needs for clients of HTTP/1.1. */
function configure(server: Server & { httpAllowHalfOpen?: boolean }, settings: Settings): void {
  const { headerTimeout, headerLimit, requestLineLimit, headerCountLimit } = settings
  server.headersTimeout = headerTimeout
  // One more than allowed, so that there being more is seen; Node drops the rest without a word.
  server.maxHeadersCount = headerCountLimit + 1
  // Beyond the limits of request-checks.ts, which have statuses of their own.
  Object.assign(server, { maxHeaderSize: 2 * (headerLimit + requestLineLimit) })
  // A client that has sent all it had to say may close its side and wait for the response.
  server.httpAllowHalfOpen = true
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
}

/**
 * The application does its own routing, so Fastify's gets one fixed path. Nothing of the target is
 * decoded, normalised or refused on the way; whoever answers reads `originalUrl`.
 */
function route(request: IncomingMessage): string {
  const inbound = request as IncomingMessage & { originalUrl?: string }
  inbound.originalUrl = request.url ?? '/'
  return '/'
}

async function listen(app: FastifyInstance, settings: Settings): Promise<string> {
  const { uds, host, port } = settings
  try {
    if (uds !== undefined) {
      await removeStaleSocket(uds)
      await app.listen({ path: uds })
      return `unix:${uds}`
    }
    await app.listen({ host, port })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = LISTEN_REASONS[code ?? ''] ?? message
    const where = uds ?? `${bracketed(host)}:${port}`
    throw new WasgiError('WASGI_ERR_LISTEN', [where, reason], { cause: error })
  }
  const address = app.server.address() as AddressInfo
  const scheme = settings.certificate === undefined ? 'http' : 'https'
  return `${scheme}://${bracketed(reachable(host))}:${address.port}`
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there already; stop it or choose another --port',
  EACCES: 'this user may not; ports below 1024 need privileges',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
  ENOENT: 'the folder of the socket does not exist'
}

/** A wildcard is an address to listen on, not one to visit. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
