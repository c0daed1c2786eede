// The configuration file: wasgi.toml, or [tool.wasgi] in pyproject.toml. Finds, reads and parses it.

import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { WasgiError } from '../errors.ts'
import { keyOf, type OptionName, optionNames } from './schema.ts'
import { didYouMean } from './suggest.ts'
import { keyLines } from './toml-lines.ts'
import type { Given, Layer } from './value.ts'

interface ConfigFile {
  readonly path: string
  readonly text: string
  /** As messages name it: relative when that is shorter. */
  readonly label: string
  /** Where the options are in it: [] or ['tool', 'wasgi']. */
  readonly table: readonly string[]
}

/** What the file gives: the named one, else one in the folder; nothing when there is none. */
export function readConfigFile(folder: string, named?: string): Layer {
  const file =
    named === undefined
      ? (open(folder, 'wasgi.toml', true) ?? open(folder, 'pyproject.toml', true))
      : open(folder, named, false)
  if (file === undefined) return {}
  const table = optionsTable(file)
  if (table === undefined) {
    if (named === undefined) return {}
    throw unusable(file.label, 'it has no [tool.wasgi] table')
  }
  return asLayer(file, table)
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

function asLayer(file: ConfigFile, table: Readonly<Record<string, unknown>>): Layer {
  const names = new Map(optionNames('command').map((name) => [keyOf(name), name]))
  const lines = keyLines(file.text)
  const layer: Partial<Record<OptionName, Given>> = {}
  for (const [key, raw] of Object.entries(table)) {
    const line = lines.get([...file.table, key].join('.'))
    const origin = line === undefined ? file.label : `${file.label} line ${line}`
    const name = names.get(key)
    if (name === undefined) {
      const hint = didYouMean(key, names.keys())
      throw new WasgiError('WASGI_ERR_CONFIG_UNKNOWN', [key, origin, hint])
    }
    layer[name] = { raw, origin, base: dirname(join(file.path)) }
  }
  return layer
}

function unusable(label: string, reason: string, cause?: unknown): WasgiError {
  return new WasgiError('WASGI_ERR_CONFIG_FILE', [label, reason], { cause })
}
