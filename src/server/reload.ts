// A reload of everything that one server, or one registration of the plugin, has mounted: the
// configuration is read anew, then each group loads its application. What cannot be loaded goes on as
// it was, and is told of.
import type { FastifyBaseLogger } from 'fastify'
import { type Pool, poolsOf, type Site } from '../config/application-group.ts'
import { takenOver, unreloadable } from '../config/reloaded.ts'
import type { ResolvedServer } from '../config/settings.ts'
import { reloadError } from '../dispatch/failure.ts'
import type { GroupEvents, RequestGroup } from '../dispatch/group.ts'
import type { Currency } from './currency.ts'
import type { PoolSource } from './pool-source.ts'

/** A group that is running, and the name of the pool that it is made from. */
export interface RunningPool {
  readonly name: string
  readonly group: RequestGroup
  readonly source: PoolSource
  readonly currency: Currency | undefined
}

/** Other mounts or groups are other routes, which are there until the server ends. */
const ROUTES = ['mounts', 'dispatch_groups', 'process_group', 'application_group']

export interface ReloadOptions {
  readonly server: ResolvedServer
  readonly site: Site
  readonly pools: readonly RunningPool[]
  /** Of hooks: they have no pool, and keep what they were made from. */
  readonly hooks: readonly RequestGroup[]
  readonly events: GroupEvents
  readonly log: FastifyBaseLogger
}

/** `reload()` for the applications that began together. Rejects with the first error there was. */
export class ServerReload {
  readonly #options: ReloadOptions
  /** The configuration that counts. */
  #server: ResolvedServer

  constructor(options: ReloadOptions) {
    this.#options = options
    this.#server = options.server
  }

  async reload(): Promise<void> {
    const { pools, hooks, log } = this.#options
    const found = this.#read()
    const errors: unknown[] = []
    // One group after the other: each keeps the machine's cores busy while it imports.
    for (const group of hooks) {
      await this.#renew(group, () => group.reload('rolling')).catch((error) => errors.push(error))
    }
    for (const pool of pools) {
      const reload = (): Promise<void> => loadAnew(pool, found.get(pool.name), log)
      await this.#renew(pool.group, reload).catch((error) => errors.push(error))
    }
    if (errors.length > 0) throw errors[0]
  }

  /** The pools as they are configured now. Throws when that configuration is refused. */
  #read(): ReadonlyMap<string, Pool> {
    const { site, log, events } = this.#options
    let server = this.#server
    try {
      server = server.reread?.() ?? server
    } catch (cause) {
      const error = reloadError('configuration', cause)
      events.onFailure('', error)
      throw error
    }
    const running = this.#options.server
    const kept = unreloadable(running, server)
    if (kept.length > 0) {
      log.warn({ options: kept }, `changed, but only a restart makes it count: ${kept.join(', ')}`)
    }
    const rerouted = kept.some((key) => ROUTES.includes(key))
    server = rerouted ? this.#server : takenOver(running, server)
    this.#server = server
    return new Map(poolsOf(server, site).map((pool) => [pool.name, pool]))
  }

  async #renew(group: RequestGroup, reload: () => Promise<void>): Promise<void> {
    const { events, log } = this.#options
    const startedAt = performance.now()
    try {
      await reload()
    } catch (cause) {
      const error = reloadError(`process group "${group.name}"`, cause)
      events.onFailure(group.name, error)
      throw error
    }
    const ms = Math.round(performance.now() - startedAt)
    log.info({ group: group.name, ms }, `process group "${group.name}" has been reloaded`)
  }
}

async function loadAnew(
  { group, source, currency }: RunningPool,
  pool: Pool | undefined,
  log: FastifyBaseLogger
): Promise<void> {
  const load = async (): Promise<void> => {
    const recipe = await source.recipe()
    currency?.renewing()
    try {
      await group.reload('rolling', recipe)
    } catch (error) {
      currency?.renewed(error)
      throw error
    }
    currency?.renewed(undefined)
  }
  await (pool === undefined ? load() : source.configure(pool, load))
  if (pool !== undefined && pool.settings.mode === 'daemon') staff(group, pool, log)
}

/** As with gunicorn, the configured number of workers counts again, whatever signals have made of it. */
function staff(group: RequestGroup, { settings }: Pool, log: FastifyBaseLogger): void {
  const { workers: wanted } = settings
  let count = group.state().workers
  while (count > 0 && count !== wanted) {
    const next = group.changeWorkers(count < wanted ? 1 : -1)
    if (next === count) {
      const text = `process group "${group.name}" has ${count} workers of ${wanted}: more than that need a restart`
      log.warn({ group: group.name, workers: count }, text)
      return
    }
    count = next
  }
}
