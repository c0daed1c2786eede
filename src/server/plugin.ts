// The Fastify plugin: mounts one application under a prefix, beside whatever else the server does.
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest
} from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ForeignPyodide } from '../../workers/foreign.ts'
import {
  type ResolvedServer,
  settingsFromPlugin,
  type WasgiPluginOptions
} from '../config/settings.ts'
import { mountFinder, scriptNameOf } from '../dispatch/mounts.ts'
import { isSimpleContentType } from './content-type.ts'
import { deferContinue } from './expectations.ts'
import { answer, type GatewayOptions } from './gateway.ts'
import { isAuthorizationPassed } from './hooks/hooks.ts'
import {
  type BegunApplication,
  type BegunApplications,
  beginApplications,
  Mounted,
  type WasgiApplication,
  type WasgiDecorator
} from './mounted.ts'
import { offerAdmin } from './plugin-admin.ts'

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
  server: ResolvedServer,
  foreign?: ForeignPyodide
): Promise<void> {
  const mounted = decorate(instance)
  // Where it will listen is not known yet.
  const site = { server: 'localhost', prefix: prefixOf(instance) }
  const begun = await beginApplications(server, site, mounted, instance.log, foreign)
  await attach(instance, mounted, begun)
}

/**
 * Gives applications their routes, their places in the list, and their end with the server, and waits
 * until they are ready. Rejects with a WasgiError when one cannot be.
 */
export async function attach(
  instance: FastifyInstance,
  mounted: Mounted,
  { applications, groups, reload, started, close }: BegunApplications
): Promise<void> {
  if (!instance.hasDecorator('wasgi')) instance.decorate('wasgi', mounted)
  instance.addHook('onClose', close)
  deferContinue(instance.server)
  mounted.groups.push(...groups)
  mounted.reloads.push(reload)
  const gateways = applications.map((application) => {
    const prefix = `${prefixOf(instance)}${application.path}`
    mounted.applications.push(listed(application, prefix))
    return gatewayOptions(application, prefix, mounted, instance.log)
  })
  addRoutes(instance, mountFinder(gateways))
  await started
}

function listed(application: BegunApplication, prefix: string): WasgiApplication {
  const { target, group, hooks, routes } = application
  const others = [...routes.others, ...(hooks ? [hooks.interpreter] : [])]
  return {
    target,
    prefix,
    group: group.name,
    workers: () => group.workers(),
    snapshot: () => group.snapshot(),
    conditions: () =>
      [group, ...others.map((other) => other.group)].map((each) => each.condition()),
    interpreters: () =>
      [group, ...others.map((other) => other.group)].flatMap((each) => each.interpreters())
  }
}

function gatewayOptions(
  { group, routes, hooks, proxies, settings }: BegunApplication,
  prefix: string,
  mounted: Mounted,
  log: FastifyBaseLogger
): GatewayOptions {
  return {
    routes,
    hooks,
    passAuthorization: isAuthorizationPassed(settings),
    visits: mounted.visits(group.name, settings, log),
    scriptName: scriptNameOf(prefix),
    limits: settings,
    bodyLimitBytes: settings.bodyLimit,
    bodyTimeoutMs: settings.bodyTimeout,
    proxies,
    debug: settings.debug
  }
}

function decorate(instance: FastifyInstance): Mounted {
  if (!instance.hasDecorator('wasgi')) instance.decorate('wasgi', new Mounted())
  return instance.wasgi as Mounted
}

function prefixOf({ prefix }: FastifyInstance): string {
  return prefix === '/' ? '' : prefix
}

/** `find` says which application a target is for. What none takes is not found. */
function addRoutes(
  instance: FastifyInstance,
  find: (target: string) => GatewayOptions | undefined
): void {
  instance.removeAllContentTypeParsers()
  // The application reads the body itself.
  instance.addContentTypeParser('*', (_request, _payload, done) => done(null))
  instance.addHook('preParsing', (request: FastifyRequest, _reply, _payload, done) => {
    hideOddContentType(request)
    done()
  })
  const method = [...instance.supportedMethods]
  const handler = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const options = find(request.originalUrl)
    return options === undefined ? notFound(reply) : answer(options, request, reply)
  }
  for (const url of ['/', '/*']) {
    instance.route({ method, url, exposeHeadRoute: false, handler })
  }
}

async function notFound(reply: FastifyReply): Promise<FastifyReply> {
  reply.callNotFound()
  return reply
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

const outer: FastifyPluginAsync<WasgiFastifyOptions> = async (instance, options) => {
  const { interpreter, ...own } = options
  const mounted = decorate(instance)
  const server = settingsFromPlugin(own)
  await offerAdmin(instance, mounted, server.settings)
  await instance.register((scope) => mount(scope, server, interpreter), options)
}

/**
 * `await app.register(wasgi, { app: 'app.py', prefix: '/py' })`. Resolves when every worker is ready;
 * rejects with a WasgiError when the application cannot be loaded.
 */
export const wasgi: FastifyPluginAsync<WasgiFastifyOptions> = fastifyPlugin(outer, {
  name: 'wasgi',
  fastify: '5.x'
})
