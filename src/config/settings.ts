// Resolved settings: merges what the sources give (the later wins), remembering each value's origin.
// It must not know about commands; the command line hands over its flags as plain values.

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseEnv } from 'node:util'
import { WasgiError } from '../errors.ts'
import { readConfigFile } from './file.ts'
import type { Settings, WasgiPluginOptions } from './options.ts'
import { appliesTo, flagOf, keyOf, type OptionName, optionNames, optionOf } from './schema.ts'
import { didYouMean } from './suggest.ts'
import { type Given, type Layer, readValue, type ValueOf } from './value.ts'
import { fromVariables } from './variables.ts'

export type { Settings, WasgiPluginOptions } from './options.ts'

export interface ResolvedSettings {
  readonly settings: Settings
  /** Where each value came from: `default`, `wasgi.toml line 7`, `WASGI_PORT`, `--port`. */
  readonly origins: Readonly<Record<keyof Settings, string>>
  /** The absolute folder that a relative `settings.app` starts from. */
  readonly base: string
}

/** What the command line and the process around it give. */
export interface CommandLine {
  /** By option name; text, lists of text for what may be repeated, booleans for switches. */
  readonly flags: Readonly<Partial<Record<OptionName, unknown>>>
  /** The file named with --config. */
  readonly configFile?: string | undefined
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The current folder, absolute. */
  readonly folder: string
}

type Values = { -readonly [Name in OptionName]: ValueOf<Name> | undefined }

/** Options that Fastify's own `register` takes and hands through to the plugin. */
const FASTIFY_OPTIONS: readonly string[] = ['prefix', 'logLevel', 'logSerializers']

/** Settings for a command: defaults < file < WASGI_* variables < flags. */
export function settingsFromCommandLine(line: CommandLine): ResolvedSettings {
  return resolveLayers(layersOf(line))
}

/** Some of these settings, for a command that needs no TARGET. The values of others are not checked. */
export function someSettingsFromCommandLine<Name extends OptionName>(
  line: CommandLine,
  names: readonly Name[]
): Pick<Settings, Name> {
  return resolveValues(layersOf(line), names).values as Pick<Settings, Name>
}

function layersOf(line: CommandLine): readonly Layer[] {
  const variables = fromVariables(line.variables, line.folder)
  const configFile = line.configFile ?? (line.variables.WASGI_CONFIG || undefined)
  const file = readConfigFile(line.folder, configFile)
  const flags: Partial<Record<OptionName, Given>> = {}
  for (const name of optionNames('command')) {
    const raw = line.flags[name]
    if (raw === undefined) continue
    const origin = name === 'app' ? 'the command line' : flagOf(name)
    flags[name] = { raw, origin, base: line.folder, written: true }
  }
  return [defaults('command', line.folder), file, variables, flags]
}

/** Settings for one registration of the Fastify plugin: defaults < the given object. */
export function settingsFromPlugin(options: WasgiPluginOptions): ResolvedSettings {
  const base = process.cwd()
  // Without an app, its check finds nothing, and says so in the plugin's words.
  const given: Partial<Record<OptionName, Given>> = {
    app: { raw: undefined, origin: 'plugin option', base }
  }
  const known = optionNames('plugin')
  for (const [name, raw] of Object.entries(options)) {
    if (FASTIFY_OPTIONS.includes(name) || raw === undefined) continue
    if (!(known as string[]).includes(name)) {
      const hint = didYouMean(name, known)
      throw new WasgiError('WASGI_ERR_CONFIG_UNKNOWN', [name, 'plugin option', hint])
    }
    given[name as OptionName] = { raw, origin: 'plugin option', base }
  }
  return resolveLayers([defaults('plugin', base), given])
}

function defaults(surface: 'command' | 'plugin', base: string): Layer {
  const layer: Partial<Record<OptionName, Given>> = {}
  for (const name of optionNames()) {
    const option = optionOf(name)
    const raw = appliesTo(name, surface) ? option.default : (option.pluginDefault ?? option.default)
    if (raw !== undefined) layer[name] = { raw, origin: 'default', base }
  }
  layer.workers = { raw: Math.min(4, availableParallelism()), origin: 'default', base }
  layer.pythonPath = { raw: [], origin: 'default', base }
  layer.trustedProxies = { raw: [], origin: 'default', base }
  layer.trustedProxyHeaders = { raw: [], origin: 'default', base }
  layer.snapshotEnv = { raw: [], origin: 'default', base }
  layer.warmup = { raw: [], origin: 'default', base }
  layer.envFile = { raw: [], origin: 'default', base }
  layer.env = { raw: {}, origin: 'default', base }
  return layer
}

function resolveLayers(layers: readonly Layer[]): ResolvedSettings {
  const { values, origins } = resolveValues(layers, optionNames())
  const app = layers.findLast((layer) => layer.app !== undefined)?.app
  if (app === undefined) throw new WasgiError('WASGI_ERR_USAGE', ['no TARGET is given'])
  mergeEnv(values, origins, layers)
  return { settings: complete(values as Values), origins, base: app.base }
}

function resolveValues(layers: readonly Layer[], names: readonly OptionName[]) {
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

/** Variables add up, name by name: files first, then each layer's table over the one below. */
function mergeEnv(
  values: Partial<Values>,
  origins: Record<keyof Settings, string>,
  layers: readonly Layer[]
): void {
  const tables = layers.flatMap((layer) => layer.env ?? []).filter((t) => t.origin !== 'default')
  const files = (values.envFile ?? []).map((path) => readEnvFile(path, origins.envFile))
  const all = [...files, ...tables.map((table) => readValue('env', table))]
  values.env = Object.fromEntries(all.flatMap(Object.entries<string>))
  if (tables.length > 0) origins.env = tables.map((table) => table.origin).join(', ')
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
  const { root, dataDir, uds, snapshotDir, accessScript, certificate, key } = values
  const optional = { root, dataDir, uds, snapshotDir, accessScript, certificate, key }
  return { ...(values as Present), ...optional }
}
