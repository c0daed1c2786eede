// The applications of one server: what each is started with, and the list of them on `app.wasgi`.
import type { FastifyBaseLogger } from 'fastify'
import type { ForeignPyodide } from '../../workers/foreign.ts'
import { membersOf, type Pool, poolsOf, type Site } from '../config/application-group.ts'
import { proxyRules } from '../config/proxies.ts'
import type { ResolvedServer, ResolvedSettings, Settings } from '../config/settings.ts'
import {
  type GroupCondition,
  type GroupEvents,
  type InterpreterStatus,
  ProcessGroup,
  type RequestGroup,
  type WorkerStatus
} from '../dispatch/group.ts'
import { RestrictedGroup } from '../dispatch/restricted-group.ts'
import { SharedLocks } from '../dispatch/shared-locks.ts'
import type { WasgiError } from '../errors.ts'
import type { SnapshotStatus } from '../snapshot/counts.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { SlowRequests } from '../telemetry/slow-requests.ts'
import { Visits, type VisitWatcher } from '../telemetry/visits.ts'
import type { ProxyRules } from '../wire/trusted-proxies.ts'
import type { Admin } from './admin.ts'
import { SeenCurrency } from './currency.ts'
import { adopting } from './foreign.ts'
import { groupEvents } from './group-log.ts'
import { poolOptions } from './group-options.ts'
import { Hooks, hooksKey, hooksName } from './hooks/hooks.ts'
import type { Destination, Routes } from './hooks/routes.ts'
import { currencyOf } from './pool-currency.ts'
import { PoolSource } from './pool-source.ts'
import { type RunningPool, ServerReload } from './reload.ts'

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
  /**
   * Whether requests can be taken, what waits, and the workers: of its group, of those that its dispatch
   * script may choose, and of its hooks'.
   */
  conditions(): readonly GroupCondition[]
}

/** What `app.wasgi` is: everything mounted in this scope and below the first one that mounted. */
export interface WasgiDecorator {
  readonly applications: readonly WasgiApplication[]
  /** The interpreters of all of them. */
  interpreters(): readonly InterpreterStatus[]
  /**
   * Loads all of them anew, and replaces their workers one after another; no request is lost. Rejects
   * with the error of one that cannot be loaded: that goes on as it was.
   */
  reload(): Promise<void>
}

/** What hangs on the decorator: the public list, and what all applications of a server share. */
export class Mounted implements WasgiDecorator {
  readonly applications: WasgiApplication[] = []
  /** Of the applications and of their hooks, each once however many applications it answers for. */
  readonly groups: RequestGroup[] = []
  readonly reloads: ServerReload[] = []
  readonly locks: SharedLocks = new SharedLocks()
  /** Counts for `/-/wasgi/metrics`, if that is asked for. */
  metrics: Metrics | undefined
  /** Of the plugin; a server of our own has one from its start. */
  admin: Admin | undefined
  /** Where that has routes already. */
  readonly adminPaths: Set<string> = new Set()

  /** Events of groups, logged and counted. */
  events(log: FastifyBaseLogger): GroupEvents {
    const events = groupEvents(log)
    return this.metrics?.watch(events) ?? events
  }

  /** Whom to tell of an application's requests; undefined is nobody. */
  visits(group: string, { slowRequests }: Settings, log: FastifyBaseLogger): Visits | undefined {
    const watchers: VisitWatcher[] = []
    if (this.metrics !== undefined) watchers.push(this.metrics.requestsOf(group))
    if (slowRequests > 0) watchers.push(new SlowRequests(slowRequests, log))
    return watchers.length === 0 ? undefined : new Visits(group, watchers)
  }

  interpreters(): readonly InterpreterStatus[] {
    return this.groups.flatMap((group) => group.interpreters())
  }

