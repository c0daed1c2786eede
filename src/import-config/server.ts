// What is said about the server as a whole, and about Python in it.

import { proxyRules } from '../config/proxies.ts'
import { WasgiError } from '../errors.ts'
import { absolute, highest, type Import, named, noteOf, readAs } from './context.ts'
import type { Note, Table } from './draft.ts'
import type { Row } from './fit.ts'
import { addFolders, addSitePackages } from './folders.ts'
import { rankOf, reachOf, type Scoped } from './scope.ts'
import { words } from './words.ts'

const LOG_LEVELS: Readonly<Record<string, string>> = {
  emerg: 'fatal',
  alert: 'fatal',
  crit: 'fatal',
  error: 'error',
  warn: 'warn',
  notice: 'info',
  info: 'info',
  debug: 'debug'
}

/** The default of header_limit. */
const USUAL_HEADER_BYTES = 16_384
const LARGEST_HEADER_BYTES = 49_152

/** Rows with the rule `top` and the like: the directive that Apache would go by is written, others are left out. */
export function convertTopRow(given: Import, row: Row): void {
  const { draft, serverRoot } = given
  const { chosen, others } = forServer(given, row.name)
  for (const note of others) draft.note(note)
  if (chosen === undefined) return
  const note = noteOf(chosen, row.fit, row.text)
  const { args } = chosen.directive
  if (row.rule.to === 'env') giveVariable(given, row.rule.variable, args, note)
  else if (row.rule.to === 'top') {
    const { key, reading } = row.rule
    draft.give([draft.top], key, readAs(reading, args, serverRoot), note)
  } else convertOwn(given, row, args, note)
}

/** The directive that counts for the server as a whole, and what is to be said of the others. */
function forServer(
  { active, applications }: Import,
  name: string
): { chosen: Scoped | undefined; others: readonly Note[] } {
  const all = named(active, name)
  const wide = all.filter((scoped) =>
    applications.every((each) => reachOf(scoped.within, each) === 'whole')
  )
  const rank = highest(wide)
  const chosen = wide.findLast((scoped) => rankOf(scoped) === rank)
  const others = all.flatMap((scoped) => {
    if (scoped === chosen) return []
    if (wide.includes(scoped)) {
      return [noteOf(scoped, 'left out', 'a later or more specific one counts instead.')]
    }
    if (applications.every((each) => reachOf(scoped.within, each) === 'none')) {
      return [noteOf(scoped, 'left out', 'no application that is imported is in its section.')]
    }
    return [noteOf(scoped, 'by hand', NOT_FOR_ALL)]
  })
  return { chosen, others }
}

const NOT_FOR_ALL =
  'it is not for all of the server, and here there is one value for all of it: decide which.'

/** On is 1 for Python, off is nothing. */
function giveVariable({ draft }: Import, variable: string, args: string, note: Note): void {
  const [word = ''] = words(args)
  const off = /^off$/i.test(word) || word === '0'
  if (off) draft.note({ ...note, text: 'That is the default.' })
  else draft.giveEnv([draft.top], variable, /^on$/i.test(word) ? '1' : word, note)
}

function convertOwn({ draft }: Import, row: Row, args: string, note: Note): void {
  const [word = ''] = words(args)
  const lower = word.toLowerCase()
  if (row.name === 'WSGIPythonHashSeed') {
    if (lower === 'random') draft.note({ ...note, fate: 'adapted' })
    else draft.giveEnv([draft.top], 'PYTHONHASHSEED', word, note)
  } else if (row.name === 'LogLevel') {
    const level = lower.startsWith('trace') ? 'trace' : LOG_LEVELS[lower]
    draft.give([draft.top], 'log_level', level, note)
  } else if (row.name === 'LimitRequestFieldSize') {
    const bytes = Number(word)
    if (bytes <= USUAL_HEADER_BYTES) draft.note(note)
    else draft.give([draft.top], 'header_limit', Math.min(bytes, LARGEST_HEADER_BYTES), note)
  }
}

/** WSGIPythonWarnings may be repeated: all of them count, in order. */
export function convertWarnings({ draft, active }: Import, row: Row): void {
  const all = named(active, row.name)
  const value = all.map(({ directive }) => words(directive.args)[0] ?? '').join(',')
  for (const scoped of all) {
    draft.giveEnv([draft.top], 'PYTHONWARNINGS', value, noteOf(scoped, row.fit, row.text))
  }
}

