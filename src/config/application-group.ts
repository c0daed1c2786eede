// mod_wsgi's application groups: which mounts of a process group share an interpreter. Pure.

import type { ResolvedMounts, ResolvedServer, ResolvedSettings } from './merge.ts'
import type { Settings } from './options.ts'

/** What the names that are made from a request's place are made from. */
export interface Site {
  /** `host`, or `host:port` if the port is known, and neither 80 nor 443. */
  readonly server: string
  /** What comes before the path of each mount: a plugin's prefix. */
  readonly prefix: string
}

/** Mounts whose applications are in the same interpreters. Its own settings are those of the first. */
export interface Pool extends ResolvedMounts {
  /** `GROUP`, or `GROUP|APPLICATION_GROUP`: what its workers are called by. */
  readonly name: string
  /** Mounts of other pools whose dispatch scripts may choose this one. */
  readonly guests?: readonly ResolvedSettings[]
}

/**
 * The name of a mount's application group: '' is `%{GLOBAL}`, the group's first interpreter.
 * Source: mod_wsgi's `wsgi_application_group`, where a server is a virtual host; here there is one.
 */
export function applicationGroupOf(
  { applicationGroup, mount }: Pick<Settings, 'applicationGroup' | 'mount'>,
  { server, prefix }: Site
): string {
  if (applicationGroup === '%{GLOBAL}') return ''
  if (applicationGroup === '%{SERVER}') return server
  if (applicationGroup === '%{RESOURCE}') return `${server}|${prefix}${mount}`
  return applicationGroup
}

/** Where `wasgi serve` is to be found, in the words of `%{SERVER}`. */
export function serverSite({ uds, host, port }: Pick<Settings, 'uds' | 'host' | 'port'>): Site {
  // What SERVER_NAME is to applications behind such a socket.
  if (uds !== undefined) return { server: 'localhost', prefix: '' }
  // A free port is not known yet.
  const usual = port === 80 || port === 443 || port === 0
  return { server: usual ? host : `${host}:${port}`, prefix: '' }
}

/**
 * The server's mounts by the interpreters that they are in, in the order of their first mounts. Pools
 * with guests alone come last.
 */
export function poolsOf({ mounts }: ResolvedServer, site: Site): readonly Pool[] {
  type Members = Record<'mounts' | 'guests', ResolvedSettings[]>
  const pools = new Map<string, Members & { name: string }>()
  const add = (mount: ResolvedSettings, as: keyof Members): void => {
    const { processGroup } = mount.settings
    const applicationGroup = applicationGroupOf(mount.settings, site)
    const name = applicationGroup === '' ? processGroup : `${processGroup}|${applicationGroup}`
    const pool = pools.get(name) ?? { name, mounts: [], guests: [] }
    pool[as].push(mount)
    pools.set(name, pool)
  }
  for (const mount of mounts) add(mount, 'mounts')
  for (const { elsewhere = [] } of mounts) for (const guest of elsewhere) add(guest, 'guests')
  return [...pools.values()].map((pool) => {
    const [first] = membersOf(pool)
    return { ...(first as ResolvedSettings), ...pool }
  })
}

/** All whose applications are in the pool's interpreters, in the order of their numbers. */
export function membersOf({
  mounts,
  guests = []
}: Pick<Pool, 'mounts' | 'guests'>): readonly ResolvedSettings[] {
  return [...mounts, ...guests]
}
