// Turns one value as given (text, or a TOML or JavaScript value) into the checked, resolved one.
// Values of `env` may be secret: no message of this file shows one.

import { delimiter, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type Schema, validate } from '@cfworker/json-schema'
import type { Static } from 'typebox'
import { WasgiError } from '../errors.ts'
import { formatDuration, formatSize, parseDuration, parseSize } from './quantity.ts'
import { keyOf, type OPTIONS, type Option, type OptionName, optionOf } from './schema.ts'

/** The resolved type of one option, derived from its schema. */
export type ValueOf<Name extends OptionName> = Static<(typeof OPTIONS)[Name]['schema']>

/** One value as somebody gave it. */
export interface Given {
  readonly raw: unknown
  /** `wasgi.toml line 7`, `WASGI_PORT`, `--port`, `plugin option`, `default`. */
  readonly origin: string
  /** A flag or a variable: text, from which numbers, switches and lists must be read. */
  readonly written?: boolean
  /** The absolute folder that relative paths start from. */
  readonly base: string
  /** What messages call it, where that is not the option's key. */
  readonly key?: string
}

/** What one source gives. Of two layers that give an option, the later one counts. */
export type Layer = Readonly<Partial<Record<OptionName, Given>>>

/** Reads, converts and checks a value, or throws WASGI_ERR_CONFIG_INVALID. */
export function readValue<Name extends OptionName>(name: Name, given: Given): ValueOf<Name> {
  const option = optionOf(name)
  const value = convert(name, option, given)
  if (value === undefined || !validate(value, option.schema as Schema).valid) {
    const key = given.key ?? keyOf(name)
    throw invalid(key, expectation(option, value !== undefined), shown(given.raw), given)
  }
  return value as ValueOf<Name>
}

/** Undefined stands for "this is not one at all"; ranges and patterns are left to the schema. */
function convert(name: OptionName, option: Option, given: Given): unknown {
  const { raw } = given
  switch (option.kind) {
    case 'duration':
      return isQuantity(raw) ? parseDuration(raw) : undefined
    case 'size':
      return isQuantity(raw) ? parseSize(raw) : undefined
    case 'integer':
      return given.written ? integerOf(String(raw)) : numberOf(raw)
    case 'flag':
      return given.written || typeof raw === 'string' ? switchOf(String(raw)) : raw
    case 'path':
      if (raw === '-' && option.dash) return raw
      return isPath(raw) ? resolve(given.base, raw) : undefined
    case 'paths':
      return readPaths(given)
    case 'texts':
      return readTexts(given)
    case 'table':
      return readTable(name, given)
    case 'text':
      return typeof raw === 'string' && name === 'mount' ? normalMount(raw) : textOf(raw)
    case 'choice':
      return textOf(raw)
  }
}

function isQuantity(raw: unknown): raw is string | number {
  return typeof raw === 'string' || typeof raw === 'number'
}

function numberOf(raw: unknown): number | undefined {
  return typeof raw === 'number' ? raw : undefined
}

function textOf(raw: unknown): string | undefined {
  return typeof raw === 'string' && !raw.includes('\0') ? raw : undefined
}

function isPath(raw: unknown): raw is string {
  return typeof raw === 'string' && raw !== '' && !raw.includes('\0')
}

function integerOf(text: string): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined
}

function switchOf(text: string): boolean | undefined {
  if (/^(true|yes|on|1)$/i.test(text)) return true
  return /^(false|no|off|0)$/i.test(text) ? false : undefined
}

/** A variable holds several paths as PATH does: `a:b` (`a;b` on Windows). */
function readPaths({ raw, base, written }: Given): string[] | undefined {
  const one = typeof raw === 'string'
  const list = one && written ? raw.split(delimiter).filter(isPath) : one ? [raw] : raw
  if (!Array.isArray(list) || !list.every(isPath)) return undefined
  return list.map((path) => resolve(base, path))
}