/** WSGIPythonHome is of all groups that name none, WSGIPythonPath of the embedded one. */
export function convertPython(
  given: Import,
  ours: ReadonlyMap<string, string>,
  rows: readonly Row[]
): void {
  const { draft, groupOf, serverRoot, applications } = given
  const groups = [...new Set(groupOf.values())]
  for (const row of rows) {
    for (const scoped of named(given.active, row.name)) {
      const [value = ''] = words(scoped.directive.args)
      const note = noteOf(scoped, row.fit, row.text)
      const wanted = groupsFor(scoped, row, ours).filter((name) => groups.includes(name))
      const targets = wanted.length === 0 && row.name === 'WSGIPythonHome' ? groups : wanted
      const bare = targets.filter(
        (name) => row.name === 'WSGIPythonPath' || !hasHome(given, name, ours)
      )
      if (bare.length === 0) {
        draft.note({
          ...note,
          fate: 'left out',
          text: 'it is for groups that no application is in, or that name one of their own.'
        })
      } else if (row.name === 'WSGIPythonHome') {
        addSitePackages(
          given,
          bare.map((name) => draft.group(name)),
          absolute(value, serverRoot),
          note
        )
      } else {
        for (const name of bare) {
          const members = applications.filter((each) => groupOf.get(each) === name)
          addFolders(given, draft.group(name), members, value.split(':').filter(Boolean), note)
        }
      }
    }
  }
}

function groupsFor(scoped: Scoped, row: Row, ours: ReadonlyMap<string, string>): string[] {
  const options = scoped.within.find(({ name }) => /^WSGIInterpreterOptions$/i.test(name))
  const group = /process-group\s*=\s*("[^"]*"|'[^']*'|\S+)/i.exec(options?.args ?? '')?.[1]
  if (options !== undefined && group === undefined) return [...ours.values()]
  const wanted = group === undefined ? '%{GLOBAL}' : (words(group)[0] ?? '')
  return row.name === 'WSGIPythonHome' ? [...ours.values()] : [ours.get(wanted) ?? '']
}

function hasHome(
  { active, passive }: Import,
  name: string,
  ours: ReadonlyMap<string, string>
): boolean {
  return named([...active, ...passive], 'WSGIDaemonProcess').some(({ directive }) => {
    const own = ours.get(words(directive.args)[0] ?? '') === name
    return own && /(^|\s)python-home=/i.test(directive.args)
  })
}

/** Proxies and headers each need the other here. */
export function convertProxies(given: Import, rows: readonly Row[]): void {
  const { draft } = given
  const found = rows.map((row) => forServer(given, row.name))
  for (const { others } of found) for (const note of others) draft.note(note)
  const [proxies, headers] = found.map(({ chosen }) => chosen)
  const trustedProxies = proxies === undefined ? [] : words(proxies.directive.args)
  const trustedProxyHeaders = headers === undefined ? [] : words(headers.directive.args)
  const refusal = refusalOf(trustedProxies, trustedProxyHeaders)
  for (const row of rows) {
    const isHeaders = row.name === 'WSGITrustedProxyHeaders'
    const scoped = isHeaders ? headers : proxies
    if (scoped === undefined) continue
    const note = noteOf(scoped, row.fit, isHeaders ? '' : row.text)
    if (refusal !== undefined) draft.note({ ...note, fate: 'by hand', text: refusal }, draft.top)
    else if (isHeaders) draft.give([draft.top], 'trusted_proxy_headers', trustedProxyHeaders, note)
    else draft.give([draft.top], 'trusted_proxies', trustedProxies, note)
  }
}

function refusalOf(trustedProxies: string[], trustedProxyHeaders: string[]): string | undefined {
  try {
    const origins = { trustedProxies: 'here', trustedProxyHeaders: 'here' }
    proxyRules({ trustedProxies, trustedProxyHeaders }, origins)
    return undefined
  } catch (error) {
    if (!(error instanceof WasgiError)) throw error
    return error.message.replace(/ \(from here\)\.$/, '.')
  }
}

/** SetEnv becomes a variable of the group: something else, which has to be said. */
export function convertVariables(given: Import, row: Row): void {
  const { draft, active, applications, groupOf } = given
  // A host's own come after those of the server, wherever they stand.
  const all = named(active, row.name).sort((a, b) => rankOf(a) - rankOf(b))
  for (const scoped of all) {
    const members = applications.filter((each) => reachOf(scoped.within, each) === 'whole')
    const [name = '', value = ''] = words(scoped.directive.args)
    const tables: readonly Table[] = [
      ...new Set(members.map((each) => draft.group(groupOf.get(each) ?? '')))
    ]
    const note = noteOf(scoped, 'by hand', row.text)
    if (tables.length === 0) {
      draft.note({
        ...note,
        text: 'no application as a whole is in its section: give it with env to the group that needs it.'
      })
    } else draft.giveEnv(tables, name, value, note)
  }
}
