// `wasgi config show [TARGET]`: what counts, and where each value is from. Starts nothing.

import type { Command } from 'commander'
import { configurationFromCommandLine } from '../../config/settings.ts'
import { EXIT } from '../../errors.ts'
import { configReport, configText } from '../config-report.ts'
import { addSettingFlags, readConfigFlag, readFlags } from '../flags.ts'
import type { Surroundings } from '../surroundings.ts'

const EXAMPLES = `
Prints a wasgi.toml that does the same as the given flags, the WASGI_* variables and the configuration file
together. Tables of groups and mounts have what is not as at the top level. Values of env are not printed
unless --show-env asks for them.

Examples:
  wasgi config show                         the configuration file of this folder, and all defaults
  wasgi config show app.py --workers 2      as serve would have it with the same arguments
  wasgi config show --json                  every value of every group and mount, for machines
`

/** Adds the commands to the program. `finish` takes the exit code. */
export function addConfig(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void
): void {
  const group = program
    .command('config')
    .summary('show the effective configuration')
    .description('Shows what the configuration comes to. See docs/reference/options.md.')
  const command = group
    .command('show')
    .summary('print each value that counts, and where it is from')
    .description(
      'Prints each value that counts, and where it is from: a default, a line, a variable, a flag.'
    )
    .argument('[TARGET]', 'app.py, app.py:callable, package.module:callable, or a folder')
    .option('--json', 'Prints one JSON object.')
    .option('--show-env', 'Prints the values of env, which may be secret, too.')
  addSettingFlags(command)
  command.addHelpText('after', EXAMPLES).action((target: string | undefined) => {
    const { variables, folder, out } = surroundings
    const flags = readFlags(command, target)
    const configFile = readConfigFlag(command)
    const server = configurationFromCommandLine({ flags, configFile, variables, folder })
    const { json = false, showEnv = false } = command.opts<{ json?: boolean; showEnv?: boolean }>()
    const report = configReport(server, showEnv)
    out(json ? `${JSON.stringify(report, null, 2)}\n` : configText(report))
    finish(EXIT.ok)
  })
}
