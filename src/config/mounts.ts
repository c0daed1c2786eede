// The applications of one server and the groups they belong to: `[groups.NAME]` and `[[mounts]]` over
// the top level, whose values count wherever a table has none of its own.

import { WasgiError } from '../errors.ts'
import {
  addVariables,
  NO_VARIABLES,
  type ResolvedServer,
  type ResolvedSettings,
  resolveLayers,
  type Variables
} from './merge.ts'
import type { Source, Table } from './source.ts'
import { didYouMean } from './suggest.ts'
import type { Given, Layer } from './value.ts'

const DISPATCH_GROUPS = 'dispatch_groups'

interface Group {
  readonly layers: readonly Layer[]
  readonly variables: Variables
  readonly ownPackages: boolean
}

/**
 * Resolves a server. `layers` are those of the top level, flags and variables among them: they name no
 * group, so a group's own value stands, and nobody's data folder is given to all by one flag.
 */
export function resolveServer(
  layers: readonly Layer[],
  { groups, mounts }: Pick<Source, 'groups' | 'mounts'>
): ResolvedServer {
  const variables = addVariables(NO_VARIABLES, layers)
  const top = resolveLayers(layers, variables)
  const ofTop = { layers, variables, ownPackages: false }
  const found = new Map<string, Group>([[top.settings.processGroup, ofTop]])
  for (const [name, { layer }] of groups) {
    found.set(name, {
      layers: [...layers, layer],
      variables: addVariables(variables, [layer]),
      ownPackages: layer.pythonPath !== undefined
    })
  }
  const resolved = mounts.map((mount) => resolveMount(mount, layers, found))
  const given = top.origins.app === 'default' ? [] : [placed(top, {}, layers, found)]
  const all = [...given, ...resolved]
  assertUsed(top, given.length === 0 && mounts.length > 0)
  assertDistinct(all)
  const named = [...found].map(
    ([name, group]) => [name, resolveLayers(group.layers, group.variables)] as const
  )
  return { ...top, mounts: all, groups: new Map(named) }
}

function resolveMount(
  { layer }: Table,
  layers: readonly Layer[],
  groups: ReadonlyMap<string, Group>
): ResolvedSettings {
  // First of all to learn the name of the group.
  return placed(resolveLayers([...layers, layer], NO_VARIABLES), layer, layers, groups)
}

/** The mount in its own group, and as it is in each of `dispatch_groups`. */
function placed(
  mount: ResolvedSettings,
  layer: Layer,
  layers: readonly Layer[],
  groups: ReadonlyMap<string, Group>
): ResolvedSettings {
  const { dispatchGroups, applicationGroup } = mount.settings
  const elsewhere = dispatchGroups.map((place) => {
    const [process, ...application] = place.split('|')
    const origin = mount.origins.dispatchGroups
    const given = (raw: unknown): Given => ({ raw, origin, base: mount.base, key: DISPATCH_GROUPS })
    const group = application.length === 0 ? applicationGroup : application.join('|')
    const there = { ...layer, processGroup: given(process), applicationGroup: given(group) }
    return inGroup(resolveLayers([...layers, there], NO_VARIABLES), there, groups)
  })
  const own = inGroup(mount, layer, groups)
  return elsewhere.length === 0 ? own : { ...own, elsewhere }
}

/** The mount's settings with those of the group that it names. */
function inGroup(
  { settings, origins }: ResolvedSettings,
  layer: Layer,
  groups: ReadonlyMap<string, Group>
): ResolvedSettings {
  const name = settings.processGroup
  const group = groups.get(name)
  if (group === undefined) {
    const hint = didYouMean(name, groups.keys())
    const known = [...groups.keys()].join(', ')
    const args = [name, origins.processGroup, hint, name, known]
    throw new WasgiError('WASGI_ERR_CONFIG_GROUP', args)
  }
  const { layers, variables, ownPackages } = group
  return { ...resolveLayers([...layers, layer], variables), ownPackages }
}

/** `mount` says where the top level's `app` is, so without one it would say nothing. */
function assertUsed({ settings, origins }: ResolvedSettings, unused: boolean): void {
  if (!unused || origins.mount === 'default') return
  const expected =
    'left out when there is no app beside it: a table of [[mounts]] says it with path'
  const got = JSON.stringify(settings.mount)
  throw new WasgiError('WASGI_ERR_CONFIG_INVALID', ['mount', expected, got, origins.mount])
}

function assertDistinct(mounts: readonly ResolvedSettings[]): void {
  const seen = new Map<string, string>()
  for (const { settings, origins } of mounts) {
    const path = settings.mount
    const where = origins.mount === 'default' ? origins.app : origins.mount
    const before = seen.get(path)
    if (before !== undefined) {
      const expected = `a path of its own: another application is there (from ${before})`
      const args = ['path', expected, JSON.stringify(path || '/'), where]
      throw new WasgiError('WASGI_ERR_CONFIG_INVALID', args)
    }
    seen.set(path, where)
  }
}
