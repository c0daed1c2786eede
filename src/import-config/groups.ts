// Process groups: which one has an application, and what WSGIDaemonProcess says about it.

import { parseDuration } from '../config/quantity.ts'
import { optionOf } from '../config/schema.ts'
import { type Application, type Import, inForce, named, noteOf, readAs } from './context.ts'
import { DAEMON_OPTIONS, type DaemonRow } from './daemon-options.ts'
import type { Draft, Note, Table } from './draft.ts'
import { addFolders, addHome, addSitePackages } from './folders.ts'
import type { Scoped } from './scope.ts'
import { type Assignment, assignments } from './words.ts'

const GLOBAL = '%{GLOBAL}'

/** Says for each application which group has it, and returns our names by mod_wsgi's. */
export function assignGroups(given: Import): ReadonlyMap<string, string> {
  const ours = new Map<string, string>()
  const taken = new Set<string>()
  const counts = new Map<string, number>()
  const name = (theirs: string, wanted: string): void => {
    if (ours.has(theirs)) return
    let own = wanted
    const start = wanted.slice(0, 56)
    while (taken.has(own)) {
      const count = (counts.get(start) ?? 1) + 1
      counts.set(start, count)
      own = `${start}-${count}`
    }
    taken.add(own)
    ours.set(theirs, own)
  }
  for (const daemon of daemonsOf(given)) name(daemon.name, fitting(daemon.name))
  // The group of applications that Apache's own processes run.
  name(GLOBAL, taken.has('default') ? 'global' : 'default')
  for (const application of given.applications) {
    const wanted = processGroupOf(given, application)
    const known = wanted.startsWith('%{') ? GLOBAL : wanted
    const own = ours.get(known) ?? fitting(known)
    given.groupOf.set(application, own)
  }
  return ours
}

/** As it may be called here. */
function fitting(name: string): string {
  const letters = name.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return letters.slice(0, 64) || 'group'
}

/** What mod_wsgi would call it. */
export function processGroupOf(given: Import, application: Application): string {
  const asked = application.given.get('process-group')
  const said = inForce(given, 'WSGIProcessGroup', application).at(-1)
  return asked ?? (said === undefined ? GLOBAL : String(readAs('text', said.directive.args, '')))
}

interface Daemon {
  readonly name: string
  readonly scoped: Scoped
  readonly options: readonly Assignment[]
}

/** Of all virtual hosts: a group may be used from another one. */
export function daemonsOf({ active, passive }: Import): readonly Daemon[] {
  return named([...active, ...passive], 'WSGIDaemonProcess').map((scoped) => {
    const [first, ...options] = assignments(scoped.directive.args)
    return { name: first?.name ?? '', scoped, options }
  })
}

/** Writes a table for each group that an application is in. */
export function convertGroups(given: Import, ours: ReadonlyMap<string, string>): void {
  const { draft, groupOf } = given
  const used = new Set(groupOf.values())
  for (const daemon of daemonsOf(given)) {
    const own = ours.get(daemon.name) ?? ''
    if (!used.has(own)) {
      draft.note(noteOf(daemon.scoped, 'left out', 'no application that is imported is in it.'))
      continue
    }
    const table = draft.group(own)
    const members = [...groupOf].filter(([, name]) => name === own).map(([each]) => each)
    const differences = unsaid(draft, daemon.options)
    const called = own === daemon.name ? '' : `it is called ${own} here. `
    const note = noteOf(
      daemon.scoped,
      called + differences ? 'adapted' : 'mapped',
      (called + differences).trim()
    )
    const subject = `WSGIDaemonProcess ${daemon.name}`
    draft.note({ ...note, subject }, table)
    for (const option of homeFirst(daemon.options)) {
      const value = option.value === undefined ? '' : `=${option.value}`
      const ownNote = { ...note, subject: `${subject} ${option.name}${value}` }
      convertOption(given, table, option, ownNote, members, daemon.options)
    }
  }
}

