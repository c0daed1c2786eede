// What one source gives that has tables: top-level options, `groups` and `mounts`. The configuration
// file is such a source, and so is the object that programs pass.

import { WasgiError } from '../errors.ts'
import { keyOf, type OptionName, optionNames, type Scope, type Surface, scopeOf } from './schema.ts'
import { didYouMean } from './suggest.ts'
import { type Given, type Layer, readValue } from './value.ts'

/** One table of options. */
export interface Table {
  readonly layer: Layer
  readonly origin: string
}

export interface Source {
  readonly top: Layer
  /** By name. */
  readonly groups: ReadonlyMap<string, Table>
  readonly mounts: readonly Table[]
}

/** How a source writes its options. */
export interface Spelling {
  readonly surface: Surface
  /** `keys` are those of files; an object may also have the names of TypeScript. */
  readonly names: 'keys' | 'both'
  /** Of the value at this path from the source's beginning. */
  originOf(path: readonly string[]): string
  /** The absolute folder that relative paths start from. */
  readonly base: string
  /** Keys of the top level that are somebody else's. */
  readonly foreign?: readonly string[]
}

export const NO_SOURCE: Source = { top: {}, groups: new Map(), mounts: [] }

type Raw = Readonly<Record<string, unknown>>

const PLACES: Readonly<Record<Scope, readonly [whose: string, where: string]>> = {
  server: ['the server as a whole', 'the top level'],
  group: ['a process group', 'the top level or to [groups.NAME]'],
  mount: ['a mount', 'the top level or to [[mounts]]']
}

/** Reads a source's tables. Throws a WasgiError for what is no option, or not one of its place. */
export function readSource(raw: Raw, spelling: Spelling): Source {
  const { groups, mounts, ...top } = raw
  return {
    top: readTable(top, [], spelling, undefined),
    groups: readGroups(groups, spelling),
    mounts: readMounts(mounts, spelling)
  }
}

function readGroups(raw: unknown, spelling: Spelling): ReadonlyMap<string, Table> {
  const groups = new Map<string, Table>()
  if (raw === undefined) return groups
  if (!isTable(raw)) throw misshapen('groups', 'a table of tables', raw, spelling, ['groups'])
  for (const [name, options] of Object.entries(raw)) {
    const path = ['groups', name]
    const origin = spelling.originOf(path)
    readValue('processGroup', { raw: name, origin, base: spelling.base, key: 'a name in groups' })
    if (!isTable(options)) throw misshapen(path.join('.'), 'a table', options, spelling, path)
    groups.set(name, { layer: readTable(options, path, spelling, 'group'), origin })
  }
  return groups
}

function readMounts(raw: unknown, spelling: Spelling): readonly Table[] {
  if (raw === undefined) return []
  if (!Array.isArray(raw)) throw misshapen('mounts', 'a list of tables', raw, spelling, ['mounts'])
  return raw.map((options: unknown, index) => {
    const path = ['mounts', String(index)]
    if (!isTable(options)) throw misshapen(path.join('.'), 'a table', options, spelling, path)
    const origin = spelling.originOf(path)
    // What every mount has to say for itself, and its check finds missing.
    const nothing = { raw: undefined, origin, base: spelling.base }
    const needed: Layer = { app: nothing, mount: { ...nothing, key: 'path' } }
    return { layer: { ...needed, ...readTable(options, path, spelling, 'mount') }, origin }
  })
}

/** `scope` is that of the table, or undefined for the top level, where every option may be. */
function readTable(
  raw: Raw,
  path: readonly string[],
  spelling: Spelling,
  scope: 'group' | 'mount' | undefined
): Layer {
  const layer: Partial<Record<OptionName, Given>> = {}
  const { base, foreign = [] } = spelling
  for (const [key, value] of Object.entries(raw)) {
    if (value === undefined || (scope === undefined && foreign.includes(key))) continue
    const origin = spelling.originOf([...path, key])
    if (scope === 'mount' && key === 'path') {
      layer.mount = { raw: value, origin, base, key: 'path' }
      continue
    }
    layer[optionAt(key, origin, spelling, scope)] = { raw: value, origin, base }
  }
  return layer
}

function optionAt(
  key: string,
  origin: string,
  spelling: Spelling,
  scope: 'group' | 'mount' | undefined
): OptionName {
  const names = namesOf(spelling)
  const name = names.get(key)
  const fits = (each: OptionName): boolean =>
    scope === undefined || (scopeOf(each) === scope && each !== 'mount')
  if (name !== undefined && fits(name)) return name
  if (name === undefined) {
    const known = [...names].filter(([, each]) => fits(each)).map(([known]) => known)
    const tables = { group: [], mount: ['path'] }
    const more = scope === undefined ? ['groups', 'mounts'] : tables[scope]
    const hint = didYouMean(key, [...known, ...more])
    throw new WasgiError('WASGI_ERR_CONFIG_UNKNOWN', [key, origin, hint])
  }
  if (name === 'mount' && scope === 'mount') {
    throw new WasgiError('WASGI_ERR_CONFIG_UNKNOWN', [key, origin, ' Did you mean "path"?'])
  }
  const [whose, where] = PLACES[scopeOf(name)]
  throw new WasgiError('WASGI_ERR_CONFIG_SCOPE', [key, origin, whose, where])
}

function namesOf({ surface, names }: Spelling): ReadonlyMap<string, OptionName> {
  const known = optionNames(surface)
  const keys = known.map((name) => [keyOf(name), name] as const)
  if (names === 'keys') return new Map(keys)
  // The names of TypeScript first: a slip is told the one that programs use.
  return new Map([...known.map((name) => [name, name] as const), ...keys])
}

function isTable(value: unknown): value is Raw {
  if (typeof value !== 'object' || value === null) return false
  return !Array.isArray(value) && !(value instanceof Date)
}

function misshapen(
  key: string,
  expected: string,
  got: unknown,
  spelling: Spelling,
  path: readonly string[]
): WasgiError {
  const what = Array.isArray(got) ? 'a list' : got === null ? 'nothing' : `a ${typeof got}`
  const origin = spelling.originOf(path)
  return new WasgiError('WASGI_ERR_CONFIG_INVALID', [key, expected, what, origin])
}