/** A variable holds several texts with commas between. */
function readTexts({ raw, written }: Given): string[] | undefined {
  const one = typeof raw === 'string'
  const list = one && written ? raw.split(',').map((text) => text.trim()) : one ? [raw] : raw
  if (!Array.isArray(list)) return undefined
  const texts = list.map(textOf).filter((text) => text !== '')
  return texts.includes(undefined) ? undefined : (texts as string[])
}

/** `/shop/` and `shop` mean `/shop`; `/` means the whole site, which is the empty prefix. */
function normalMount(raw: string): string {
  const inner = raw.trim().replace(/^\/|\/$/g, '')
  return inner === '' ? '' : `/${inner}`
}

/** A table is one in TOML and in JavaScript, a list of NAME=VALUE as flags, lines as a variable. */
function readTable(name: OptionName, given: Given): Record<string, string> {
  const { raw, written } = given
  const pairs = typeof raw === 'string' && written ? Object.entries(parseEnv(raw)) : entries(raw)
  if (pairs === undefined)
    throw invalid(keyOf(name), expectation(optionOf(name)), kindOf(raw), given)
  for (const [variable, value] of pairs) {
    if (!/^[^=\0]+$/.test(variable)) {
      throw invalid(keyOf(name), 'NAME=VALUE', 'a pair without a name or without "="', given)
    }
    if (typeof value !== 'string' || value.includes('\0')) {
      throw invalid(`${keyOf(name)}.${variable}`, 'text', kindOf(value), given)
    }
  }
  return Object.fromEntries(pairs) as Record<string, string>
}

function entries(raw: unknown): [name: string, value: unknown][] | undefined {
  if (!Array.isArray(raw)) {
    // Dates are objects too, in TOML as in JavaScript.
    if (raw instanceof Date) return undefined
    return typeof raw === 'object' && raw !== null ? Object.entries(raw) : undefined
  }
  return raw.map((pair) => {
    const at = String(pair).indexOf('=')
    return [String(pair).slice(0, Math.max(at, 0)), String(pair).slice(at + 1)]
  })
}

/** What "must be ..." goes on with. A value that was at least readable is told the range. */
function expectation(option: Option, readable = false): string {
  const { minimum = 0, maximum = 0 } = option.schema
  if (option.expected !== undefined) return option.expected
  switch (option.kind) {
    case 'integer':
      return `a whole number from ${minimum} to ${maximum}`
    case 'duration':
      return readable
        ? `from ${formatDuration(minimum)} to ${formatDuration(maximum)}`
        : 'a number of seconds or a duration such as 500ms, 2s, 5m or 1h'
    case 'size':
      return readable
        ? `from ${formatSize(minimum)} to ${formatSize(maximum)}`
        : 'a number of bytes or a size such as 64K, 300M or 2G'
    case 'flag':
      return 'true or false'
    case 'choice':
      return `one of ${option.schema.enum?.join(', ')}`
    case 'paths':
      return 'a list of paths'
    case 'path':
      return 'a path'
    default:
      return 'text'
  }
}

function invalid(key: string, expected: string, got: string, given: Given): WasgiError {
  return new WasgiError('WASGI_ERR_CONFIG_INVALID', [key, expected, got, given.origin])
}

function shown(raw: unknown): string {
  if (raw === undefined) return 'nothing'
  if (typeof raw === 'number' || typeof raw === 'boolean') return String(raw)
  if (typeof raw !== 'string') return kindOf(raw)
  return JSON.stringify(raw.length > 80 ? `${raw.slice(0, 80)}…` : raw)
}

function kindOf(raw: unknown): string {
  if (raw === null || raw === undefined) return 'nothing'
  if (Array.isArray(raw)) return 'a list'
  if (raw instanceof Date) return 'a date'
  const names = { string: 'text that cannot be used', object: 'a table', boolean: 'a boolean' }
  return names[typeof raw as keyof typeof names] ?? `a ${typeof raw}`
}
