// Resolved settings of a command, of the plugin and of a program: which sources count, and in which
// order. It must not know about commands; the command line hands over its flags as plain values.

import { availableParallelism } from 'node:os'
import { WasgiError } from '../errors.ts'
import { readConfigFile } from './file.ts'
import type { WasgiPluginOptions, WasgiServerOptions } from './given-options.ts'
import { type ResolvedServer, resolveValues } from './merge.ts'
import { resolveServer } from './mounts.ts'
import type { Settings } from './options.ts'
import {
  appliesTo,
  flagOf,
  type OptionName,
  optionNames,
  optionOf,
  type Surface
} from './schema.ts'
import { readSource, type Source } from './source.ts'
import type { Given, Layer } from './value.ts'
import { fromVariables } from './variables.ts'

export type { WasgiPluginOptions, WasgiServerOptions } from './given-options.ts'
export type { ResolvedMounts, ResolvedServer, ResolvedSettings } from './merge.ts'
export type { Settings } from './options.ts'

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

/** Options that Fastify's own `register` takes and hands through to the plugin. */
const FASTIFY_OPTIONS: readonly string[] = ['prefix', 'logLevel', 'logSerializers']

/** Settings for a command: defaults < file < WASGI_* variables < flags. */
export function settingsFromCommandLine(line: CommandLine): ResolvedServer {
  const server = withMounts(configurationFromCommandLine(line))
  return { ...server, reread: () => settingsFromCommandLine(line) }
}

/** As `settingsFromCommandLine`, but there may be no application. */
export function configurationFromCommandLine(line: CommandLine): ResolvedServer {
  const { layers, tables } = sourcesOf(line)
  return resolveServer(layers, tables)
}

/** Some of these settings, for a command that needs no TARGET. The values of others are not checked. */
export function someSettingsFromCommandLine<Name extends OptionName>(
  line: CommandLine,
  names: readonly Name[]
): Pick<Settings, Name> {
  return resolveValues(sourcesOf(line).layers, names).values as Pick<Settings, Name>
}

function sourcesOf(line: CommandLine): { layers: readonly Layer[]; tables: Source } {
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
  return { layers: [defaults('command', line.folder), file.top, variables, flags], tables: file }
}

/** Settings for one registration of the Fastify plugin: defaults < the given object. */
export function settingsFromPlugin(options: WasgiPluginOptions): ResolvedServer {
  return settingsFromObject(options, 'plugin')
}

/** Settings for a server that a program starts: defaults < the given object. */
export function settingsFromProgram(options: WasgiServerOptions): ResolvedServer {
  return settingsFromObject(options, 'command')
}

function settingsFromObject(
  options: WasgiPluginOptions | WasgiServerOptions,
  surface: Surface
): ResolvedServer {
  const base = process.cwd()
  const whose = surface === 'plugin' ? 'plugin option' : 'option'
  const originOf = (path: readonly string[]): string =>
    path.length < 2 ? whose : `${whose} ${path[0]}.${path[1]}`
  const foreign = surface === 'plugin' ? FASTIFY_OPTIONS : []
  const spelling = { surface, names: 'both', originOf, base, foreign } as const
  const source = readSource({ ...options }, spelling)
  // Without an app, its check finds nothing, and says so in the program's words.
  const nothing = { app: { raw: undefined, origin: whose, base } }
  const own = source.mounts.length > 0 ? source.top : { ...nothing, ...source.top }
  const server = withMounts(resolveServer([defaults(surface, base), own], source))
  return { ...server, reread: () => settingsFromObject(options, surface) }
}

function withMounts(server: ResolvedServer): ResolvedServer {
  if (server.mounts.length > 0) return server
  throw new WasgiError('WASGI_ERR_USAGE', ['no TARGET is given'])
}

function defaults(surface: 'command' | 'plugin', base: string): Layer {
  const layer: Partial<Record<OptionName, Given>> = {}
  for (const name of optionNames()) {
    const option = optionOf(name)
    const raw = appliesTo(name, surface) ? option.default : (option.pluginDefault ?? option.default)
    if (raw !== undefined) layer[name] = { raw, origin: 'default', base }
  }
  layer.workers = { raw: Math.min(4, availableParallelism()), origin: 'default', base }
  layer.reloadExtra = { raw: [], origin: 'default', base }
  layer.pythonPath = { raw: [], origin: 'default', base }
  layer.trustedProxies = { raw: [], origin: 'default', base }
  layer.trustedProxyHeaders = { raw: [], origin: 'default', base }
  layer.requireGroup = { raw: [], origin: 'default', base }
  layer.dispatchGroups = { raw: [], origin: 'default', base }
  layer.snapshotEnv = { raw: [], origin: 'default', base }
  layer.warmup = { raw: [], origin: 'default', base }
  layer.envFile = { raw: [], origin: 'default', base }
  layer.env = { raw: {}, origin: 'default', base }
  return layer
}
