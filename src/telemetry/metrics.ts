// What `/-/wasgi/metrics` shows. Requests are counted as they end, with counters that were looked up
// before; everything that has a present value is asked for when somebody scrapes.
import { STATUS_CODES } from 'node:http'
import { type Counter, collectDefaultMetrics, type Histogram, Registry } from 'prom-client'
import { DEATH_KINDS } from '../dispatch/death.ts'
import type { GroupCondition, GroupEvents, InterpreterStatus } from '../dispatch/group.ts'
import type { SnapshotStatus } from '../snapshot/counts.ts'
import { type MetricFamilies, metricFamilies } from './metric-families.ts'
import type { Visit, VisitWatcher } from './visits.ts'

/** One application, as far as metrics ask; src/server/mounted.ts has more of it. */
export interface Measured {
  readonly group: string
  conditions(): readonly GroupCondition[]
  interpreters(): readonly InterpreterStatus[]
  snapshot(): SnapshotStatus
}

export interface Versions {
  readonly wasgi: string
  readonly python: string
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const STATES = ['empty', 'booting', 'ready', 'retiring', 'dead'] as const

export class Metrics {
  readonly registry: Registry = new Registry()
  readonly #families: MetricFamilies
  readonly #requests = new Map<string, GroupRequests>()
  /** Counts a request for the group that it is with, whichever it came for. */
  readonly #watcher: VisitWatcher = {
    begun: ({ group }) => this.#of(group).begun(),
    moved: ({ group }, before) => {
      this.#of(before).left()
      this.#of(group).begun()
    },
    ended: (visit, nowMs) => this.#of(visit.group).ended(visit, nowMs)
  }
  #scrape: Promise<string> | undefined

  constructor() {
    this.#families = metricFamilies(this.registry)
  }

  /** Adds what prom-client knows of the process: `process_*` and `nodejs_*`. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.registry })
  }

  /** Who is to be told of requests that come for a group. */
  requestsOf(group: string): VisitWatcher {
    this.#of(group)
    return this.#watcher
  }

  #of(group: string): GroupRequests {
    const known = this.#requests.get(group)
    if (known !== undefined) return known
    const made = new GroupRequests(group, this.#families)
    this.#requests.set(group, made)
    return made
  }

  /** The same events, counted. */
  watch(events: GroupEvents): GroupEvents {
    const { starts, deaths, failures } = this.#families
    return {
      ...events,
      onReady: (worker, ready) => {
        starts.observe({ group: groupOf(worker), boot: ready.boot }, ready.bootMs / 1000)
        events.onReady(worker, ready)
      },
      onDeath: (death) => {
        deaths.inc({ group: death.group, kind: death.kind })
        events.onDeath(death)
      },
      onFailure: (worker, error, request) => {
        failures.inc({ group: groupOf(worker), code: error.code })
        events.onFailure(worker, error, request)
      }
    }
  }

  /** The text format. Those who ask at the same time get the same answer. */
  text(applications: readonly Measured[], versions: Versions): Promise<string> {
    if (this.#scrape === undefined) {
      this.#collect(applications, versions)
      this.#scrape = this.registry.metrics().finally(() => {
        this.#scrape = undefined
      })
    }
    return this.#scrape
  }

  #collect(applications: readonly Measured[], { wasgi, python }: Versions): void {
    const { build, inProgress } = this.#families
    build.reset()
    const node = process.versions.node
    build.set({ version: wasgi, node_version: node, python_version: python }, 1)
    for (const [group, { open }] of this.#requests) inProgress.set({ group }, open)
    // Several applications may have one group.
    const groups = new Map<string, GroupCondition>()
    for (const application of applications) {
      for (const condition of application.conditions()) groups.set(condition.group, condition)
    }
    this.#collectConditions([...groups.values()])
    this.#collectInterpreters(applications.flatMap((application) => application.interpreters()))
    this.#collectSnapshots(new Map(applications.map((each) => [each.group, each.snapshot()])))
  }

  #collectConditions(conditions: readonly GroupCondition[]): void {
    const { queued, workers, wipes, wipeTime, deaths } = this.#families
    for (const family of [queued, workers, wipes, wipeTime]) family.reset()
    for (const { group, queued: waiting, workers: all, wipes: wiped } of conditions) {
      queued.set({ group }, waiting)
      wipes.inc({ group }, wiped.count)
      wipeTime.inc({ group }, wiped.ms / 1000)
      for (const state of STATES) workers.set({ group, state }, count(all, state))
      // A rate needs a beginning.
      for (const kind of DEATH_KINDS) deaths.inc({ group, kind }, 0)
    }
  }

  #collectInterpreters(interpreters: readonly InterpreterStatus[]): void {
    const { memory } = this.#families
    memory.reset()
    for (const { group, worker, heapBytes } of interpreters)
      memory.set({ group, worker }, heapBytes)
  }

  #collectSnapshots(snapshots: ReadonlyMap<string, SnapshotStatus>): void {
    const { snapshot, snapshotFailures } = this.#families
    snapshot.reset()
    snapshotFailures.reset()
    for (const [group, { from, failures }] of snapshots) {
      if (from !== undefined) snapshot.set({ group, from }, 1)
      for (const [code, times] of Object.entries(failures)) {
        snapshotFailures.inc({ group, code }, times)
      }
    }
  }
}

type Labelled = ReturnType<Counter['labels']>

/** The requests of one group. Looking labels up for each of them would cost more than counting. */
class GroupRequests {
  /** Requests in progress. */
  open = 0
  readonly #group: string
  readonly #requests: MetricFamilies['requests']
  readonly #duration: ReturnType<Histogram['labels']>
  readonly #queueTime: ReturnType<Histogram['labels']>
  /** By method, then by status. */
  readonly #counters = new Map<string, Map<number, Labelled>>()

  constructor(group: string, { requests, duration, queueTime }: MetricFamilies) {
    this.#group = group
    this.#requests = requests
    this.#duration = duration.labels(group)
    this.#queueTime = queueTime.labels(group)
  }

  begun(): void {
    this.open++
  }

  left(): void {
    this.open--
  }

  ended({ method, status, since, queuedAt, exchange }: Visit, nowMs: number): void {
    this.left()
    this.#counter(method, status).inc()
    this.#duration.observe((nowMs - since) / 1000)
    const startedAt = exchange?.startedAt ?? 0
    if (startedAt !== 0) this.#queueTime.observe(Math.max(0, startedAt - queuedAt) / 1000)
  }

  #counter(given: string, status: number): Labelled {
    const known = this.#counters.get(given)?.get(status)
    if (known !== undefined) return known
    const method = METHODS.includes(given) ? given : 'other'
    const byStatus = this.#counters.get(method) ?? new Map<number, Labelled>()
    this.#counters.set(method, byStatus)
    const made =
      byStatus.get(status) ?? this.#requests.labels(this.#group, method, statusLabel(status))
    byStatus.set(status, made)
    return made
  }
}

/** Applications may answer with any number from 100 to 999. */
function statusLabel(status: number): string {
  return status === 499 || STATUS_CODES[status] !== undefined ? String(status) : 'other'
}

function count(workers: GroupCondition['workers'], wanted: string): number {
  return workers.filter(({ state }) => state === wanted).length
}

/** Workers go by `group/number`; what no worker did goes by the group's own name, which may have a path. */
function groupOf(worker: string): string {
  return worker.replace(/\/\d+$/, '')
}
