// The Fastify plugin: mounts one application under a prefix, beside whatever else the server does.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ForeignPyodide } from '../../workers/foreign.ts'
import { embeddedRequired } from '../config/embedding.ts'
import {
  type ResolvedSettings,
  settingsFromPlugin,
  type WasgiPluginOptions
} from '../config/settings.ts'
import { type InterpreterStatus, ProcessGroup, type WorkerStatus } from '../dispatch/group.ts'
import { RestrictedGroup } from '../dispatch/restricted-group.ts'
import { SharedLocks } from '../dispatch/shared-locks.ts'
import type { SnapshotStatus } from '../snapshot/counts.ts'
import { AccessHook } from './access.ts'
import { isSimpleContentType } from './content-type.ts'
import { adopting } from './foreign.ts'
import { answer, type GatewayOptions } from './gateway.ts'
import { groupEvents } from './group-log.ts'
import { groupOptions } from './group-options.ts'

/** One mounted application, as `app.wasgi` lists it. */
export interface WasgiApplication {
  readonly target: string
  /** '' at the root. */
  readonly prefix: string
  readonly group: string
  workers(): readonly WorkerStatus[]
  interpreters(): readonly InterpreterStatus[]
  /** What its interpreters are restored from, and counts of what has gone wrong with that. */
  snapshot(): SnapshotStatus
}

/** What `app.wasgi` is: everything mounted in this scope and below the first one that mounted. */
export interface WasgiDecorator {
  readonly applications: readonly WasgiApplication[]
  /** The interpreters of all of them. */
  interpreters(): readonly InterpreterStatus[]
}

declare module 'fastify' {
  interface FastifyInstance {
    wasgi: WasgiDecorator
  }
}

/** Fastify's own options of `register`, and wasgi's. */
export type WasgiFastifyOptions = WasgiPluginOptions & {
  readonly prefix?: string
  /**
   * A Pyodide that the host program has made. The application runs in it, without a sandbox, and
   * wasgi never ends it.
   */
  readonly interpreter?: ForeignPyodide | undefined
}

/** Mounts already resolved settings; `serve` comes in here. */
export async function mount(
  instance: FastifyInstance,
  given: ResolvedSettings,
  foreign?: ForeignPyodide
): Promise<void> {
  const resolved = foreign === undefined ? given : adopting(given, foreign)
  const handle = decorate(instance)
  const { settings } = resolved
  const { options, application } = await groupOptions(resolved, handle.applications)
  const events = groupEvents(instance.log)
  const { accessScript, restrictEmbedded, shutdownTimeout } = settings
  const access =
    accessScript === undefined || !embeddedRequired(settings)
      ? undefined
      : await AccessHook.start(
          resolved,
          accessScript,
          `${options.name}-access`,
          handle.locks,
          instance.log
        )
  instance.addHook('onClose', () => access?.group.close(shutdownTimeout))
  const group =
    settings.mode === 'embedded' && restrictEmbedded
      ? new RestrictedGroup(options.name, application.target, (error) =>
          events.onFailure(options.name, error)
        )
      : await ProcessGroup.start({ ...options, foreign }, handle.locks, events)
  instance.addHook('onClose', () => group.close(shutdownTimeout))
  handle.applications.push({
    target: application.target,
    prefix: instance.prefix,
    group: group.name,
    workers: () => group.workers(),
    snapshot: () => group.snapshot(),
    interpreters: () => [...group.interpreters(), ...(access?.group.interpreters() ?? [])]
  })
  addRoutes(instance, {
    group,
    access,
    scriptName: scriptNameOf(instance.prefix),
    bodyLimitBytes: settings.bodyLimit,
    debug: settings.debug
  })
}

/** What hangs on the decorator: the public list, and what all applications of a server share. */
class Mounted implements WasgiDecorator {
  readonly applications: WasgiApplication[] = []
  readonly locks: SharedLocks = new SharedLocks()

  interpreters(): readonly InterpreterStatus[] {
    return this.applications.flatMap((application) => application.interpreters())
  }
}

function decorate(instance: FastifyInstance): Mounted {
  if (!instance.hasDecorator('wasgi')) instance.decorate('wasgi', new Mounted())
  return instance.wasgi as Mounted
}

/** The prefix as the bytes of a decoded path, which is what PATH_INFO is cut from. */
function scriptNameOf(prefix: string): string {
  return Buffer.from(prefix === '/' ? '' : prefix, 'utf8').toString('latin1')
}

function addRoutes(instance: FastifyInstance, options: GatewayOptions): void {
  instance.removeAllContentTypeParsers()
  // The application reads the body itself.
  instance.addContentTypeParser('*', (_request, _payload, done) => done(null))
  instance.addHook('preParsing', (request: FastifyRequest, _reply, _payload, done) => {
    hideOddContentType(request)
    done()
  })
  const method = [...instance.supportedMethods]
  const handler = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    answer(options, request, reply)
  for (const url of ['/', '/*']) {
    instance.route({ method, url, exposeHeadRoute: false, handler })
  }
}

/**
 * Fastify refuses a Content-Type it cannot parse before any handler runs; to the application it is
 * only text. The environ is built from the raw header lines, so nothing is lost by hiding it here.
 */
function hideOddContentType(request: FastifyRequest): void {
  const type = request.headers['content-type']
  if (type !== undefined && !isSimpleContentType(type)) delete request.raw.headers['content-type']
}

const scope: FastifyPluginAsync<WasgiFastifyOptions> = async (instance, options) => {
  const { interpreter, ...own } = options
  await mount(instance, settingsFromPlugin(own), interpreter)
}

const outer: FastifyPluginAsync<WasgiFastifyOptions> = async (instance, options) => {
  decorate(instance)
  await instance.register(scope, options)
}

/**
 * `await app.register(wasgi, { app: 'app.py', prefix: '/py' })`. Resolves when every worker is ready;
 * rejects with a WasgiError when the application cannot be loaded.
 */
export const wasgi: FastifyPluginAsync<WasgiFastifyOptions> = fastifyPlugin(outer, {
  name: 'wasgi',
  fastify: '5.x'
})
