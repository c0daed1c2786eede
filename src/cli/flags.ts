// Command-line flags made from the option schema, and read back as plain values by option name.

import { type Command, Option as Flag } from 'commander'
import { flagOf, type Option, type OptionName, optionNames, optionOf } from '../config/schema.ts'

export type Flags = Partial<Record<OptionName, unknown>>

/** Adds a flag for each of these options (all by default); `app` is the argument instead. */
export function addSettingFlags(
  command: Command,
  names: readonly OptionName[] = optionNames('command')
): void {
  command.addOption(
    new Flag('--config <FILE>', 'The configuration file. (default: wasgi.toml, or pyproject.toml)')
  )
  for (const name of names) {
    if (name !== 'app') for (const flag of flagsFor(name)) command.addOption(flag)
  }
}

/** What was given, by option name. Commander's attribute names are the option names. */
export function readFlags(command: Command, target: string | undefined): Flags {
  const given = command.opts<Flags>()
  const flags: Flags = { app: target }
  for (const name of optionNames('command')) {
    if (name !== 'app') flags[name] = given[name] ?? aliased(command, name)
  }
  return flags
}

/** What an alias of the flag says: `--lazy` is true, `--eager` is false. */
function aliased(command: Command, name: OptionName): boolean | undefined {
  const { aliases } = optionOf(name)
  if (aliases === undefined) return undefined
  const given = command.opts<Record<string, true | undefined>>()
  if (given[aliases.on.slice(2)] === true) return true
  return given[aliases.off.slice(2)] === true ? false : undefined
}

/** The file named with --config. */
export function readConfigFlag(command: Command): string | undefined {
  return command.opts<{ config?: string }>().config
}

function flagsFor(name: OptionName): Flag[] {
  const option = optionOf(name)
  const text = describe(option)
  if (option.kind === 'flag') {
    const off = new Flag(flagOf(name).replace('--', '--no-')).hideHelp()
    const { aliases } = option
    // Commander keeps one attribute for each flag; readFlags puts those of aliases where they belong.
    const short = aliases === undefined ? [] : [new Flag(aliases.on), new Flag(aliases.off)]
    const shown =
      aliases === undefined ? text : `${text} Also ${aliases.on}; ${aliases.off} is the opposite.`
    for (const alias of short) alias.hideHelp()
    return [new Flag(flagOf(name), shown).helpGroup(heading(option)), off, ...short]
  }
  const flag = new Flag(`${flagOf(name)} <${option.placeholder}>`, text).helpGroup(heading(option))
  if (option.kind === 'paths' || option.kind === 'texts' || option.kind === 'table') {
    flag.argParser<string[]>((value, before) => [...(before ?? []), value])
  }
  return [flag]
}

function describe(option: Option): string {
  const notes: string[] = []
  if (option.schema.enum !== undefined) notes.push(`one of ${option.schema.enum.join(', ')}`)
  const shown = option.computed ?? option.default
  if (shown !== undefined && shown !== '' && shown !== false) notes.push(`default: ${shown}`)
  return notes.length === 0 ? option.text : `${option.text} (${notes.join('; ')})`
}

function heading(option: Option): string {
  return `${option.heading}:`
}
