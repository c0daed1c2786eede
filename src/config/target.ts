// Reads what the operator calls the application (TARGET) and finds it on disk. Importing it is
// Python's part, in workers/python/wasgi/loader.py.

import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { WasgiError } from '../errors.ts'

/** An application before Python has seen it. `file` and `module` are both given inside a package. */
export interface AppTarget {
  /** As the operator wrote it, for messages. */
  readonly target: string
  /** The real host path that is granted at /app. */
  readonly root: string
  /** The guest path of the file; null for a module that was named as such. */
  readonly file: string | null
  /** The host path of the same file as it was named, symbolic links and all. */
  readonly script: string | null
  /** The dotted name to import it by; null where the file's own name does. */
  readonly module: string | null
  /** The callable's name, dotted if it is an attribute; null to try the usual ones. */
  readonly callable: string | null
  /** Whether the callable is a factory, to be called without arguments. */
  readonly call: boolean
}

interface Named {
  readonly target: string
  readonly subject: string
  readonly callable: string | null
  readonly call: boolean
}

/** What `file` begins with. */
export const APPLICATION_ROOT: string = '/app'
const FOLDER_FILES = ['wsgi.py', 'app.py', 'main.py']
const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u

/** Finds the application. Rejects with WASGI_ERR_APP_NOT_FOUND, saying what was looked for. */
export async function resolveTarget(
  target: string,
  root: string | undefined,
  cwd: string
): Promise<AppTarget> {
  const named = await parse(target, cwd)
  const limit = root === undefined ? undefined : await folderAt(named, resolve(cwd, root))
  const path = resolve(cwd, named.subject)
  const kind = await kindOf(path)
  if (kind === 'file') return inFile(named, path, limit, cwd)
  if (kind === 'folder') {
    // `app:create_app()` next to a package called app means the package, as everywhere in Python.
    const isModule = named.callable !== null && IDENTIFIER.test(named.subject)
    if (!isModule || !(await isPackage(path))) return inFolder(named, path, limit, cwd)
  } else if (named.subject.endsWith('.py') || named.subject.includes('/')) {
    throw notFound(named, `there is no file or folder ${path}`)
  }
  if (!isModuleName(named.subject)) {
    throw notFound(named, `${path} does not exist, and "${named.subject}" cannot name a module`)
  }
  // Whether the module exists is for Python to say: it may lie among the packages.
  return answer(named, limit ?? (await realpath(cwd)), null, null, named.subject)
}

/** Splits TARGET at its last colon, unless the whole of it is the name of something. */
async function parse(target: string, cwd: string): Promise<Named> {
  const colon = target.lastIndexOf(':')
  if (colon < 0 || (await kindOf(resolve(cwd, target))) !== undefined) {
    const named = { target, subject: target, callable: null, call: false }
    if (target === '') throw notFound(named, 'the target is empty')
    return named
  }
  const subject = target.slice(0, colon)
  const written = target.slice(colon + 1)
  const call = written.endsWith('()')
  const callable = call ? written.slice(0, -2) : written
  const named = { target, subject, callable, call }
  if (subject === '') throw notFound(named, 'nothing stands before the colon')
  if (!isModuleName(callable)) {
    const hint = 'write a name after the colon, or name() for a factory without arguments'
    throw notFound(named, `"${written}" is not the name of a callable; ${hint}`)
  }
  return named
}

async function inFile(
  named: Named,
  path: string,
  limit: string | undefined,
  cwd: string
): Promise<AppTarget> {
  const folder = await realpath(dirname(path))
  const file = join(folder, basename(path))
  const top = await packageTop(file, limit ?? (await realpath(cwd)))
  const root = limit ?? top ?? folder
  if (!isInside(root, file)) throw notFound(named, `${file} is not inside the root ${root}`)
  if (!isInside(root, await realpath(file))) {
    throw notFound(named, `${file} is a link that leads outside the root ${root}`)
  }
  const module = top === undefined ? null : moduleName(top, file)
  const guest = `${APPLICATION_ROOT}/${slashed(relative(root, file))}`
  return answer(named, root, guest, path, module)
}

