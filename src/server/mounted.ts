// The applications of one server: what each is started with, and the list of them on `app.wasgi`.
import type { FastifyBaseLogger } from 'fastify'
import type { ForeignPyodide } from '../../workers/foreign.ts'
import { embeddedRequired } from '../config/embedding.ts'
import { proxyRules } from '../config/proxies.ts'
import type { ResolvedSettings, Settings } from '../config/settings.ts'
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
import type { SnapshotStatus } from '../snapshot/counts.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { SlowRequests } from '../telemetry/slow-requests.ts'
import { Visits, type VisitWatcher } from '../telemetry/visits.ts'
import type { ProxyRules } from '../wire/trusted-proxies.ts'
import { AccessHook } from './access.ts'
import { adopting } from './foreign.ts'
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
  /** Whether requests can be taken, what waits, and the workers: of its group, and of its hooks'. */
  conditions(): readonly GroupCondition[]
}

/** What `app.wasgi` is: everything mounted in this scope and below the first one that mounted. */
export interface WasgiDecorator {
  readonly applications: readonly WasgiApplication[]
  /** The interpreters of all of them. */
  interpreters(): readonly InterpreterStatus[]
}

/** What hangs on the decorator: the public list, and what all applications of a server share. */
export class Mounted implements WasgiDecorator {
  readonly applications: WasgiApplication[] = []
  readonly locks: SharedLocks = new SharedLocks()
  /** Counts for `/-/wasgi/metrics`, if that is asked for. */
  metrics: Metrics | undefined

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
    return this.applications.flatMap((application) => application.interpreters())
  }
}

/** An application that has no routes yet. */
export interface BegunApplication {
  readonly target: string
  readonly settings: Settings
  readonly group: RequestGroup
  readonly access: AccessHook | undefined
  /** Whom to believe about a client; undefined is nobody. */
  readonly proxies: ProxyRules | undefined
  /** Settles when it is ready for requests, or with the WasgiError that keeps it from that. */
  readonly started: Promise<void>
  /** Waits for the requests in progress, at most `shutdown_timeout`, then ends the interpreters. */
  close(): Promise<void>
}

/**
 * Begins to start what an application needs: its process group, and the hooks that are asked before
 * it. Rejects with a WasgiError when settings cannot be met; then nothing is left running.
 */
export async function beginApplication(
  given: ResolvedSettings,
  mounted: Mounted,
  log: FastifyBaseLogger,
  foreign?: ForeignPyodide
): Promise<BegunApplication> {
  const resolved = foreign === undefined ? given : adopting(given, foreign)
  const { settings } = resolved
  const proxies = proxyRules(settings, resolved.origins)
  const { options, application } = await groupOptions(resolved, mounted.applications)
  const events = mounted.events(log)
  const access = await beginAccess(resolved, options.name, mounted, events)
  const group = isForbidden(settings)
    ? new RestrictedGroup(options.name, application.target, (error) =>
        events.onFailure(options.name, error)
      )
    : ProcessGroup.begin({ ...options, foreign }, mounted.locks, events)
  const close = async (): Promise<void> => {
    await Promise.all([
      group.close(settings.shutdownTimeout),
      access?.group.close(settings.shutdownTimeout)
    ])
  }
  const started = Promise.all([group.started, access?.group.started]).then(() => undefined)
  started.catch(close) // whoever began it may look only later, or not at all
  return { target: application.target, settings, group, access, proxies, started, close }
}

/** mod_wsgi's WSGIRestrictEmbedded: the application's own wish for the main thread does not count. */
function isForbidden({ mode, restrictEmbedded }: Settings): boolean {
  return mode === 'embedded' && restrictEmbedded
}

async function beginAccess(
  resolved: ResolvedSettings,
  group: string,
  { locks }: Mounted,
  events: GroupEvents
): Promise<AccessHook | undefined> {
  const { accessScript } = resolved.settings
  if (accessScript === undefined || !embeddedRequired(resolved.settings)) return undefined
  return AccessHook.begin(resolved, accessScript, `${group}-access`, locks, events)
}
