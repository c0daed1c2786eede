// Merges layers of options into settings (the later wins), and remembers each value's origin.

import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { WasgiError } from '../errors.ts'
import type { Settings } from './options.ts'
import { keyOf, type OptionName, optionNames } from './schema.ts'
import { type Given, type Layer, readValue, type ValueOf } from './value.ts'

export interface ResolvedSettings {
  readonly settings: Settings
  /** Where each value came from: `default`, `wasgi.toml line 7`, `WASGI_PORT`, `--port`. */
  readonly origins: Readonly<Record<keyof Settings, string>>
  /** The same for each variable of `settings.env`. */
  readonly variableOrigins?: Readonly<Record<string, string>>
  /** Whether `settings.pythonPath` is a group's own, which does without the packages of all others. */
  readonly ownPackages?: boolean
  /** The same mount in the other groups that its dispatch script may choose. */
  readonly elsewhere?: readonly ResolvedSettings[]
  /** The absolute folder that a relative `settings.app` starts from. */
  readonly base: string
}

/** Mounts, each with all settings that count for it; `settings.mount` is its path. */
export interface ResolvedMounts extends ResolvedSettings {
  readonly mounts: readonly ResolvedSettings[]
}

/** A whole server. Its own settings are those of the top level, where `app` may be ''. */
export interface ResolvedServer extends ResolvedMounts {
  /** By name: all that the configuration names, whether a mount uses them or not. */
  readonly groups: ReadonlyMap<string, ResolvedSettings>
  /** Reads all of it anew, files included; throws as the first time. */
  readonly reread?: () => ResolvedServer
}

/** What `os.environ` will hold, name by name. */
export interface Variables {
  readonly env: Readonly<Record<string, string>>
  readonly origins: Readonly<Record<string, string>>
  /** Of the tables among its sources. */
  readonly tables: readonly string[]
}

export const NO_VARIABLES: Variables = { env: {}, origins: {}, tables: [] }

type Values = { -readonly [Name in OptionName]: ValueOf<Name> | undefined }

/** The settings that layers come to, with variables that were put together by `addVariables`. */
export function resolveLayers(layers: readonly Layer[], variables: Variables): ResolvedSettings {
  const { values, origins } = resolveValues(layers, optionNames())
  if (variables.tables.length > 0) origins.env = variables.tables.join(', ')
  const base = layers.findLast((layer) => layer.app !== undefined)?.app?.base ?? ''
  const settings = complete({ app: '', ...values, env: variables.env } as Values)
  return { settings, origins, variableOrigins: variables.origins, base }
}

/** Some settings alone, checked. */
export function resolveValues(
  layers: readonly Layer[],
  names: readonly OptionName[]
): { values: Partial<Values>; origins: Record<keyof Settings, string> } {
  const values: Partial<Values> = {}
  const origins = {} as Record<keyof Settings, string>
  for (const name of names) {
    const given = layers.findLast((layer) => layer[name] !== undefined)?.[name]
    origins[name] = given?.origin ?? 'default'
    if (given !== undefined) assign(values, name, given)
  }
  return { values, origins }
}

function assign<Name extends OptionName>(values: Partial<Values>, name: Name, given: Given): void {
  values[name] = readValue(name, given) as Values[Name]
}

/** Variables add up, name by name: the layers' files first, then each layer's table over the one below. */
export function addVariables(below: Variables, layers: readonly Layer[]): Variables {
  // Maps, since a variable may be called __proto__.
  const env = new Map(Object.entries(below.env))
  const origins = new Map(Object.entries(below.origins))
  const add = (variables: Readonly<Record<string, string>>, origin: string): void => {
    for (const [name, value] of Object.entries(variables)) {
      env.set(name, value)
      origins.set(name, origin)
    }
  }
  const files = layers.findLast((layer) => layer.envFile !== undefined)?.envFile
  for (const path of files === undefined ? [] : readValue('envFile', files)) {
    add(readEnvFile(path, files?.origin ?? ''), path)
  }
  const tables = [...below.tables]
  for (const { env: table } of layers) {
    if (table === undefined || table.origin === 'default') continue
    add(readValue('env', table), table.origin)
    tables.push(table.origin)
  }
  return { env: Object.fromEntries(env), origins: Object.fromEntries(origins), tables }
}

function readEnvFile(path: string, origin: string): Record<string, string> {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>
  } catch (cause) {
    const args = [keyOf('envFile'), 'a file that can be read', JSON.stringify(path), origin]
    throw new WasgiError('WASGI_ERR_CONFIG_INVALID', args, { cause })
  }
}

/** Names what may be absent, so that the compiler compares Settings with the schema's types. */
function complete(values: Values): Settings {
  type Present = { [Name in OptionName]: NonNullable<Values[Name]> }
  const { root, dataDir, uds, snapshotDir, certificate, key, passAuthorization } = values
  const { accessScript, authUserScript, authGroupScript, dispatchScript } = values
  const hooks = { accessScript, authUserScript, authGroupScript, dispatchScript, passAuthorization }
  const optional = { root, dataDir, uds, snapshotDir, certificate, key, ...hooks }
  return { ...(values as Present), ...optional }
}
