// The Fastify server of `wasgi serve`: what it takes from the network, and where it listens. In a file
// of its own because Fastify is loaded while the application starts already.
import http, { type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController
} from 'fastify'
import type { Settings } from '../config/settings.ts'
import { WasgiError } from '../errors.ts'
import { decodePath, splitTarget } from '../wire/request-target.ts'
import { removeStaleSocket } from './unix-socket.ts'

/** A server without routes that writes to `logger`. */
export function createApp(settings: Settings, logger: FastifyBaseLogger): FastifyInstance {
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Nothing here logs through a request, so none needs a logger of its own.
    childLoggerFactory: (parent) => parent,
    // An application may take longer to import than Fastify waits for a plugin; startup_timeout rules.
    pluginTimeout: 0,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    rewriteUrl: (request: IncomingMessage) => route(request, settings.mount)
  })
  for (const method of http.METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) {
      app.addHttpMethod(method, { hasBody: true })
    }
  }
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500
    const phrase = http.STATUS_CODES[status] ?? 'Error'
    if (!error.code?.startsWith('WASGI_')) logger.error({ err: error }, 'request failed')
    return reply
      .code(status)
      .type('text/plain')
      .send(`${status} ${phrase}\n${error.code ?? ''}\n`)
  })
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain').send('404 Not Found\n')
  )
  return app
}

/**
 * The application does its own routing, so Fastify's gets one of two fixed paths. Nothing of the
 * target is decoded, normalised or refused on the way; the gateway reads `originalUrl`.
 */
function route(request: IncomingMessage, prefix: string): string {
  const target = request.url ?? '/'
  const inbound = request as IncomingMessage & { originalUrl?: string }
  inbound.originalUrl = target
  if (prefix === '') return '/'
  const path = decodePath(splitTarget(target).path)
  const scriptName = Buffer.from(prefix, 'utf8').toString('latin1')
  const inside = path === scriptName || path.startsWith(`${scriptName}/`)
  return inside ? prefix : '/outside-of-the-mount'
}

/** Resolves with the URL to visit; rejects with WASGI_ERR_LISTEN. */
export async function listen(app: FastifyInstance, settings: Settings): Promise<string> {
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
  return `http://${bracketed(reachable(host))}:${address.port}`
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

/** Lets requests in progress finish; what is left after `timeoutMs` loses its connection. */
export async function close(app: FastifyInstance, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs)
  await app.close()
  clearTimeout(timer)
}
