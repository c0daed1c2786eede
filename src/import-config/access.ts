// Who may ask. What Apache would have refused must not become open without a word.

import { type Import, inForce, named, noteOf, tablesFor } from './context.ts'
import type { Note } from './draft.ts'
import { countingFor, whyNot } from './mount-options.ts'
import type { Scoped } from './scope.ts'
import { words } from './words.ts'

const UNGUARDED =
  'it is not in force here: have it decided by an access_script, an auth_user_script or a proxy in front.'

/** Require, Allow, Deny and AuthUserFile. */
export function convertAccess(given: Import): void {
  for (const name of ['Require', 'Allow', 'Deny', 'AuthUserFile']) {
    const { also } = countingFor(given, name)
    const counting = new Set(given.applications.flatMap((each) => inForce(given, name, each)))
    for (const scoped of named(given.active, name)) {
      if (!counting.has(scoped)) given.draft.note(whyNot(given, scoped, also))
      else if (name === 'Require') required(given, scoped)
      else given.draft.note(unguarded(scoped, name))
    }
  }
}

function unguarded(scoped: Scoped, name: string): Note {
  const open = name === 'Allow' && /^from\s+all$/i.test(scoped.directive.args)
  if (open) return noteOf(scoped, 'mapped', 'everybody may ask.')
  return noteOf(scoped, 'by hand', UNGUARDED)
}

function required(given: Import, scoped: Scoped): void {
  const { draft, applications } = given
  const [kind = '', ...names] = words(scoped.directive.args)
  const members = applications.filter((each) => inForce(given, 'Require', each).includes(scoped))
  const around = scoped.within.map(({ name }) => name.toLowerCase())
  if (around.includes('requirenone')) {
    draft.note(noteOf(scoped, 'by hand', UNGUARDED))
    return
  }
  const scripted = members.every((each) => inForce(given, 'WSGIAuthUserScript', each).length > 0)
  const word = kind.toLowerCase()
  if (word === 'all' && names[0]?.toLowerCase() === 'granted') {
    draft.note(noteOf(scoped, 'mapped', 'everybody may ask.'))
    return
  }
  if (word === 'valid-user' && scripted && draft.option('auth_user_script') !== undefined) {
    draft.note(noteOf(scoped, 'mapped', 'auth_user_script asks every client who it is.'))
    return
  }
  const grouped =
    scripted && members.every((each) => inForce(given, 'WSGIAuthGroupScript', each).length > 0)
  const before = members.flatMap(
    ({ table }) => (table.values.get('require_group') ?? []) as string[]
  )
  // One of require_group is enough, so several that are all required cannot be said.
  if (word === 'wsgi-group' && grouped && !(around.includes('requireall') && before.length > 0)) {
    const tables = tablesFor(given, draft.option('require_group'), members)
    const all = [...new Set([...before, ...names])]
    draft.give(tables, 'require_group', all, noteOf(scoped, 'mapped', ''))
    return
  }
  draft.note(noteOf(scoped, 'by hand', UNGUARDED))
}
