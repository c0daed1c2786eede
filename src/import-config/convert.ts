// From Apache's tree to tables of wasgi.toml and a report: says in which order the parts are asked.

import { convertAccess } from './access.ts'
import { APACHE_DIRECTIVES } from './apache-directives.ts'
import { findApplications } from './applications.ts'
import { type Import, named, noteOf } from './context.ts'
import { DIRECTIVES } from './directives.ts'
import { Draft, type Knows, knownOption } from './draft.ts'
import type { Row } from './fit.ts'
import { assignGroups, convertGroups } from './groups.ts'
import { guardNote } from './guards.ts'
import { chooseHost } from './hosts.ts'
import { convertListener } from './listener.ts'
import { convertMountRow, mountValueOf } from './mount-options.ts'
import { convertMounts } from './mounts.ts'
import type { ParseOptions, Reader } from './parse.ts'
import { parseApache, undefinedVariable } from './parse.ts'
import { flatten, hostLabel, type Scoped } from './scope.ts'
import {
  convertProxies,
  convertPython,
  convertTopRow,
  convertVariables,
  convertWarnings
} from './server.ts'
import { words } from './words.ts'

export interface ConvertOptions extends ParseOptions {
  readonly virtualHost?: string | undefined
  /** By default the options of this version. */
  readonly knows?: Knows
}

export interface Conversion {
  readonly draft: Draft
  /** Of the directives that are in no table, each name once. */
  readonly unread: readonly string[]
}

/** Done together with something else, or in a file of its own. */
const APART =
  /^(WSGI(DaemonProcess|ScriptAlias|ScriptAliasMatch|HandlerScript|ProcessGroup|ApplicationGroup|CallableObject|ImportScript)|Listen|SSL(Engine|Certificate\w+)|Protocols|Require|Allow|Deny|AuthUserFile)$/

/** Reads an Apache configuration. Throws WASGI_ERR_CONFIG_IMPORT when there is nothing to be made of it. */
export function convert(reader: Reader, options: ConvertOptions): Conversion {
  const { nodes, serverRoot } = parseApache(reader, options)
  const { all, hosts } = flatten(nodes)
  const host = chooseHost(options.nameOf(options.file), all, hosts, options.virtualHost)
  const draft = new Draft(options.knows ?? knownOption)
  const ours = all.filter((each) => each.host === undefined || each.host === host)
  const active = ours.filter((scoped) => isDefined(draft, scoped))
  const passive = all.filter((each) => !ours.includes(each))
  const documentRoot = named(active, 'DocumentRoot').at(-1)
  const search = {
    draft,
    reader,
    serverRoot,
    documentRoot: documentRoot && words(documentRoot.directive.args)[0]
  }
  const applications = findApplications(search, active, host)
  const given: Import = { ...search, active, passive, applications, groupOf: new Map() }
  const groups = assignGroups(given)
  convertMounts(given)
  convertGroups(given, groups)
  convertListener(given, host)
  convertAccess(given)
  for (const row of [...DIRECTIVES, ...APACHE_DIRECTIVES]) convertRow(given, row)
  const pathRows = rowsOf('WSGIPythonHome', 'WSGIPythonPath')
  convertPython(given, groups, pathRows)
  for (const application of applications) draft.mounts.push(application.table)
  const unread = passOver(draft, active, passive)
  inOrder(draft, all)
  return { draft, unread }
}

/** A variable without a value says nothing; whoever reads the report can give it one. */
function isDefined(draft: Draft, scoped: Scoped): boolean {
  const variable = undefinedVariable(scoped.directive.args)
  if (variable === undefined || rowOf(scoped) === undefined) return true
  if (APACHE_DIRECTIVES.some((row) => row === rowOf(scoped) && row.rule.to === 'none')) return true
  const text = `${variable} is not defined: give it with --define NAME=VALUE.`
  draft.note(noteOf(scoped, 'by hand', text))
  return false
}

function rowsOf(...names: string[]): Row[] {
  return DIRECTIVES.filter(({ name }) => names.includes(name))
}

function rowOf({ directive }: Scoped): Row | undefined {
  const name = directive.name.toLowerCase()
  return [...DIRECTIVES, ...APACHE_DIRECTIVES].find((row) => row.name.toLowerCase() === name)
}

function convertRow(given: Import, row: Row): void {
  if (APART.test(row.name) || /^WSGIPython(Home|Path)$/.test(row.name)) return
  const value = mountValueOf(row, given.serverRoot)
  if (value !== undefined) {
    // Without a group that is required, which convertAccess has seen to, the server would not start.
    const groups = row.name === 'WSGIAuthGroupScript'
    convertMountRow(given, row, value, ({ table }) => !groups || table.values.has('require_group'))
  } else if (row.name === 'WSGITrustedProxies') {
    convertProxies(given, rowsOf('WSGITrustedProxies', 'WSGITrustedProxyHeaders'))
  } else if (row.name === 'WSGIPythonWarnings') convertWarnings(given, row)
  else if (row.name === 'SetEnv') convertVariables(given, row)
  else if (row.rule.to === 'none') {
    for (const scoped of named(given.active, row.name)) {
      given.draft.note(guardNote(given, scoped) ?? noteOfNone(scoped, row))
    }
  } else if (row.name !== 'WSGITrustedProxyHeaders') convertTopRow(given, row)
}

function noteOfNone(scoped: Scoped, row: Row): ReturnType<typeof noteOf> {
  const needsHand = /^(PassEnv|Use)$/.test(row.name)
  return noteOf(scoped, needsHand ? 'by hand' : row.fit, row.text)
}

/** What is in no table, and what is of other virtual hosts. Returns the names of the former. */
function passOver(draft: Draft, active: readonly Scoped[], passive: readonly Scoped[]): string[] {
  const unread = new Set<string>()
  for (const scoped of active) {
    const { name } = scoped.directive
    if (rowOf(scoped) !== undefined) continue
    if (/^WSGI/i.test(name)) {
      draft.note(noteOf(scoped, 'by hand', 'mod_wsgi has no such directive.'))
    } else unread.add(name)
  }
  for (const scoped of passive) {
    const { name } = scoped.directive
    if (!/^WSGI/i.test(name) || name.toLowerCase() === 'wsgidaemonprocess') continue
    const label = scoped.host === undefined ? '' : hostLabel(scoped.host)
    const text = `it is of the virtual host ${label}: import that with --virtual-host ${label}.`
    draft.note(noteOf(scoped, 'left out', text))
  }
  return [...unread].sort()
}

/** Notes in the order in which their directives stand in the files. */
function inOrder({ notes }: Draft, all: readonly Scoped[]): void {
  const index = new Map(all.map(({ directive }, at) => [directive.place, at]))
  notes.sort((a, b) => (index.get(a.place) ?? 0) - (index.get(b.place) ?? 0))
}
