// `live`, `ready` and `metrics` for whoever runs the server: on a listener of its own (`admin`), which
// outlives the public one, and on the public one if asked (`admin_path`). Nothing here reads a body,
// and nothing here is in the access log.
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { WasgiError } from '../errors.ts'
import { packageVersions, pythonVersion } from '../package.ts'
import type { Measured, Metrics, Versions } from '../telemetry/metrics.ts'
import { splitTarget } from '../wire/request-target.ts'
import { type Conditioned, Health } from './health.ts'
import { removeStaleSocket } from './unix-socket.ts'

/** Where the admin listener has them. */
export const ADMIN_PREFIX = '/-/wasgi'

/** Scrapes are few; who holds connections open must not starve them for long. */
const MAX_CONNECTIONS = 64
const PATIENCE_MS = 5_000

export interface AdminSources {
  readonly applications: () => ReadonlyArray<Conditioned & Measured>
  readonly metrics: Metrics
  readonly versions: Versions
  readonly log: FastifyBaseLogger
}

interface AdminReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export class Admin {
  readonly health: Health
  readonly #sources: AdminSources
  #server: Server | undefined
  #url = ''

  constructor(sources: AdminSources) {
    this.health = new Health(sources.applications)
    this.#sources = sources
  }

  get metrics(): Metrics {
    return this.#sources.metrics
  }

  /** `HOST:PORT` or `unix:/path`. Rejects with WASGI_ERR_LISTEN. */
  async listen(address: string): Promise<void> {
    const limits = { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS }
    const server = http.createServer(
      { ...limits, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
      (request, response) => {
        if (!this.#answer(ADMIN_PREFIX, request, response)) send(request, response, NOT_FOUND)
      }
    )
    server.maxConnections = MAX_CONNECTIONS
    this.#server = server
    this.#url = await listenOn(server, address)
    this.#sources.log.info({ url: this.#url }, `admin listens on ${this.#url}${ADMIN_PREFIX}/`)
  }

  /** Answers below `prefix` on the public server, before any hook that is added later. */
  answerOn(app: FastifyInstance, prefix: string): void {
    app.addHook('onRequest', (request, reply, done) => {
      const { raw, originalUrl } = request
      const known = this.#answer(prefix, raw, reply.raw, originalUrl)
      if (known) reply.hijack()
      else done()
    })
  }

  /** The same as routes of `app`, with its hooks and its prefix: for a server of somebody else's. */
  addRoutes(app: FastifyInstance, path: string): void {
    const method = [...app.supportedMethods]
    for (const name of NAMES) {
      const handler = async (
        request: FastifyRequest,
        reply: FastifyReply
      ): Promise<FastifyReply> => {
        const { status, headers, body } = await this.#reply(name, request.method)
        return reply.code(status).headers(headers).send(body)
      }
      app.route({ method, url: `${path}/${name}`, exposeHeadRoute: false, handler })
    }
  }

  /** Ends the listener of its own; the last thing that a server does. */
  async close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    const { promise, resolve } = Promise.withResolvers<void>()
    server.close(() => resolve())
    server.closeAllConnections()
    await promise
  }

  /** False when it is none of its three paths: those may be the application's. */
  #answer(
    prefix: string,
    request: IncomingMessage,
    response: ServerResponse,
    target = request.url ?? ''
  ): boolean {
    const { path } = splitTarget(target)
    if (!path.startsWith(`${prefix}/`)) return false
    const name = NAMES.find((each) => each === path.slice(prefix.length + 1))
    if (name === undefined) return false
    void this.#reply(name, request.method).then((reply) => send(request, response, reply))
    return true
  }

  async #reply(name: (typeof NAMES)[number], method = ''): Promise<AdminReply> {
    if (method !== 'GET' && method !== 'HEAD') return NOT_ALLOWED
    if (name === 'metrics') return this.#metrics()
    return name === 'live' ? LIVE : this.#ready()
  }

  #ready(): AdminReply {
    const readiness = this.health.readiness()
    return json(readiness.status === 'ready' ? 200 : 503, readiness)
  }

  async #metrics(): Promise<AdminReply> {
    const { metrics, applications, versions, log } = this.#sources
    try {
      const body = await metrics.text(applications(), versions)
      return replyOf(200, metrics.registry.contentType, body)
    } catch (error) {
      log.error({ err: error }, 'metrics could not be collected')
      return replyOf(500, TEXT, 'see the log\n')
    }
  }
}

const NAMES = ['live', 'ready', 'metrics'] as const
const TEXT = 'text/plain; charset=utf-8'
const NOT_FOUND: AdminReply = replyOf(
  404,
  TEXT,
  `there are ${ADMIN_PREFIX}/live, ${ADMIN_PREFIX}/ready and ${ADMIN_PREFIX}/metrics\n`
)
const NOT_ALLOWED: AdminReply = replyOf(405, TEXT, 'GET or HEAD\n', { allow: 'GET, HEAD' })
const LIVE: AdminReply = json(200, { status: 'live' })

function json(status: number, value: unknown): AdminReply {
  return replyOf(status, 'application/json', `${JSON.stringify(value)}\n`)
}

function replyOf(
  status: number,
  type: string,
  body: string,
  more: Readonly<Record<string, string>> = {}
): AdminReply {
  return { status, body, headers: { 'content-type': type, 'cache-control': 'no-store', ...more } }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers: given, body }: AdminReply
): void {
  const headers = { ...given, 'content-length': Buffer.byteLength(body) }
  // A body that nobody will read follows on the same connection.
  const more = request.httpVersionMajor === 1 && status === 405
  response.writeHead(status, more ? { ...headers, connection: 'close' } : headers)
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function listenOn(server: Server, address: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  try {
    if (address.startsWith('unix:')) {
      await removeStaleSocket(address.slice(5))
      server.listen(address.slice(5), resolve)
    } else {
      const colon = address.lastIndexOf(':')
      const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
      server.listen(Number(address.slice(colon + 1)), host, resolve)
    }
    await promise
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EADDRINUSE' ? 'another program listens there already' : message
    throw new WasgiError('WASGI_ERR_LISTEN', [`${address} (admin)`, reason], { cause: error })
  }
  if (address.startsWith('unix:')) return address
  const { port } = server.address() as AddressInfo
  return `http://${address.slice(0, address.lastIndexOf(':'))}:${port}`
}

/** Undefined unless one of the two options asks for it. Listens at once, if it is to. */
export async function beginAdmin(
  { admin: address, adminPath }: Pick<Settings, 'admin' | 'adminPath'>,
  sources: Pick<AdminSources, 'applications' | 'log'>
): Promise<Admin | undefined> {
  if (address === '' && adminPath === '') return undefined
  const { Metrics } = await import('../telemetry/metrics.ts')
  const metrics = new Metrics()
  metrics.addProcess()
  const versions = { wasgi: packageVersions().wasgi, python: pythonVersion() }
  const admin = new Admin({ ...sources, metrics, versions })
  if (address !== '') await admin.listen(address)
  return admin
}
