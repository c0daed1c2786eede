// Reads requirements files as pip does: comments, continued lines, variables, options, and files
// that name files. It reads text only; what a requirement means is decided in the interpreter.
import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { WasgiError } from '../errors.ts'
import type { Variables } from './pip-settings.ts'

/** One requirement line. */
export interface RequirementLine {
  readonly text: string
  /** Values of its `--hash` options. */
  readonly hashes: readonly string[]
  /** Where it stands, as in `requirements.txt line 3`. */
  readonly origin: string
  /** The folder that its relative paths count from. */
  readonly folder: string
  readonly constraint: boolean
}

/** Everything a set of requirements files says. */
export interface RequirementsText {
  readonly lines: RequirementLine[]
  indexUrl: string | undefined
  readonly extraIndexUrls: string[]
  readonly trustedHosts: string[]
  pre: boolean
}

interface LogicalLine {
  readonly text: string
  readonly number: number
}

interface Reading {
  readonly result: RequirementsText
  readonly variables: Variables
  /** Files being read, outermost first. */
  readonly open: readonly string[]
}

/** Option name to whether it takes a value; the short ones stand for the long. */
const OPTIONS: Readonly<Record<string, boolean>> = {
  '--requirement': true,
  '--constraint': true,
  '--index-url': true,
  '--extra-index-url': true,
  '--trusted-host': true,
  '--pre': false,
  '--prefer-binary': false,
  '--require-hashes': false,
  '--only-binary': true
}
const SHORT: Readonly<Record<string, string>> = {
  '-r': '--requirement',
  '-c': '--constraint',
  '-i': '--index-url'
}

/** Reads the files one after the other. */
export function readRequirementsFiles(
  paths: readonly string[],
  variables: Variables
): RequirementsText {
  const result: RequirementsText = {
    lines: [],
    indexUrl: undefined,
    extraIndexUrls: [],
    trustedHosts: [],
    pre: false
  }
  for (const path of paths) readFile(path, false, path, { result, variables, open: [] })
  return result
}

function readFile(path: string, constraint: boolean, origin: string, reading: Reading): void {
  if (reading.open.includes(path)) throw invalid(path, origin, 'the file names itself')
  let text: string
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new WasgiError(
      'WASGI_ERR_REQUIREMENT_INVALID',
      [path, origin, code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`],
      { cause: error }
    )
  }
  const inner: Reading = { ...reading, open: [...reading.open, path] }
  for (const line of logicalLines(text)) {
    const origin = `${path} line ${line.number}`
    const expanded = expand(line.text, reading.variables)
    if (expanded.startsWith('-')) readOption(expanded, path, constraint, origin, inner)
    else reading.result.lines.push(requirementLine(expanded, path, constraint, origin))
  }
}

/** Joins continued lines, takes comments out, and drops what is empty then. */
export function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = []
  let joined = ''
  let number = 0
  text.split(/\r\n|\r|\n/).forEach((line, index) => {
    if (joined === '') number = index + 1
    // A comment ends a continued line, whatever its last character is.
    const comment = /(?:^|\s)#/.test(line)
    if (line.endsWith('\\') && !comment) {
      joined += line.slice(0, -1)
      return
    }
    const whole = (joined + line).replace(/(?:^|\s+)#.*$/, '').trim()
    joined = ''
    if (whole !== '') lines.push({ text: whole, number })
  })
  if (joined.trim() !== '') lines.push({ text: joined.trim(), number })
  return lines
}

/** `${NAME}` only, in capitals, and left as it is when there is no such variable: as pip does. */
function expand(text: string, variables: Variables): string {
  return text.replace(/\$\{([A-Z0-9_]+)\}/g, (whole, name: string) => variables[name] || whole)
}

function requirementLine(
  text: string,
  path: string,
  constraint: boolean,
  origin: string
): RequirementLine {
  const [requirement = '', ...options] = text.split(/\s+(?=--)/)
  const hashes = options.map((option) => {
    const [, hash] = /^--hash[=\s]\s*(\S+)$/.exec(option) ?? []
    if (hash === undefined) throw invalid(text, origin, `${option} is not an option for it`)
    return hash
  })
  return { text: requirement, hashes, origin, folder: dirname(path), constraint }
}

function readOption(
  text: string,
  path: string,
  constraint: boolean,
  origin: string,
  reading: Reading
): void {
  const { name, value } = splitOption(text)
  const takesValue = OPTIONS[name]
  if (takesValue === undefined) {
    throw invalid(text, origin, `the option ${name} is not supported here`)
  }
  if (takesValue !== (value !== '')) {
    throw invalid(text, origin, takesValue ? `${name} needs a value` : `${name} takes no value`)
  }
  const { result } = reading
  if (name === '--index-url') result.indexUrl = value
  else if (name === '--extra-index-url') result.extraIndexUrls.push(value)
  else if (name === '--trusted-host') result.trustedHosts.push(value)
  else if (name === '--pre') result.pre = true
  else if (name === '--requirement' || name === '--constraint') {
    if (/^[a-z]+:\/\//i.test(value)) throw invalid(text, origin, 'only a local file can be read')
    const nested = isAbsolute(value) ? value : resolve(dirname(path), value)
    readFile(nested, constraint || name === '--constraint', origin, reading)
  }
}

/** `--name value`, `--name=value`, `-n value` and `-nvalue` are the same. */
function splitOption(text: string): { name: string; value: string } {
  const [, long = '', rest = ''] = /^(--[\w-]+|-\w)[=\s]*(.*)$/.exec(text) ?? [text, text]
  const value = rest.trim().replace(/^(["'])(.*)\1$/, '$2')
  return { name: SHORT[long] ?? long, value }
}

function invalid(text: string, origin: string, reason: string): WasgiError {
  return new WasgiError('WASGI_ERR_REQUIREMENT_INVALID', [text, origin, reason])
}
