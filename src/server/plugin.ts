// The Fastify plugin: mounts one application under a prefix, beside whatever else the server does.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ForeignPyodide } from '../../workers/foreign.ts'
import {
  type ResolvedSettings,
  settingsFromPlugin,
  type WasgiPluginOptions
} from '../config/settings.ts'
import { isSimpleContentType } from './content-type.ts'
import { deferContinue } from './expectations.ts'
import { answer, type GatewayOptions } from './gateway.ts'
import { type BegunApplication, beginApplication, Mounted, type WasgiDecorator } from './mounted.ts'

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

/** Mounts already resolved settings. */
async function mount(
  instance: FastifyInstance,
  given: ResolvedSettings,
  foreign?: ForeignPyodide
): Promise<void> {
  const mounted = decorate(instance)
  const application = await beginApplication(given, mounted, instance.log, foreign)
  await attach(instance, mounted, application)
}

/**
 * Gives an application its routes, its place in the list, and its end with the server, and waits
 * until it is ready. Rejects with a WasgiError when it cannot be.
 */
export async function attach(
  instance: FastifyInstance,
  mounted: Mounted,
  { target, settings, group, access, proxies, started, close }: BegunApplication
): Promise<void> {
  if (!instance.hasDecorator('wasgi')) instance.decorate('wasgi', mounted)
  instance.addHook('onClose', close)
  deferContinue(instance.server)
  mounted.applications.push({
    target,
    prefix: instance.prefix,
    group: group.name,
    workers: () => group.workers(),
    snapshot: () => group.snapshot(),
    conditions: () => [group.condition(), ...(access ? [access.group.condition()] : [])],
    interpreters: () => [...group.interpreters(), ...(access?.group.interpreters() ?? [])]
  })
  addRoutes(instance, {
    group,
    access,
    visits: mounted.visits(group.name, settings, instance.log),
    scriptName: scriptNameOf(instance.prefix),
    limits: settings,
    bodyLimitBytes: settings.bodyLimit,
    bodyTimeoutMs: settings.bodyTimeout,
    proxies,
    debug: settings.debug
  })
  await started
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
 * Fastify refuses a Content-Type it cannot parse before any handler runs, and a QUERY that has none; to
 * the application it is only text. The environ is built from the raw header lines, so nothing is lost
 * by hiding it here.
 */
function hideOddContentType({ method, headers, raw }: FastifyRequest): void {
  const type = headers['content-type']
  if (type !== undefined && isSimpleContentType(type)) return
  if (method === 'QUERY') raw.headers['content-type'] = 'application/octet-stream'
  else if (type !== undefined) delete raw.headers['content-type']
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