async function inFolder(
  named: Named,
  folder: string,
  limit: string | undefined,
  cwd: string
): Promise<AppTarget> {
  for (const name of FOLDER_FILES) {
    const file = join(folder, name)
    if ((await kindOf(file)) === 'file') return inFile(named, file, limit, cwd)
  }
  const projects = await djangoProjects(folder)
  const [project] = projects
  if (project !== undefined) {
    if (projects.length > 1) {
      const found = projects.map((name) => `${name}/wsgi.py`).join(' and ')
      throw notFound(named, `${folder} holds ${found}; name one of them`)
    }
    return inProject(named, folder, project, limit)
  }
  if (await isPackage(folder)) return inFile(named, join(folder, '__init__.py'), limit, cwd)
  const looked = [...FOLDER_FILES, '*/wsgi.py'].join(', ')
  throw notFound(named, `${folder} holds none of ${looked}`)
}

/** A Django project's wsgi.py expects its folder's parent on the module path. */
async function inProject(
  named: Named,
  folder: string,
  project: string,
  limit: string | undefined
): Promise<AppTarget> {
  const parent = await realpath(folder)
  const root = limit ?? parent
  if (!isInside(root, parent)) throw notFound(named, `${parent} is not inside the root ${root}`)
  const file = join(parent, project, 'wsgi.py')
  const guest = `${APPLICATION_ROOT}/${slashed(relative(root, file))}`
  return answer(named, root, guest, join(folder, project, 'wsgi.py'), `${project}.wsgi`)
}

async function djangoProjects(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.map(({ name }) => name).filter((name) => IDENTIFIER.test(name))
  const found: string[] = []
  for (const name of names.sort()) {
    if (name === 'node_modules' || name === 'python_modules') continue
    if ((await kindOf(join(folder, name, 'wsgi.py'))) === 'file') found.push(name)
  }
  return found
}

/**
 * The folder that the outermost package around `file` lies in, or undefined if it is in none.
 * Never climbs above `limit`: nobody asked for those folders to be shown.
 */
async function packageTop(file: string, limit: string): Promise<string | undefined> {
  let folder = dirname(file)
  while (await isPackage(folder)) {
    const parent = dirname(folder)
    if (!IDENTIFIER.test(basename(folder)) || !isInside(limit, folder) || folder === limit) break
    folder = parent
  }
  return folder === dirname(file) ? undefined : folder
}

function moduleName(top: string, file: string): string | null {
  const parts = relative(top, file).replace(/\.py$/, '').split(sep)
  if (parts.at(-1) === '__init__') parts.pop()
  return parts.every((part) => IDENTIFIER.test(part)) ? parts.join('.') : null
}

function answer(
  { target, callable, call }: Named,
  root: string,
  file: string | null,
  script: string | null,
  module: string | null
): AppTarget {
  return { target, root, file, script, module, callable, call }
}

async function folderAt(named: Named, path: string): Promise<string> {
  if ((await kindOf(path)) !== 'folder') throw notFound(named, `the root ${path} is not a folder`)
  return realpath(path)
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? 'folder' : 'file'
  } catch {
    return undefined
  }
}

async function isPackage(folder: string): Promise<boolean> {
  return (await kindOf(join(folder, '__init__.py'))) === 'file'
}

function isModuleName(text: string): boolean {
  return text.split('.').every((part) => IDENTIFIER.test(part))
}

function isInside(root: string, path: string): boolean {
  const inside = relative(root, path)
  return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside)
}

function slashed(path: string): string {
  return path.split(sep).join('/')
}

function notFound({ target }: Named, reason: string): WasgiError {
  return new WasgiError('WASGI_ERR_APP_NOT_FOUND', [target, reason])
}