  async reload(): Promise<void> {
    const ends = await Promise.allSettled(this.reloads.map((each) => each.reload()))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
}

/** An application that has no routes yet. */
export interface BegunApplication {
  readonly target: string
  /** Where it is, below the prefix of the scope; '' is all of that. */
  readonly path: string
  readonly settings: Settings
  readonly group: RequestGroup
  /** The group, and what else a dispatch script may choose. */
  readonly routes: Routes
  readonly hooks: Hooks | undefined
  /** Whom to believe about a client; undefined is nobody. */
  readonly proxies: ProxyRules | undefined
}

/** Applications that belong together: those of a server, or of one registration of the plugin. */
export interface BegunApplications {
  readonly applications: readonly BegunApplication[]
  /** Settles when all are ready for requests, or with the WasgiError that keeps one from that. */
  readonly started: Promise<void>
  /** Those of the applications and of their hooks. */
  readonly groups: readonly RequestGroup[]
  readonly reload: ServerReload
  /** Waits for the requests in progress, at most `shutdown_timeout`, then ends the interpreters. */
  close(): Promise<void>
}

interface Running {
  readonly group: RequestGroup
  readonly shutdownTimeoutMs: number
}

/**
 * Begins to start what applications need: their process groups, and the hooks that are asked before
 * them. Rejects with a WasgiError when settings cannot be met; then nothing is left running.
 */
export async function beginApplications(
  server: ResolvedServer,
  site: Site,
  mounted: Mounted,
  log: FastifyBaseLogger,
  foreign?: ForeignPyodide
): Promise<BegunApplications> {
  const running: Running[] = []
  const begun: RunningPool[] = []
  const close = async (): Promise<void> => {
    for (const { currency } of begun) currency?.close()
    await Promise.all(running.map((each) => each.group.close(each.shutdownTimeoutMs)))
  }
  try {
    const pools = poolsOf(foreign === undefined ? server : adopting(server, foreign), site)
    // All of them before one is begun: most of what can be wrong is found here.
    const prepared = await Promise.all(
      pools.map(async (pool) => ({ pool, ...(await poolOptions(pool, mounted.applications)) }))
    )
    const unrouted: Unrouted[] = []
    const destinations = new Map<ResolvedSettings, Destination>()
    for (const each of prepared) {
      const inPool = await beginPool(each, destinations, running, mounted, log, foreign)
      unrouted.push(...inPool.mounts)
      const { group, source, currency } = inPool
      begun.push({ name: each.pool.name, group, source, currency })
    }
    const applications = unrouted.map(({ mount, ...rest }) => ({
      ...rest,
      routes: routesOf(mount, destinations, site)
    }))
    const started = Promise.all(running.map(({ group }) => group.started)).then(() => undefined)
    started.catch(close) // whoever began it may look only later, or not at all
    const groups = running.map(({ group }) => group)
    const events = mounted.events(log)
    const hooks = groups.filter((group) => !begun.some((each) => each.group === group))
    const reload = new ServerReload({
      server,
      site,
      // An interpreter of the host program's is never given up.
      pools: foreign === undefined ? begun : [],
      hooks,
      events,
      log
    })
    return { applications, groups, reload, started, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A mount whose other destinations may not have begun yet. */
interface Unrouted extends Omit<BegunApplication, 'routes'> {
  readonly mount: ResolvedSettings
}

function routesOf(
  mount: ResolvedSettings,
  destinations: ReadonlyMap<ResolvedSettings, Destination>,
  site: Site
): Routes {
  const to = (each: ResolvedSettings): Destination => destinations.get(each) as Destination
  const others = (mount.elsewhere ?? []).map(to)
  return { own: to(mount), others, site, mount: mount.settings.mount }
}

interface PreparedPool extends Awaited<ReturnType<typeof poolOptions>> {
  readonly pool: Pool
}

async function beginPool(
  { pool, options, applications, scripts }: PreparedPool,
  destinations: Map<ResolvedSettings, Destination>,
  running: Running[],
  mounted: Mounted,
  log: FastifyBaseLogger,
  foreign: ForeignPyodide | undefined
): Promise<{ mounts: readonly Unrouted[] } & Omit<RunningPool, 'name'>> {
  const { settings } = pool
  const events = mounted.events(log)
  const run = (group: RequestGroup): void => {
    running.push({ group, shutdownTimeoutMs: settings.shutdownTimeout })
  }
  const rules = pool.mounts.map((mount) => proxyRules(mount.settings, mount.origins))
  const hooks = await beginHooks(pool, options.name, mounted, events)
  for (const hook of new Set(hooks)) if (hook !== undefined) run(hook.interpreter.group)
  const targets = applications.map(({ target }) => target).join(', ')
  const onFailure = (error: WasgiError): void => events.onFailure(options.name, error)
  const source = new PoolSource(pool, scripts)
  const onChange = (text: string): void => log.info({ group: options.name }, text)
  const renewal = { group: (): RequestGroup => group, onFailure, onChange }
  const currency = foreign === undefined ? currencyOf(pool, options, source, renewal) : undefined
  const onSaw = currency instanceof SeenCurrency ? currency.saw.bind(currency) : undefined
  const group: RequestGroup = isForbidden(settings)
    ? new RestrictedGroup(options.name, targets, onFailure)
    : ProcessGroup.begin({ ...options, foreign }, mounted.locks, { ...events, onSaw })
  run(group)
  for (const [index, member] of membersOf(pool).entries()) {
    const { processGroup, applicationGroup } = options.boot.identity
    const configured = member.settings.processGroup
    const application = applications[index]?.number ?? 0
    const place = { application, processGroup, applicationGroup, configured }
    destinations.set(member, { group, currency, ...place })
  }
  const mounts = pool.mounts.map((mount, index) => ({
    target: mount.settings.app,
    path: mount.settings.mount,
    settings: mount.settings,
    mount,
    group,
    hooks: hooks[index],
    proxies: rules[index]
  }))
  return { mounts, group, source, currency }
}

/** mod_wsgi's WSGIRestrictEmbedded: the application's own wish for the main thread does not count. */
function isForbidden({ mode, restrictEmbedded }: Settings): boolean {
  return mode === 'embedded' && restrictEmbedded
}

/** The hooks of each mount. Those with the same scripts and rules share one interpreter. */
async function beginHooks(
  { mounts }: Pool,
  group: string,
  { locks }: Mounted,
  events: GroupEvents
): Promise<readonly (Hooks | undefined)[]> {
  const known = new Map<string, Hooks>()
  const all: (Hooks | undefined)[] = []
  for (const mount of mounts) {
    const key = hooksKey(mount.settings)
    const name = hooksName(group, known.size + 1)
    const hooks = known.get(key) ?? (await Hooks.begin(mount, name, locks, events))
    if (hooks !== undefined) known.set(key, hooks)
    all.push(hooks)
  }
  return all
}
