// The configuration file: wasgi.toml, or [tool.wasgi] in pyproject.toml. Finds, reads and parses it.

import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { WasgiError } from '../errors.ts'
import { NO_SOURCE, readSource, type Source, type Spelling } from './source.ts'
import { keyLines } from './toml-lines.ts'

interface ConfigFile {
  readonly path: string
  readonly text: string
  /** As messages name it: relative when that is shorter. */
  readonly label: string
  /** Where the options are in it: [] or ['tool', 'wasgi']. */
  readonly table: readonly string[]
}

/** What the file gives: the named one, else one in the folder; nothing when there is none. */
export function readConfigFile(folder: string, named?: string): Source {
  const file =
    named === undefined
      ? (open(folder, 'wasgi.toml', true) ?? open(folder, 'pyproject.toml', true))
      : open(folder, named, false)
  if (file === undefined) return NO_SOURCE
  const table = optionsTable(file)
  if (table === undefined) {
    if (named === undefined) return NO_SOURCE
    throw unusable(file.label, 'it has no [tool.wasgi] table')
  }
  return readSource(table, spellingOf(file))
}

function open(folder: string, name: string, optional: boolean): ConfigFile | undefined {
  const path = resolve(folder, name)
  const near = relative(folder, path)
  const label = near.startsWith('..') ? path : near
  try {
    const table = basename(path) === 'pyproject.toml' ? ['tool', 'wasgi'] : []
    return { path, label, table, text: readFileSync(path, 'utf8') }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (optional && code === 'ENOENT') return undefined
    throw unusable(label, code === 'ENOENT' ? 'there is no such file' : String(code), cause)
  }
}

function optionsTable(file: ConfigFile): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    value = parse(file.text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const reason = cause.message.split('\n', 1)[0]?.replace(/^Invalid TOML document: /, '')
    throw unusable(file.label, `line ${cause.line}: ${reason}`, cause)
  }
  for (const part of file.table) {
    value = isTable(value) && Object.hasOwn(value, part) ? value[part] : undefined
  }
  if (value !== undefined && !isTable(value)) {
    throw unusable(file.label, `${file.table.join('.')} is not a table`)
  }
  return value
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function spellingOf(file: ConfigFile): Spelling {
  const lines = keyLines(file.text)
  const originOf = (path: readonly string[]): string => {
    // What stands in an inline table has no line of its own, so the one around it counts.
    for (let depth = path.length; depth > 0; depth--) {
      const line = lines.get([...file.table, ...path.slice(0, depth)].join('.'))
      if (line !== undefined) return `${file.label} line ${line}`
    }
    return file.label
  }
  return { surface: 'command', names: 'keys', originOf, base: dirname(join(file.path)) }
}

function unusable(label: string, reason: string, cause?: unknown): WasgiError {
  return new WasgiError('WASGI_ERR_CONFIG_FILE', [label, reason], { cause })
}
