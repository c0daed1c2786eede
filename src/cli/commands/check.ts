// `wasgi check TARGET`: everything that serve does, except to listen.

import type { Command } from 'commander'
import { settingsFromCommandLine } from '../../config/settings.ts'
import { EXIT } from '../../errors.ts'
import { addSettingFlags, readConfigFlag, readFlags } from '../flags.ts'
import type { Actions, Surroundings } from '../surroundings.ts'

const EXAMPLES = `
Takes the same options as serve, so that a working command line can be checked as it is.

Examples:
  wasgi check app.py
  wasgi check 'shop.web:create_app()' --env-file production.env && echo ready to deploy
`

/** Adds the command to the program. `finish` takes its exit code. */
export function addCheck(
  program: Command,
  surroundings: Surroundings,
  checkApplication: Actions['checkApplication'],
  finish: (code: number) => void
): void {
  const command = program
    .command('check')
    .summary('import an application and tell whether it can be served')
    .description('Does everything that serve does, except to listen, and prints one line.')
    .argument('[TARGET]', 'app.py, app.py:callable, package.module:callable, or a folder')
  addSettingFlags(command)
  command.addHelpText('after', EXAMPLES).action(async (target: string | undefined) => {
    const { variables, folder, out } = surroundings
    const flags = readFlags(command, target)
    const configFile = readConfigFlag(command)
    const resolved = settingsFromCommandLine({ flags, configFile, variables, folder })
    const { callable, pythonVersion, bootMs } = await checkApplication(resolved)
    out(
      `wasgi can serve ${callable} (Python ${pythonVersion}, ready in ${Math.round(bootMs)} ms)\n`
    )
    finish(EXIT.ok)
  })
}
