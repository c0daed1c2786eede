// Where in Apache's configuration a directive is, and whether it is in force for an application. Pure.

import { basename } from 'node:path'
import type { ConfigNode, Directive, Section } from './parse.ts'
import { words } from './words.ts'

/** A virtual host. */
export interface Host {
  readonly section: Section
  readonly addresses: readonly string[]
  /** ServerName and ServerAlias, without port. */
  readonly names: readonly string[]
}

/** A directive with the sections around it, outermost first, and its virtual host. */
export interface Scoped {
  readonly directive: Directive
  readonly host: Host | undefined
  readonly within: readonly Section[]
}

/** An application, as far as sections are asked whether they hold it. */
export interface Spot {
  readonly path: string
  /** What Apache takes its requests to be for. */
  readonly file: string
}

/** `part`: for some of its URLs. `unsure`: that depends on what is not evaluated here. */
export type Reach = 'whole' | 'part' | 'none' | 'unsure'

/** All directives, in the order of the file. */
export function flatten(nodes: readonly ConfigNode[]): { all: Scoped[]; hosts: Host[] } {
  const all: Scoped[] = []
  const hosts: Host[] = []
  const walk = (node: ConfigNode, host: Host | undefined, within: readonly Section[]): void => {
    if (node.kind === 'directive') {
      all.push({ directive: node, host, within })
    } else if (node.name.toLowerCase() === 'virtualhost') {
      const inner = hostOf(node)
      hosts.push(inner)
      for (const child of node.children) walk(child, inner, within)
    } else {
      for (const child of node.children) walk(child, host, [...within, node])
    }
  }
  for (const node of nodes) walk(node, undefined, [])
  return { all, hosts }
}

function hostOf(section: Section): Host {
  const names = section.children.flatMap((child) => {
    if (child.kind !== 'directive' || !/^Server(Name|Alias)$/i.test(child.name)) return []
    return words(child.args).map((name) => name.replace(/^\w+:\/\//, '').replace(/:\d+$/, ''))
  })
  return { section, addresses: words(section.args), names }
}

/** What people call it: its first name, or else its address. */
export function hostLabel({ names, addresses }: Host): string {
  const port = /:(\d+|\*)$/.exec(addresses[0] ?? '')?.[1]
  return names[0] === undefined ? (addresses[0] ?? '') : `${names[0]}${port ? `:${port}` : ''}`
}

/** Whether `wanted` names it: a name, an address, or NAME:PORT. */
export function isCalled(host: Host, wanted: string): boolean {
  const all = [...host.names, ...host.addresses, hostLabel(host)]
  return all.some((name) => name.toLowerCase() === wanted.toLowerCase())
}

/** Sections that hold others without choosing any request. */
const TRANSPARENT = /^(RequireAll|RequireAny|RequireNone|WSGIInterpreterOptions)$/i

/** How much of an application a directive in these sections is in force for. */
export function reachOf(within: readonly Section[], spot: Spot): Reach {
  const reaches = within.map((section) => sectionReach(section, spot))
  for (const reach of ['none', 'unsure', 'part'] as const) if (reaches.includes(reach)) return reach
  return 'whole'
}

function sectionReach({ name, args }: Section, { path, file }: Spot): Reach {
  const [first = '', second] = words(args)
  if (TRANSPARENT.test(name)) return 'whole'
  const kind = name.toLowerCase()
  const pattern = second === undefined ? first : '~'
  if (kind === 'location' && pattern !== '~' && !/[*?[]/.test(pattern)) return below(path, pattern)
  if (kind === 'directory' && pattern !== '~' && !/[*?[]/.test(pattern)) {
    return isBelow(file, pattern) ? 'whole' : 'none'
  }
  if (kind === 'files' && pattern !== '~' && !/[[\]]/.test(pattern)) {
    return fileMatches(basename(file), pattern) ? 'whole' : 'none'
  }
  return 'unsure'
}

function below(path: string, location: string): Reach {
  if (isBelow(path, location)) return 'whole'
  return isBelow(location, path) ? 'part' : 'none'
}

/** Whether a path is at or below another, segment by segment. */
export function isBelow(path: string, above: string): boolean {
  const top = withoutSlash(above)
  return withoutSlash(path) === top || path.startsWith(`${top}/`)
}

/** Without slashes at its end. A regular expression would look at each run of them once for every slash. */
export function withoutSlash(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}

/**
 * `*` and `?` only. A star takes as little as it can, and only the last one is ever asked for more: no
 * more comparisons than the lengths multiplied.
 */
function fileMatches(name: string, pattern: string): boolean {
  let [at, of] = [0, 0]
  let star: { readonly of: number; at: number } | undefined
  while (at < name.length) {
    if (pattern[of] === '*') {
      star = { of: ++of, at }
    } else if (of < pattern.length && (pattern[of] === '?' || pattern[of] === name[at])) {
      of++
      at++
    } else if (star !== undefined) {
      of = star.of
      at = ++star.at
    } else return false
  }
  while (pattern[of] === '*') of++
  return of === pattern.length
}

/** The rank in which Apache merges: directories by depth, files, locations, in a host over all hosts. */
export function rankOf({ host, within }: Scoped): number {
  let rank = host === undefined ? 0 : 1_000_000
  for (const { name, args } of within) {
    const kind = name.toLowerCase()
    const [path = ''] = words(args)
    if (kind === 'directory') rank += 1 + path.split('/').filter(Boolean).length
    else if (kind === 'files') rank += 1_000
    else if (kind === 'location') rank += 100_000
  }
  return rank
}
