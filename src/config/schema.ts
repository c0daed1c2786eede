// Every option, declared once (in declared/). Types, validation, defaults, flags, WASGI_* variables, TOML keys, the
// plugin's options and the reference page all come from here (`node scripts/reference.ts`).
// The schemas are TypeBox's plain-literal form, so that this file costs nothing to import.

import { APPLICATION_OPTIONS } from './declared/application.ts'
import { HOOK_OPTIONS } from './declared/hooks.ts'
import { LIMIT_OPTIONS } from './declared/limits.ts'
import { LISTENING_OPTIONS } from './declared/listening.ts'
import { OBSERVABILITY_OPTIONS } from './declared/observability.ts'
import { RELOAD_OPTIONS } from './declared/reload.ts'
import { WORKER_OPTIONS } from './declared/workers.ts'

/** Where an option can be given. `command`: flags, variables and files. */
export type Surface = 'command' | 'plugin'

/**
 * What an option describes: the server as a whole, a process group, or one mounted application. An
 * option of a group may also be given in `[groups.NAME]`, one of a mount in `[[mounts]]`.
 */
export type Scope = 'server' | 'group' | 'mount'

/** How a value is written by a person, and what it becomes. */
export type Kind =
  | 'text'
  | 'path'
  | 'paths'
  | 'integer'
  | 'duration' // milliseconds
  | 'size' // bytes
  | 'flag'
  | 'choice'
  | 'table' // NAME=VALUE pairs
  | 'texts' // a list

/** JSON Schema of the resolved value; TypeBox derives the type and does the checking. */
export interface ValueSchema {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly items?: { readonly type: 'string'; readonly minLength?: number }
  readonly additionalProperties?: { readonly type: 'string' }
}

/** One option. Its key in `OPTIONS` is the TypeScript name; the other names derive from that. */
export interface Option {
  readonly kind: Kind
  readonly schema: ValueSchema
  readonly surfaces: readonly Surface[]
  /** As a person would write it. Absent: undefined, or computed (then `computed` says how). */
  readonly default?: string | number | boolean
  readonly computed?: string
  /** The plugin's default where it is not the command's. */
  readonly pluginDefault?: string
  readonly heading:
    | 'Application'
    | 'Hooks'
    | 'Listening'
    | 'Workers'
    | 'Snapshots'
    | 'Limits'
    | 'Logging'
  /** Where it is not what `HEADING_SCOPES` says. */
  readonly scope?: Scope
  readonly placeholder?: string
  /** Shorter flags of the command line, for true and for false. Kind `flag` only. */
  readonly aliases?: { readonly on: string; readonly off: string }
  /** Of a path: "-" is itself, and no file of that name. */
  readonly dash?: true
  /** Completes "must be ..." where the schema alone does not say it well. */
  readonly expected?: string
  /** One or two sentences, in the present tense, for people. */
  readonly text: string
}

/** All of them, in the order in which people see them. */
export const OPTIONS: typeof APPLICATION_OPTIONS &
  typeof HOOK_OPTIONS &
  typeof LISTENING_OPTIONS &
  typeof WORKER_OPTIONS &
  typeof RELOAD_OPTIONS &
  typeof LIMIT_OPTIONS &
  typeof OBSERVABILITY_OPTIONS = {
  ...APPLICATION_OPTIONS,
  ...HOOK_OPTIONS,
  ...LISTENING_OPTIONS,
  ...WORKER_OPTIONS,
  ...RELOAD_OPTIONS,
  ...LIMIT_OPTIONS,
  ...OBSERVABILITY_OPTIONS
}

export type OptionName = keyof typeof OPTIONS

/** Every option's name, in the order in which they are declared. */
export function optionNames(surface?: Surface): OptionName[] {
  const names = Object.keys(OPTIONS) as OptionName[]
  return surface === undefined ? names : names.filter((name) => appliesTo(name, surface))
}

/** The option's declaration, without its literal types. */
export function optionOf(name: OptionName): Option {
  return OPTIONS[name]
}

export function appliesTo(name: OptionName, surface: Surface): boolean {
  return optionOf(name).surfaces.includes(surface)
}

const HEADING_SCOPES: Readonly<Partial<Record<Option['heading'], Scope>>> = {
  Application: 'mount',
  Hooks: 'mount',
  Workers: 'group',
  Snapshots: 'group',
  Limits: 'group'
}

/** Whose option it is. */
export function scopeOf(name: OptionName): Scope {
  const { scope, heading } = optionOf(name)
  return scope ?? HEADING_SCOPES[heading] ?? 'server'
}

/** `requestTimeout` → `request_timeout`: the word in files, messages and the documentation. */
export function keyOf(name: OptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** `requestTimeout` → `--request-timeout`. */
export function flagOf(name: OptionName): string {
  return `--${keyOf(name).replaceAll('_', '-')}`
}

/** `requestTimeout` → `WASGI_REQUEST_TIMEOUT`. */
export function variableOf(name: OptionName): string {
  return `WASGI_${keyOf(name).toUpperCase()}`
}
