// A mount for each application: where it is, which callable, which groups.

import { type Application, type Import, inForce, named, noteOf, readAs } from './context.ts'
import { daemonsOf, processGroupOf } from './groups.ts'
import { countingFor, whyNot } from './mount-options.ts'
import type { Scoped } from './scope.ts'
import { words } from './words.ts'

const GLOBAL = '%{GLOBAL}'

const KEYS = {
  WSGIProcessGroup: 'process_group',
  WSGIApplicationGroup: 'application_group',
  WSGICallableObject: 'app'
} as const

/** Fills the tables of the applications, and tells of the directives that did it. */
export function convertMounts(given: Import): void {
  const { applications, active, draft } = given
  for (const application of applications) convertMount(given, application)
  for (const name of ['WSGIProcessGroup', 'WSGIApplicationGroup', 'WSGICallableObject'] as const) {
    const { last, also } = countingFor(given, name)
    for (const scoped of named(active, name)) {
      const members = last.get(scoped)
      if (members !== undefined) {
        const note = chosen(name, scoped)
        draft.note(note)
        for (const { table } of members) table.remarks.push({ key: KEYS[name], note })
      } else draft.note(whyNot(given, scoped, also))
    }
  }
  const scripts = new Set(
    applications.flatMap(({ script, source }) => [script, ...words(source.directive.args)])
  )
  for (const scoped of named(active, 'WSGIImportScript')) {
    const [script = ''] = words(scoped.directive.args)
    const known = scripts.has(script)
    const text = known
      ? 'applications are imported before the server listens, unless lazy_initialization is on.'
      : 'it is the script of no application: import what it does from one.'
    draft.note(noteOf(scoped, known ? 'mapped' : 'by hand', text))
  }
}

/** A choice among groups, as far as it can be made beforehand. */
function chosen(name: string, scoped: Scoped): ReturnType<typeof noteOf> {
  const [value = ''] = words(scoped.directive.args)
  if (value.startsWith('%{ENV:')) {
    return noteOf(scoped, 'by hand', CHOSEN_LATE)
  }
  if (name !== 'WSGIProcessGroup' || value !== GLOBAL) return noteOf(scoped, 'mapped', '')
  return noteOf(scoped, 'adapted', EMBEDDED)
}

const CHOSEN_LATE =
  'A variable of each request chooses the group, which only a dispatch_script can do here.'

const EMBEDDED =
  '%{GLOBAL} is Apache\'s own processes; here it is a group of worker threads, since mode = "embedded" would be one interpreter in the main thread.'

function convertMount(given: Import, application: Application): void {
  const { draft, groupOf, reader } = given
  const { table, path, source, script, module } = application
  const texts: string[] = []
  let byHand = false
  const called = callableOf(given, application)
  table.values.set('path', path || '/')
  table.values.set('app', `${module ?? script}${called === undefined ? '' : `:${called}`}`)
  if (application.folder) table.values.set('root', application.folder)
  const group = groupOf.get(application) ?? ''
  table.values.set('process_group', group)
  draft.group(group)
  if (module === undefined && reader.match(script).length === 0) {
    texts.push('The script is not on this machine.')
  }
  const wanted = processGroupOf(given, application)
  if (wanted === GLOBAL) texts.push(embedded(given))
  else if (!daemonsOf(given).some(({ name }) => name === wanted) && !wanted.startsWith('%{')) {
    texts.push(`No WSGIDaemonProcess is called "${wanted}", so Apache would answer 500.`)
    byHand = true
  }
  if ([...application.given.values()].some((value) => value.startsWith('%{ENV:'))) {
    texts.push(CHOSEN_LATE)
    byHand = true
  }
  texts.push(applicationGroup(given, application))
  const text = texts.filter(Boolean).join(' ')
  const isPlain = source.directive.name.toLowerCase() === 'wsgiscriptalias'
  const fate = byHand ? 'by hand' : text === '' && isPlain ? 'mapped' : 'adapted'
  draft.note(noteOf(source, fate, text), table, 'path')
}

function embedded(given: Import): string {
  const restricted = named(given.active, 'WSGIRestrictEmbedded').at(-1)
  const on = restricted !== undefined && readAs('switch', restricted.directive.args, '') === true
  const refused = on
    ? ' Apache answers 500 for it, as WSGIRestrictEmbedded is on; workers answer here.'
    : ''
  return `No process group is named: ${EMBEDDED}${refused}`
}

function callableOf(given: Import, application: Application): string | undefined {
  if (application.callable !== undefined) return application.callable
  const said = inForce(given, 'WSGICallableObject', application).at(-1)
  const [name] = words(said?.directive.args ?? '')
  return name !== undefined && /^\w+$/.test(name) ? name : undefined
}

/** Writes it, and returns what is to be said. */
function applicationGroup(given: Import, application: Application): string {
  const { draft, groupOf, applications } = given
  const said = inForce(given, 'WSGIApplicationGroup', application).at(-1)
  const asked = application.given.get('application-group') ?? words(said?.directive.args ?? '')[0]
  const group = groupOf.get(application)
  const company = applications.filter((each) => groupOf.get(each) === group).length > 1
  if (asked === undefined && !company) return ''
  const name = asked ?? '%{RESOURCE}'
  const own = name.startsWith('%{') ? name : name.replace(/[^A-Za-z0-9_.:|/@-]+/g, '-')
  if (own.startsWith('%{ENV:')) return ''
  const refusal = draft.refusal('application_group', own)
  if (refusal !== undefined) return refusal
  draft.write([application.table], 'application_group', own)
  if (asked !== undefined) return own === name ? '' : `The application group is called ${own} here.`
  return "No application group is named: %{RESOURCE}, an interpreter each, is mod_wsgi's default. With %{GLOBAL}, which is usual here, the applications of the group would share interpreters, and need fewer workers."
}