/** It says which folder is the root, whatever else lies on the module path. */
function homeFirst(options: readonly Assignment[]): readonly Assignment[] {
  const isHome = ({ name }: Assignment): boolean => name.toLowerCase() === 'home'
  return [...options.filter(isHome), ...options.filter((option) => !isHome(option))]
}

/** What differs because an option is not given: there and here it has another default. */
function unsaid(draft: Draft, options: readonly Assignment[]): string {
  const given = new Set(options.map(({ name }) => name.toLowerCase()))
  const all = DAEMON_OPTIONS.flatMap((row) => {
    if (given.has(row.name) || row.rule.to !== 'group' || row.rule.reading !== 'seconds') return []
    const name = draft.option(row.rule.key)
    const own = name === undefined ? undefined : optionOf(name).default
    if (own === undefined || parseDuration(String(own)) === parseDuration(row.unset)) return []
    return [`${row.rule.key} ${own} (${row.unset})`]
  })
  return all.length === 0
    ? ''
    : `What it does not say is as by default here (there): ${all.join(', ')}.`
}

function convertOption(
  given: Import,
  table: Table,
  { name, value }: Assignment,
  base: Note,
  members: readonly Application[],
  all: readonly Assignment[]
): void {
  const { draft, serverRoot } = given
  const row = DAEMON_OPTIONS.find((each) => each.name === name.toLowerCase())
  if (row === undefined || value === undefined) {
    draft.note({ ...base, fate: 'by hand', text: 'mod_wsgi has no such option.' }, table)
    return
  }
  const note: Note = { ...base, fate: row.fit, text: row.text }
  if (row.rule.to === 'none') draft.note(note, table)
  else if (row.rule.to === 'env') draft.giveEnv([table], row.rule.variable, value, note)
  else if (row.rule.to === 'own') convertOwn(given, table, row, value, note, { members, all })
  else {
    const { key, reading } = row.rule
    const read = readAs(reading, quoted(value), serverRoot)
    giveUnlessZero(draft, table, key, read, note)
  }
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** 0 often is mod_wsgi's word for its default, which is nothing to be written where an option has to be more. */
function giveUnlessZero(draft: Draft, table: Table, key: string, value: unknown, note: Note): void {
  const zero = value === 0 || value === '0s'
  const refused = draft.option(key) !== undefined && draft.refusal(key, value) !== undefined
  if (zero && refused) draft.note({ ...note, fate: 'adapted' }, table)
  else draft.give([table], key, value, note)
}

interface Around {
  readonly members: readonly Application[]
  readonly all: readonly Assignment[]
}

function convertOwn(
  given: Import,
  table: Table,
  row: DaemonRow,
  value: string,
  note: Note,
  { members, all }: Around
): void {
  const { draft } = given
  const count = readAs('integer', value, '')
  switch (row.name) {
    case 'processes':
      draft.give([table], 'workers', count, note)
      return
    case 'threads':
      convertThreads(given, table, count, note, all)
      return
    case 'home':
      addHome(given, members, value, note)
      return
    case 'python-path':
      addFolders(given, table, members, value.split(':').filter(Boolean), note)
      return
    case 'python-home':
      addSitePackages(given, [table], value, note)
      return
    case 'listen-backlog':
      giveUnlessZero(draft, table, 'queue_limit', count, note)
      return
    default:
      giveUnlessZero(draft, table, 'response_window', count, note)
      return
  }
}

function convertThreads(
  { draft }: Import,
  table: Table,
  count: unknown,
  note: Note,
  all: readonly Assignment[]
): void {
  if (count === 0) {
    const text =
      'a process without request threads, which runs a script of its own, does not exist here.'
    draft.note({ ...note, fate: 'by hand', text }, table)
    return
  }
  const several = all.some(({ name }) => name.toLowerCase() === 'processes')
  // One process, one request at a time: that is one worker, whose state all requests see.
  if (count === 1 && !several) {
    draft.give([table], 'workers', 1, { ...note, fate: 'mapped', text: '' })
  } else draft.note(note, table, 'workers')
}
