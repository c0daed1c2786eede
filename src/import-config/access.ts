// Who may ask. What Apache would have refused must not become open without a word.

import { type Application, type Import, named, noteOf, tablesFor, winning } from './context.ts'
import type { Note } from './draft.ts'
import { countingFor, whyNot } from './mount-options.ts'
import type { Scoped } from './scope.ts'
import { words } from './words.ts'

const UNGUARDED =
  'it is not in force here: have it decided by an access_script, an auth_user_script or a proxy in front.'

const MOST_GROUPS = 500

/** Require, Allow, Deny and AuthUserFile. */
export function convertAccess(given: Import): void {
  for (const name of ['Require', 'Allow', 'Deny', 'AuthUserFile']) {
    const { also } = countingFor(given, name)
    const counting = countingAll(given, name)
    const scripts = scriptsOf(given)
    for (const scoped of named(given.active, name)) {
      const members = counting.get(scoped)
      if (members === undefined) given.draft.note(whyNot(given, scoped, also))
      else if (name === 'Require') required(given, scoped, members, scripts)
      else given.draft.note(unguarded(scoped, name))
    }
  }
}

/** By directive, the applications that it counts for, be it with others. */
function countingAll(given: Import, name: string): ReadonlyMap<Scoped, readonly Application[]> {
  const all = named(given.active, name)
  const counting = new Map<Scoped, Application[]>()
  for (const application of given.applications) {
    for (const scoped of winning(all, application)) {
      const members = counting.get(scoped)
      if (members === undefined) counting.set(scoped, [application])
      else members.push(application)
    }
  }
  return counting
}

function unguarded(scoped: Scoped, name: string): Note {
  const open = name === 'Allow' && /^from\s+all$/i.test(scoped.directive.args)
  if (open) return noteOf(scoped, 'mapped', 'everybody may ask.')
  return noteOf(scoped, 'by hand', UNGUARDED)
}

/** Applications that have scripts of their own for this. */
interface Scripts {
  readonly user: ReadonlySet<Application>
  readonly group: ReadonlySet<Application>
}

function scriptsOf(given: Import): Scripts {
  const having = (name: string): Set<Application> => {
    const all = named(given.active, name)
    return new Set(given.applications.filter((each) => winning(all, each).length > 0))
  }
  return { user: having('WSGIAuthUserScript'), group: having('WSGIAuthGroupScript') }
}

function required(
  given: Import,
  scoped: Scoped,
  members: readonly Application[],
  scripts: Scripts
): void {
  const { draft } = given
  const [kind = '', ...names] = words(scoped.directive.args)
  const around = scoped.within.map(({ name }) => name.toLowerCase())
  if (around.includes('requirenone')) {
    draft.note(noteOf(scoped, 'by hand', UNGUARDED))
    return
  }
  const scripted = members.every((each) => scripts.user.has(each))
  const word = kind.toLowerCase()
  if (word === 'all' && names[0]?.toLowerCase() === 'granted') {
    draft.note(noteOf(scoped, 'mapped', 'everybody may ask.'))
    return
  }
  if (word === 'valid-user' && scripted && draft.option('auth_user_script') !== undefined) {
    draft.note(noteOf(scoped, 'mapped', 'auth_user_script asks every client who it is.'))
    return
  }
  const grouped = scripted && members.every((each) => scripts.group.has(each))
  if (word === 'wsgi-group' && grouped && requireGroups(given, scoped, members, names)) return
  draft.note(noteOf(scoped, 'by hand', UNGUARDED))
}

/** Adds groups to those that each of the members requires. False if that cannot be said. */
function requireGroups(
  given: Import,
  scoped: Scoped,
  members: readonly Application[],
  names: readonly string[]
): boolean {
  const { draft } = given
  const option = draft.option('require_group')
  const earlierOf = ({ table }: Application): readonly string[] =>
    (table.values.get('require_group') ?? []) as readonly string[]
  // One of require_group is enough, so several that are all required cannot be said.
  const all = scoped.within.some(({ name }) => /^RequireAll$/i.test(name))
  if (members.some((each) => earlierOf(each).length > (all ? 0 : MOST_GROUPS))) return false
  // What is required of one of them is no way into another.
  for (const alike of Map.groupBy(members, (each) => JSON.stringify(earlierOf(each))).values()) {
    const [first] = alike
    const wanted = [...new Set([...(first ? earlierOf(first) : []), ...names])]
    const tables = tablesFor(given, option, alike)
    draft.give(tables, 'require_group', wanted, noteOf(scoped, 'mapped', ''))
  }
  return true
}
