// Parses an Apache configuration into a tree whose conditions are decided and whose files are included.
// Reads through a Reader only; what directives mean is not known here.

import { isAbsolute, join } from 'node:path'
import { WasgiError } from '../errors.ts'
import { conditionOf } from './conditions.ts'
import { type Line, logicalLines, type Place } from './lines.ts'
import { words } from './words.ts'

export interface Directive {
  readonly kind: 'directive'
  /** As written; names are compared without case. */
  readonly name: string
  /** With variables replaced, quotes and all. */
  readonly args: string
  readonly place: Place
}

export interface Section {
  readonly kind: 'section'
  readonly name: string
  readonly args: string
  readonly place: Place
  readonly children: readonly ConfigNode[]
}

export type ConfigNode = Directive | Section

/** The file system, as far as a parser may see it. */
export interface Reader {
  /** The file's text; undefined if it cannot be read. */
  read(path: string): string | undefined
  /** The files that a pattern stands for, sorted; those of a folder, if it names one. */
  find(pattern: string): readonly string[]
  /** The files and folders that fit a pattern, or are called that, sorted. */
  match(pattern: string): readonly string[]
}

export interface ParseOptions {
  readonly file: string
  /** Where relative paths start until ServerRoot says otherwise. */
  readonly serverRoot: string
  readonly defines: ReadonlyMap<string, string>
  /** How messages name a file. */
  readonly nameOf: (file: string) => string
}

export interface Parsed {
  readonly nodes: readonly ConfigNode[]
  readonly serverRoot: string
}

const MOST_FILES = 2_000
const DEEPEST_INCLUDE = 20
const DEEPEST_SECTION = 50

interface State {
  readonly reader: Reader
  readonly nameOf: (file: string) => string
  readonly defines: Map<string, string>
  serverRoot: string
  files: number
}

interface Cursor {
  readonly lines: readonly Line[]
  next: number
  /** How many files include this one. */
  readonly depth: number
}

/** Reads a file and what it includes. Throws WASGI_ERR_CONFIG_IMPORT where Apache would not start. */
export function parseApache(reader: Reader, options: ParseOptions): Parsed {
  const { file, serverRoot, defines, nameOf } = options
  const state: State = { reader, nameOf, serverRoot, defines: new Map(defines), files: 0 }
  const nodes = parseFile(state, file, 0, undefined)
  return { nodes, serverRoot: state.serverRoot }
}

function parseFile(
  state: State,
  file: string,
  depth: number,
  place: Place | undefined
): ConfigNode[] {
  const name = state.nameOf(file)
  const from = place ?? { file: name, line: 1 }
  if (depth > DEEPEST_INCLUDE) throw failure(from, `files include each other, ${name} among them`)
  if (++state.files > MOST_FILES) throw failure(from, `it includes more than ${MOST_FILES} files`)
  const text = state.reader.read(file)
  if (text === undefined) throw failure(from, `${name} cannot be read`)
  return block(state, { lines: logicalLines(text, name), next: 0, depth }, undefined, 0)
}

/** What stands up to the end of `section`, or of the file. */
function block(
  state: State,
  cursor: Cursor,
  section: Section | undefined,
  level: number
): ConfigNode[] {
  const nodes: ConfigNode[] = []
  for (let line = cursor.lines[cursor.next++]; line !== undefined; ) {
    const closing = /^<\/\s*([^\s>]+)\s*>?/.exec(line.text)
    if (closing === null) nodes.push(...statement(state, cursor, line, level))
    else if (section?.name.toLowerCase() === closing[1]?.toLowerCase()) return nodes
    else {
      const open = section === undefined ? 'no section is open' : `<${section.name}> is open`
      throw failure(line, `${line.text} closes nothing: ${open}`)
    }
    line = cursor.lines[cursor.next++]
  }
  if (section !== undefined) throw failure(section.place, `<${section.name}> is never closed`)
  return nodes
}

function statement(state: State, cursor: Cursor, line: Line, level: number): ConfigNode[] {
  const place = { file: line.file, line: line.line }
  const opening = /^<([^\s>]+)\s*(.*?)\s*>?$/s.exec(line.text)
  if (opening === null) {
    const [, name = '', args = ''] = /^(\S+)\s*(.*)$/s.exec(line.text) ?? []
    return directive(state, cursor, { kind: 'directive', name, args: filled(state, args), place })
  }
  if (level >= DEEPEST_SECTION) throw failure(place, 'sections are nested too deep')
  const [, name = '', raw = ''] = opening
  const args = filled(state, raw)
  const section: Section = { kind: 'section', name, args, place, children: [] }
  const exists = (path: string): boolean => state.reader.match(absolute(state, path)).length > 0
  const counts = conditionOf(name.toLowerCase(), args, { defines: state.defines, exists })
  // Nothing is replaced or included before somebody uses the macro, and nobody does here.
  if (counts === false || name.toLowerCase() === 'macro') {
    skip(cursor, section)
    return counts === false ? [] : [section]
  }
  const children = block(state, cursor, section, level + 1)
  return counts === true ? children : [{ ...section, children }]
}

/** Passes over a section that does not count, other sections of its name within it included. */
function skip(cursor: Cursor, section: Section): void {
  const name = section.name.toLowerCase()
  let open = 1
  while (open > 0) {
    const line = cursor.lines[cursor.next++]
    if (line === undefined) throw failure(section.place, `<${section.name}> is never closed`)
    const [, slash, other = ''] = /^<(\/?)\s*([^\s>]+)/.exec(line.text) ?? []
    if (other.toLowerCase() === name) open += slash === '/' ? -1 : 1
  }
}

/** What the directive comes to: itself, or what it includes. */
function directive(state: State, cursor: Cursor, node: Directive): ConfigNode[] {
  const [first = '', second = ''] = words(node.args)
  switch (node.name.toLowerCase()) {
    case 'serverroot':
      state.serverRoot = first
      return []
    case 'define':
      state.defines.set(first, second)
      return []
    case 'undefine':
      state.defines.delete(first)
      return []
    case 'include':
    case 'includeoptional':
      return included(state, cursor, node, first)
    default:
      return [node]
  }
}

function included(state: State, cursor: Cursor, node: Directive, pattern: string): ConfigNode[] {
  const files = state.reader.find(absolute(state, pattern))
  if (files.length === 0 && node.name.toLowerCase() === 'include' && !/[*?[]/.test(pattern)) {
    const open = /\$\{/.test(pattern) ? ': its variable is not defined (--define NAME=VALUE)' : ''
    throw failure(node.place, `${pattern} is not there${open}`)
  }
  return files.flatMap((file) => parseFile(state, file, cursor.depth + 1, node.place))
}

function absolute({ serverRoot }: State, path: string): string {
  return isAbsolute(path) ? path : join(serverRoot, path)
}

/** Variables are replaced as the line is read; one that is not defined stays as it is. */
function filled({ defines }: State, text: string): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => defines.get(name) ?? whole)
}

function failure({ file, line }: Place, reason: string): WasgiError {
  return new WasgiError('WASGI_ERR_CONFIG_IMPORT', [`${file}:${line}`, reason])
}
