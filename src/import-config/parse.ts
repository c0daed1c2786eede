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
/** Of all files together, as they are read and again as variables make them. */
const MOST_CHARACTERS = 16 * 2 ** 20
/** What is done with one directive may take as long as there are others. */
const MOST_NODES = 20_000
const LONGEST_LINE = 65_536

/** A name has no dollar sign, so that the next one is where to look further. */
const VARIABLE = /\$\{([^}$]+)\}/

interface State {
  readonly reader: Reader
  readonly nameOf: (file: string) => string
  readonly defines: Map<string, string>
  serverRoot: string
  files: number
  characters: number
  nodes: number
}

const NOTHING = { files: 0, characters: 0, nodes: 0 }

interface Cursor {
  readonly lines: readonly Line[]
  next: number
  /** How many files include this one. */
  readonly depth: number
}

/** Reads a file and what it includes. Throws WASGI_ERR_CONFIG_IMPORT where Apache would not start. */
export function parseApache(reader: Reader, options: ParseOptions): Parsed {
  const { file, serverRoot, defines, nameOf } = options
  const state: State = { reader, nameOf, serverRoot, defines: new Map(defines), ...NOTHING }
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
  count(state, text, from)
  return block(state, { lines: logicalLines(text, name), next: 0, depth }, undefined, 0)
}

function count(state: State, text: string, place: Place): void {
  state.characters += text.length
  if (state.characters <= MOST_CHARACTERS) return
  throw failure(place, `all that it includes is more than ${MOST_CHARACTERS} characters`)
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
    if (closing === null) statement(state, cursor, line, level, nodes)
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

/** Puts what the line comes to into `nodes`. */
function statement(
  state: State,
  cursor: Cursor,
  line: Line,
  level: number,
  nodes: ConfigNode[]
): void {
  const place = { file: line.file, line: line.line }
  assertShort(line.text.length, place)
  if (++state.nodes > MOST_NODES) {
    throw failure(place, `more than ${MOST_NODES} directives: import the file of one site`)
  }
  const opening = /^<([^\s>]+)(.*)$/s.exec(line.text)
  if (opening === null) {
    const [, name = '', raw = ''] = /^(\S+)\s*(.*)$/s.exec(line.text) ?? []
    const args = filled(state, raw, place)
    append(nodes, directive(state, cursor, { kind: 'directive', name, args, place }))
    return
  }
  if (level >= DEEPEST_SECTION) throw failure(place, 'sections are nested too deep')
  const [, name = '', raw = ''] = opening
  const args = filled(state, (raw.endsWith('>') ? raw.slice(0, -1) : raw).trim(), place)
  const section: Section = { kind: 'section', name, args, place, children: [] }
  const exists = (path: string): boolean => state.reader.match(absolute(state, path)).length > 0
  const counts = conditionOf(name.toLowerCase(), args, { defines: state.defines, exists })
  // Nothing is replaced or included before somebody uses the macro, and nobody does here.
  if (counts === false || name.toLowerCase() === 'macro') {
    skip(cursor, section)
    if (counts !== false) nodes.push(section)
    return
  }
  const children = block(state, cursor, section, level + 1)
  append(nodes, counts === true ? children : [{ ...section, children }])
}

/** One by one: as arguments of a call they would have to fit onto the stack. */
function append(nodes: ConfigNode[], more: readonly ConfigNode[]): void {
  for (const node of more) nodes.push(node)
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

function assertShort(length: number, place: Place): void {
  if (length <= LONGEST_LINE) return
  throw failure(place, `a line has more than ${LONGEST_LINE} characters`)
}

/** The first variable of a text whose values were not there, as it stands; undefined if there is none. */
export function undefinedVariable(text: string): string | undefined {
  return VARIABLE.exec(text)?.[0]
}

/** Variables are replaced as the line is read; one that is not defined stays as it is. */
function filled(state: State, text: string, place: Place): string {
  let length = text.length
  const whole = text.replace(new RegExp(VARIABLE, 'g'), (written, name: string) => {
    const value = state.defines.get(name) ?? written
    length += value.length
    return length > LONGEST_LINE ? '' : value
  })
  assertShort(length, place)
  count(state, whole, place)
  return whole
}

function failure({ file, line }: Place, reason: string): WasgiError {
  return new WasgiError('WASGI_ERR_CONFIG_IMPORT', [`${file}:${line}`, reason])
}
