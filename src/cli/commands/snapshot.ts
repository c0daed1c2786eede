// `wasgi snapshot build | list | inspect | verify | prune`: what was asked for goes to standard
// output, everything else to standard error.

import type { Command } from 'commander'
import { type Pool, poolsOf, serverSite } from '../../config/application-group.ts'
import type { OptionName } from '../../config/schema.ts'
import {
  type CommandLine,
  settingsFromCommandLine,
  someSettingsFromCommandLine
} from '../../config/settings.ts'
import { EXIT, WasgiError } from '../../errors.ts'
import { addSettingFlags, readConfigFlag, readFlags } from '../flags.ts'
import { exitCodeOf } from '../report.ts'
import {
  builtText,
  inspectionText,
  listText,
  prunedText,
  refusalText,
  verdictText
} from '../snapshot-report.ts'
import type { Actions, ApplicationInspection, StorePlace, Surroundings } from '../surroundings.ts'

const PLACE = ['snapshotDir', 'snapshotLimit'] as const satisfies readonly OptionName[]

/** A word that is no key but looks like one can be written as ./word. */
const KEY = /^[0-9a-f]{8,64}$/
const KEY_PREFIX = /^[0-9a-f]{1,64}$/

const TARGET = 'app.py, app.py:callable, package.module:callable, or a folder'

const BUILD_EXAMPLES = `
Takes the same options as serve; a server with these options then starts from what is stored.

Examples:
  wasgi snapshot build app.py
  wasgi snapshot build shop.wsgi:application --warmup 'GET /' --snapshot-env STAGE --env STAGE=test
  wasgi snapshot build app.py --if-missing --snapshot-dir /srv/snapshots
`

const INSPECT_EXAMPLES = `
A KEY is the first 8 digits or more of one that "wasgi snapshot list" shows. A TARGET is captured
with the options that serve would be given, and nothing is stored.

Examples:
  wasgi snapshot inspect app.py
  wasgi snapshot inspect 3f2a9c1b7d40 --all
  wasgi snapshot inspect app.py --json
`

interface Context {
  readonly surroundings: Surroundings
  readonly actions: Actions['snapshots']
  readonly finish: (code: number) => void
}

/** Adds the commands to the program. `finish` takes the exit code. */
export function addSnapshot(
  program: Command,
  surroundings: Surroundings,
  actions: Actions['snapshots'],
  finish: (code: number) => void
): void {
  const group = program
    .command('snapshot')
    .summary('make, look at and remove stored snapshots of applications')
    .description(
      'Makes, looks at and removes the snapshots that interpreters are restored from. See docs/guides/snapshots.md.'
    )
  const context = { surroundings, actions, finish }
  addBuild(group, context)
  addList(group, context)
  addInspect(group, context)
  addVerify(group, context)
  addPrune(group, context)
}

function addBuild(group: Command, { surroundings, actions, finish }: Context): void {
  const command = group
    .command('build')
    .summary('make and store the snapshot that serve restores')
    .description('Makes the snapshot that serve would restore, stores it, and prints one line.')
    .argument('[TARGET]', TARGET)
    .option('--if-missing', 'Leaves a stored one alone that may still be restored.')
  addSettingFlags(command)
  command.addHelpText('after', BUILD_EXAMPLES).action(async (target: string | undefined) => {
    const pools = poolsFor(lineOf(command, surroundings, target))
    const { ifMissing = false } = command.opts<{ ifMissing?: boolean }>()
    const { build } = await actions()
    for (const pool of pools) surroundings.out(builtText(await build(pool, ifMissing)))
    finish(EXIT.ok)
  })
}

function addList(group: Command, { surroundings, actions, finish }: Context): void {
  const command = group
    .command('list')
    .summary('list the stored snapshots')
    .description('Lists the stored snapshots, the most recently used first. Reads headers only.')
    .option('--json', 'Prints one JSON array.')
  addSettingFlags(command, PLACE)
  command.action(async () => {
    const { out, err } = surroundings
    const found = await (await actions()).list(placeOf(command, surroundings))
    if (isJson(command)) out(jsonText(found))
    else if (found.length === 0) err('No snapshots are stored.\n')
    else out(listText(found))
    finish(EXIT.ok)
  })
}

