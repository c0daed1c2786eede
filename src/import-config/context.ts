// What all parts of an import share: the directives in force, the applications found, the draft.

import { isAbsolute, join, resolve } from 'node:path'
import { type OptionName, type Scope, scopeOf } from '../config/schema.ts'
import type { Draft, MountTable, Note, Table } from './draft.ts'
import type { Fate, Reading } from './fit.ts'
import type { Reader } from './parse.ts'
import { rankOf, reachOf, type Scoped } from './scope.ts'
import { assignments, words } from './words.ts'

/** One application, on its way to a mount. */
export interface Application {
  readonly path: string
  /** Its file, absolute; where it is a module, the folder that it is in. */
  readonly script: string
  /** What Apache takes its requests to be for: the script, unless a handler runs it. */
  readonly file: string
  /** Instead of a file: a dotted name. */
  readonly module?: string
  readonly callable?: string
  readonly source: Scoped
  /** Options of the directive that mounts it, such as process-group. */
  readonly given: ReadonlyMap<string, string>
  readonly table: MountTable
  /** The folder that it was started in; mod_wsgi-express only. */
  readonly folder?: string
}

/** One import. */
export interface Import {
  readonly draft: Draft
  readonly reader: Reader
  readonly serverRoot: string
  /** Of the server and the chosen virtual host, without those whose variables are not defined. */
  readonly active: readonly Scoped[]
  /** Of other virtual hosts. */
  readonly passive: readonly Scoped[]
  readonly applications: readonly Application[]
  /** By the application: the key of its process group in `draft.groups`. */
  readonly groupOf: Map<Application, string>
}

const SHOWN = 100

/** A note about a directive. Values of variables may be secret, so they are not shown. */
export function noteOf({ directive }: Scoped, fate: Fate, text: string): Note {
  const { name, args, place } = directive
  const shown = /^SetEnv$/i.test(name) ? (words(args)[0] ?? '') : args.replace(/\s+/g, ' ')
  const short = shown.length > SHOWN ? `${shown.slice(0, SHOWN)}…` : shown
  return { place, subject: `${name} ${short}`.trim(), fate, text }
}

/** Those of this name, in order. */
export function named(directives: readonly Scoped[], name: string): Scoped[] {
  const wanted = name.toLowerCase()
  return directives.filter(({ directive }) => directive.name.toLowerCase() === wanted)
}

/** The directives of this name that count for the application: all of the section that wins, in order. */
export function inForce({ active }: Import, name: string, application: Application): Scoped[] {
  return winning(named(active, name), application)
}

/** The same of directives that are all of one name. */
export function winning(directives: readonly Scoped[], application: Application): Scoped[] {
  const found = directives.filter(({ within }) => reachOf(within, application) === 'whole')
  const rank = highest(found)
  return found.filter((each) => rankOf(each) === rank)
}

/** The rank that counts among these. */
export function highest(directives: readonly Scoped[]): number {
  return directives.reduce((rank, each) => Math.max(rank, rankOf(each)), -1)
}

/** The tables in which an option of these applications is to be written. */
export function tablesFor(
  { draft, groupOf }: Import,
  name: OptionName | undefined,
  applications: readonly Application[]
): readonly Table[] {
  const scope: Scope = name === undefined ? 'mount' : scopeOf(name)
  if (scope === 'server') return [draft.top]
  if (scope === 'mount') return applications.map(({ table }) => table)
  return [...new Set(applications.map((each) => draft.group(groupOf.get(each) ?? '')))]
}

/** A value as wasgi.toml has it; undefined if the text is none. */
export function readAs(reading: Reading, args: string, serverRoot: string): unknown {
  const list = words(args)
  const [first = ''] = list
  switch (reading) {
    case 'seconds':
      if (/^\d+ms$/.test(first)) return first
      return /^\d+(\.\d+)?s?$/.test(first) ? `${Number(first.replace('s', ''))}s` : undefined
    case 'bytes':
    case 'integer':
      return /^\d{1,15}$/.test(first) ? Number(first) : undefined
    case 'switch':
      return /^on$/i.test(first) ? true : /^off$/i.test(first) ? false : undefined
    case 'path':
      return first === '' ? undefined : absolute(first, serverRoot)
    case 'text':
      return first
    case 'texts':
      return list
  }
}

export function absolute(path: string, serverRoot: string): string {
  return isAbsolute(path) ? resolve(path) : join(serverRoot, path)
}

/** The options that a directive ends with, such as `process-group=NAME`, after `positional` words. */
export function optionsOf({ directive }: Scoped, positional: number): Map<string, string> {
  const rest = assignments(directive.args).slice(positional)
  return new Map(rest.map(({ name, value = '' }) => [name.toLowerCase(), value]))
}
