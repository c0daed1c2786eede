// The effective configuration as text: a wasgi.toml that does the same, in which comments say where
// each value is from. And as an object, for machines.

import { stringify } from 'smol-toml'
import { type Pool, poolsOf, serverSite } from '../config/application-group.ts'
import { formatDuration, formatSize } from '../config/quantity.ts'
import { keyOf, type OptionName, optionNames, optionOf, scopeOf } from '../config/schema.ts'
import type { ResolvedServer, ResolvedSettings } from '../config/settings.ts'

/** A value as a file would have it, and where it is from. */
export interface ReportedValue {
  /** Null if there is none, or none is shown. */
  readonly value: unknown
  readonly origin: string
  /** Whether there is a value that is not shown. */
  readonly hidden?: true
}

type Reported = Readonly<Record<string, ReportedValue>>

/** A table, all that counts in it, inherited values among them. */
export interface ReportedTable {
  readonly options: Reported
  readonly env?: Reported
}

export interface ConfigReport extends ReportedTable {
  readonly groups: Readonly<Record<string, ReportedTable>>
  readonly mounts: readonly ReportedTable[]
  /** Who shares an interpreter with whom. */
  readonly pools: readonly PoolReport[]
}

export interface PoolReport {
  readonly name: string
  readonly workers: number
  readonly paths: readonly string[]
  /** Whose dispatch scripts may choose it, if any. */
  readonly dispatched?: readonly string[]
}

const COMMENT_COLUMN = 40

/** Everything that counts, by table. Values of variables only with `showEnv`. */
export function configReport(server: ResolvedServer, showEnv: boolean): ConfigReport {
  const env = envOf(server, showEnv)
  const groups = [...server.groups].map(
    ([name, group]) =>
      [name, { options: reported(group, 'group'), env: envOf(group, showEnv) }] as const
  )
  return {
    options: reported(server),
    env,
    groups: Object.fromEntries(groups),
    mounts: server.mounts.map((mount) => ({ options: mountOptions(mount) })),
    pools: poolsOf(server, serverSite(server.settings)).map(poolReport)
  }
}

function poolReport({ name, settings, mounts, guests = [] }: Pool): PoolReport {
  const paths = (of: readonly ResolvedSettings[]): string[] =>
    of.map((mount) => mount.settings.mount || '/')
  return {
    name,
    workers: settings.mode === 'embedded' ? 1 : settings.workers,
    paths: paths(mounts),
    ...(guests.length > 0 && { dispatched: paths(guests) })
  }
}

function reported(resolved: ResolvedSettings, scope?: 'group' | 'mount'): Reported {
  const names = optionNames('command').filter(
    (name) => name !== 'env' && (scope === undefined || scopeOf(name) === scope)
  )
  const { settings, origins } = resolved
  const values = names.map((name) => {
    const value = asWritten(name, settings[name])
    return [keyOf(name), { value, origin: origins[name] }] as const
  })
  return Object.fromEntries(values)
}

function mountOptions(mount: ResolvedSettings): Reported {
  const { mount: path, ...options } = reported(mount, 'mount')
  const value = path?.value || '/'
  return { path: { value, origin: path?.origin ?? 'default' }, ...options }
}

/** As a person would write it in the file; null for nothing. */
function asWritten(name: OptionName, value: unknown): unknown {
  if (value === undefined || (name === 'app' && value === '')) return null
  const { kind } = optionOf(name)
  if (kind === 'duration') return formatDuration(Number(value))
  return kind === 'size' ? formatSize(Number(value)) : value
}

function envOf({ settings, variableOrigins = {} }: ResolvedSettings, showEnv: boolean): Reported {
  const variables = Object.entries(settings.env).map(([name, value]) => {
    const origin = variableOrigins[name] ?? 'default'
    const shown: ReportedValue = showEnv ? { value, origin } : { value: null, origin, hidden: true }
    return [name, shown] as const
  })
  return Object.fromEntries(variables)
}

/** As a file. A group's table and a mount's have only what is not as at the top level. */
export function configText(report: ConfigReport): string {
  const { options, env = {}, groups, mounts, pools } = report
  const sections = [optionsText(options), envText('env', env)]
  for (const [name, group] of Object.entries(groups)) {
    const own = different(group.options, options)
    const ownEnv = different(group.env ?? {}, env)
    const path = `groups.${quoted(name)}`
    const used = pools.some((pool) => pool.name.split('|')[0] === name)
    const note = used ? '' : '# no mount is in this group, so it is not started\n'
    const bare = Object.keys(own).length === 0 && Object.keys(ownEnv).length === 0
    if (bare && name === options.process_group?.value) continue
    sections.push(`[${path}]\n${note}${lines(own)}`, envText(`${path}.env`, ownEnv))
  }
  for (const { options: mount } of mounts) {
    // The one of the top level stands there.
    if (mount.app?.origin === options.app?.origin && options.app?.value !== null) continue
    const { path, app, ...rest } = mount
    const own = { ...(path && { path }), ...(app && { app }), ...different(rest, options) }
    sections.push(`[[mounts]]\n${lines(own)}`)
  }
  sections.push(poolsText(pools))
  return sections.filter((section) => section !== '').join('\n')
}

/** By heading, in the order of the reference. */
function optionsText(options: Reported): string {
  const sections = new Map<string, Record<string, ReportedValue>>()
  for (const name of optionNames('command')) {
    const value = options[keyOf(name)]
    // Without an application at the top level there is nothing that it could be the place of.
    if (value === undefined || (name === 'mount' && options.app?.value === null)) continue
    const { heading } = optionOf(name)
    sections.set(heading, { ...sections.get(heading), [keyOf(name)]: value })
  }
  return [...sections].map(([heading, values]) => `# ${heading}\n${lines(values)}`).join('\n')
}

function envText(path: string, env: Reported): string {
  return Object.keys(env).length === 0 ? '' : `[${path}]\n${lines(env)}`
}

function lines(values: Reported): string {
  return Object.entries(values)
    .map(([key, value]) => `${line(key, value)}\n`)
    .join('')
}

function line(key: string, { value, origin, hidden }: ReportedValue): string {
  const from = `# ${plain(origin)}`
  if (hidden) return `${`# ${plain(key)} is hidden (--show-env)`.padEnd(COMMENT_COLUMN)} ${from}`
  if (value === null) return `# ${plain(key)} is ${absent(key)}`
  return `${stringify({ [key]: value })
    .trimEnd()
    .padEnd(COMMENT_COLUMN)} ${from}`
}

function absent(key: string): string {
  const name = optionNames('command').find((each) => keyOf(each) === key)
  const computed = name && optionOf(name).computed
  return computed === undefined ? 'not set' : `not set: ${computed}`
}

function different(values: Reported, top: Reported): Reported {
  const own = Object.entries(values).filter(([key, { value, origin }]) => {
    const above = top[key]
    return above === undefined || above.origin !== origin || !same(above.value, value)
  })
  return Object.fromEntries(own)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function poolsText(pools: readonly PoolReport[]): string {
  if (pools.length === 0) return ''
  const rows = pools.map(({ name, workers, paths, dispatched = [] }) => {
    const threads = workers === 1 ? '1 worker' : `${workers} workers`
    const chosen = dispatched.map((path) => `${path} (if its dispatch_script says so)`)
    return `#   ${plain(name)}: ${threads} for ${plain([...paths, ...chosen].join(', '))}\n`
  })
  return `# Interpreters\n${rows.join('')}`
}

function quoted(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)
}

/** In a comment nothing may end its line, and nothing is for the terminal. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