function addInspect(group: Command, { surroundings, actions, finish }: Context): void {
  const command = group
    .command('inspect')
    .summary('tell what is in a snapshot, or why there can be none')
    .description(
      'Tells what is in a stored snapshot, or what would be in one of an application; when it cannot be captured, every reason.'
    )
    .argument('[KEY | TARGET]', `a stored snapshot, or ${TARGET}`)
    .option('--all', 'Lists every module and every file of the host.')
    .option('--json', 'Prints one JSON object with everything.')
  addSettingFlags(command)
  command.addHelpText('after', INSPECT_EXAMPLES).action(async (subject: string | undefined) => {
    const { inspectStored, inspectApplication } = await actions()
    const { all = false } = command.opts<{ all?: boolean }>()
    const print = (inspection: ApplicationInspection): void => {
      if (isJson(command)) surroundings.out(jsonText(inspection))
      else if (inspection.kind === 'refused') surroundings.out(refusalText(inspection))
      else surroundings.out(inspectionText(inspection, all))
    }
    if (subject !== undefined && KEY.test(subject)) {
      print(await inspectStored(placeOf(command, surroundings), subject))
    } else {
      const pools = poolsFor(lineOf(command, surroundings, subject))
      for (const pool of pools) print(await inspectApplication(pool))
    }
    finish(EXIT.ok)
  })
}

function addVerify(group: Command, { surroundings, actions, finish }: Context): void {
  const command = group
    .command('verify')
    .summary('check stored snapshots in full')
    .description(
      'Checks stored snapshots as a server would before it restores one, and prints a line for each. Removes nothing. Fails unless all are valid.'
    )
    .argument('[KEY...]', 'which (by default all), as "wasgi snapshot list" shows them')
  addSettingFlags(command, PLACE)
  command.action(async (keys: string[]) => {
    const { out, err } = surroundings
    for (const key of keys) assertKey(key)
    const verdicts = await (await actions()).verify(placeOf(command, surroundings), keys)
    if (verdicts.length === 0) err('No snapshots are stored.\n')
    for (const verdict of verdicts) out(verdictText(verdict))
    const state = verdicts.find((verdict) => verdict.state !== 'ok')?.state ?? 'ok'
    finish(state === 'ok' ? EXIT.ok : exitCodeOf(state))
  })
}

function addPrune(group: Command, { surroundings, actions, finish }: Context): void {
  const command = group
    .command('prune')
    .summary('remove stored snapshots that no server would restore')
    .description(
      'Removes snapshots that are damaged, out of date or not to be trusted, then the least recently used ones beyond snapshot_limit. Prints a line for each, and the sum.'
    )
    .option('--all', 'Removes every snapshot.')
  addSettingFlags(command, PLACE)
  command.action(async () => {
    const { all = false } = command.opts<{ all?: boolean }>()
    surroundings.out(prunedText(await (await actions()).prune(placeOf(command, surroundings), all)))
    finish(EXIT.ok)
  })
}

/** What there is a snapshot of each. */
function poolsFor(line: CommandLine): readonly Pool[] {
  const server = settingsFromCommandLine(line)
  return poolsOf(server, serverSite(server.settings))
}

function lineOf(
  command: Command,
  { variables, folder }: Surroundings,
  target?: string
): CommandLine {
  const configFile = readConfigFlag(command)
  return { flags: readFlags(command, target), configFile, variables, folder }
}

function placeOf(command: Command, surroundings: Surroundings): StorePlace {
  return someSettingsFromCommandLine(lineOf(command, surroundings), PLACE)
}

function assertKey(text: string): void {
  if (KEY_PREFIX.test(text)) return
  throw new WasgiError('WASGI_ERR_USAGE', [`"${text}" is no KEY as "wasgi snapshot list" shows it`])
}

function isJson(command: Command): boolean {
  return command.opts<{ json?: boolean }>().json === true
}

function jsonText(value: unknown): string {
  // What JSON lets stand, but a terminal obeys.
  const escaped = (control: string): string => `\\u00${control.charCodeAt(0).toString(16)}`
  return `${JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, escaped)}\n`
}
