// What is said about applications one by one: by sections, by virtual hosts, by the server.

import {
  type Application,
  type Import,
  named,
  noteOf,
  readAs,
  tablesFor,
  winning
} from './context.ts'
import type { Note } from './draft.ts'
import type { Row } from './fit.ts'
import { reachOf, type Scoped } from './scope.ts'
import { words } from './words.ts'

interface MountValue {
  readonly key: string
  readonly read: (args: string) => unknown
}

/** The option and how its value is read, for each directive that is about applications one by one. */
export function mountValueOf(row: Row, serverRoot: string): MountValue | undefined {
  const { rule } = row
  if (rule.to === 'mount') {
    return { key: rule.key, read: (args) => readAs(rule.reading, args, serverRoot) }
  }
  const first = (args: string): string => words(args)[0] ?? ''
  switch (row.name) {
    case 'WSGIPassAuthorization':
      return { key: 'pass_authorization', read: (args) => readAs('switch', args, serverRoot) }
    case 'LimitRequestBody':
      return {
        key: 'body_limit',
        read: (args) => readAs('bytes', args, serverRoot) || Number.MAX_SAFE_INTEGER
      }
    case 'AuthType':
      return { key: 'auth_type', read: (args) => first(args).toLowerCase() }
    case 'AuthName':
      return { key: 'auth_realm', read: first }
    default:
      return undefined
  }
}

/** Writes each directive of the row where it counts, and says why where it does not. */
export function convertMountRow(
  given: Import,
  row: Row,
  value: MountValue,
  isFor: (application: Application) => boolean
): void {
  const { draft, applications } = given
  const { last, also } = countingFor(given, row.name)
  for (const scoped of named(given.active, row.name)) {
    const counting = last.get(scoped) ?? []
    const members = counting.filter(isFor)
    const note = noteOf(scoped, row.fit, row.text)
    if (counting.length === 0) draft.note(whyNot(given, scoped, also))
    else if (members.length === 0) draft.note({ ...note, fate: 'left out' })
    else {
      const raw = value.read(scoped.directive.args)
      if (
        row.name === 'WSGIPassAuthorization' &&
        raw === true &&
        draft.option(value.key) === undefined
      ) {
        draft.note({ ...note, text: 'It always is.' })
      } else draft.give(tablesFor(given, draft.option(value.key), members), value.key, raw, note)
      const rest = partial(scoped, applications)
      if (rest !== undefined) draft.note(rest)
    }
  }
}

/** By directive, the applications that it has the last word for; and all that are overruled. */
export function countingFor(
  given: Import,
  name: string
): { last: Map<Scoped, Application[]>; also: Set<Scoped> } {
  const last = new Map<Scoped, Application[]>()
  const also = new Set<Scoped>()
  const all = named(given.active, name)
  for (const application of given.applications) {
    const winner = winning(all, application).at(-1)
    if (winner !== undefined) {
      const members = last.get(winner)
      if (members === undefined) last.set(winner, [application])
      else members.push(application)
    }
    for (const scoped of all) {
      if (reachOf(scoped.within, application) === 'whole') also.add(scoped)
    }
  }
  return { last, also }
}

/** Why a directive counts for no application. */
export function whyNot(
  { applications }: Pick<Import, 'applications'>,
  scoped: Scoped,
  overruled: ReadonlySet<Scoped>
): Note {
  if (overruled.has(scoped)) {
    return noteOf(
      scoped,
      'left out',
      'another one counts instead: it is later, or in a section that comes later.'
    )
  }
  const rest = partial(scoped, applications)
  return rest ?? noteOf(scoped, 'left out', 'no application that is imported is in its section.')
}

/** What is to be said of one that is for a part of an application, or may be; else undefined. */
function partial(scoped: Scoped, applications: readonly Application[]): Note | undefined {
  const { name = '', args = '' } = scoped.within.at(-1) ?? {}
  const reaches = applications.map((each) => reachOf(scoped.within, each))
  if (reaches.includes('part')) {
    const text = `<${name} ${args}> is a part of an application, and options are for the whole of it.`
    return noteOf(scoped, 'by hand', text)
  }
  if (!reaches.includes('unsure')) return undefined
  const text = `which applications are in <${name} ${args}> is not found out here: write the option in the [[mounts]] it is for.`
  return noteOf(scoped, 'by hand', text)
}
