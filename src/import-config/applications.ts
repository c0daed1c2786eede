// Finds the applications: WSGIScriptAlias, WSGIScriptAliasMatch, and the handler of mod_wsgi-express.

import { basename } from 'node:path'
import { WasgiError } from '../errors.ts'
import { type Application, absolute, noteOf, optionsOf } from './context.ts'
import { type Draft, emptyTable } from './draft.ts'
import { readExpressHandler } from './express.ts'
import type { Reader } from './parse.ts'
import { type Host, isBelow, type Scoped, withoutSlash } from './scope.ts'
import { assignments } from './words.ts'

interface Search {
  readonly draft: Draft
  readonly reader: Reader
  readonly serverRoot: string
  readonly documentRoot: string | undefined
}

type Found = Omit<Application, 'source' | 'given' | 'table'>

const MOST_SCRIPTS = 200
/** Each of them is compared with all others, and with each directive. */
const MOST_APPLICATIONS = 500

/** The applications, in Apache's order, without those that it never reaches: notes tell of these. */
export function findApplications(
  search: Search,
  active: readonly Scoped[],
  host: Host | undefined
): Application[] {
  const ofHost = active.filter((each) => host !== undefined && each.host === host)
  const ofServer = active.filter((each) => each.host === undefined)
  const applications: Application[] = []
  // A virtual host's own come first.
  for (const scoped of [...ofHost, ...ofServer]) {
    const found = applicationsOf(search, scoped)
    const given = optionsOf(scoped, 2)
    for (const each of found) {
      const { path } = each
      const refusal = search.draft.refusal('mount', path)
      if (refusal !== undefined) {
        search.draft.note(noteOf(scoped, 'by hand', refusal))
        continue
      }
      const before = applications.find((other) => isBelow(path, other.path))
      if (before === undefined) {
        assertFew(applications, scoped)
        const table = { ...emptyTable(), path }
        applications.push({ ...each, source: scoped, given, table })
      } else search.draft.note(unreached(scoped, path, before))
    }
  }
  return applications
}

function assertFew(applications: readonly Application[], { directive }: Scoped): void {
  if (applications.length < MOST_APPLICATIONS) return
  const { file, line } = directive.place
  throw new WasgiError('WASGI_ERR_CONFIG_IMPORT', [
    `${file}:${line}`,
    `more than ${MOST_APPLICATIONS} applications`
  ])
}

function unreached(scoped: Scoped, path: string, before: Application): ReturnType<typeof noteOf> {
  const { file, line } = before.source.directive.place
  const text = `Apache never reaches ${path || '/'}: ${file}:${line} takes everything below ${before.path || '/'} first. It is left out, so nothing changes; here the longest path would win, so add it if it was meant.`
  return noteOf(scoped, 'by hand', text)
}

function applicationsOf(search: Search, scoped: Scoped): readonly Found[] {
  const name = scoped.directive.name.toLowerCase()
  const [first, second] = assignments(scoped.directive.args).map(whole)
  if (first === undefined || second === undefined) {
    if (/^wsgi(scriptalias|scriptaliasmatch|handlerscript)$/.test(name)) {
      search.draft.note(noteOf(scoped, 'by hand', 'it does not say what to run.'))
    }
    return []
  }
  const target = absolute(second, search.serverRoot)
  if (name === 'wsgiscriptalias')
    return aliased(search, scoped, first, target, second.endsWith('/'))
  if (name === 'wsgihandlerscript') return handled(search, scoped, target)
  if (name !== 'wsgiscriptaliasmatch') return []
  const prefix = prefixOf(first)
  if (prefix !== undefined && !second.includes('$'))
    return [{ path: prefix, script: target, file: target }]
  const text = `a mount is a path, and "${first}" is not one: name the paths in [[mounts]].`
  search.draft.note(noteOf(scoped, 'by hand', text))
  return []
}

function whole({ name, value }: { name: string; value: string | undefined }): string {
  return value === undefined ? name : `${name}=${value}`
}

function aliased(
  { draft, reader }: Search,
  scoped: Scoped,
  url: string,
  script: string,
  isFolder: boolean
): readonly Found[] {
  const path = withoutSlash(url)
  const scripts = ['*.wsgi', '*.py'].flatMap((pattern) => reader.match(`${script}/${pattern}`))
  if (scripts.length === 0 && !isFolder) return [{ path, script, file: script }]
  if (scripts.length === 0 || scripts.length > MOST_SCRIPTS) {
    const text = `${script} has ${scripts.length || 'no'} files *.wsgi and *.py on this machine: add a mount for each that is an application.`
    draft.note(noteOf(scoped, 'by hand', text))
    return []
  }
  return scripts.map((file) => ({ path: `${path}/${basename(file)}`, script: file, file }))
}

/** `^/shop`, `^/shop/?$`, `^/shop(/.*)?$`, `^/shop(/|$)` and their like are `/shop`. */
export function prefixOf(expression: string): string | undefined {
  const match =
    /^\^((?:\/(?:[A-Za-z0-9_~-]|\\\.)+)*)(?:\/|\/\?|\(\/\.\*\)\??|\(\/\|\$\)|\(\?:\/\.\*\)\?|\(\?:\/\|\$\)|\/\.\*)?\$?$/.exec(
      expression
    )
  return match?.[1]?.replaceAll('\\.', '.')
}

function handled(
  { draft, reader, documentRoot }: Search,
  scoped: Scoped,
  handler: string
): readonly Found[] {
  const express = readExpressHandler(reader.read(handler) ?? '')
  const path = withoutSlash(express?.mountPoint ?? '')
  const folder = express?.workingFolder ?? ''
  // Whatever is not a file of DocumentRoot goes to the handler, by a RewriteRule there.
  const file = documentRoot === undefined ? handler : `${documentRoot}/${path}`
  if (express?.type === 'script') {
    const script = absolute(express.entryPoint, folder || '/')
    return [{ path, script, file, callable: express.callable, folder }]
  }
  if (express?.type === 'module') {
    const script = `${folder}/${express.entryPoint.replaceAll('.', '/')}`
    return [{ path, script, file, module: express.entryPoint, callable: express.callable, folder }]
  }
  const text =
    express === undefined
      ? 'handlers by file type do not exist: mount the application that the handler serves in [[mounts]].'
      : `applications of type "${express.type}" are not served: name a file or a module in [[mounts]].`
  draft.note(noteOf(scoped, 'by hand', text))
  return []
}
