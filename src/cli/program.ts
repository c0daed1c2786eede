// The command line as a whole: which commands there are, and how one run ends. Never exits itself.

import { Command } from 'commander'
import { EXIT } from '../errors.ts'
import { docsFolder, versionLine } from '../package.ts'
import { addCheck } from './commands/check.ts'
import { addConfig } from './commands/config.ts'
import { addImportConfig } from './commands/import-config.ts'
import { addInstall } from './commands/install.ts'
import { addServe } from './commands/serve.ts'
import { addSnapshot } from './commands/snapshot.ts'
import { reportFailure } from './report.ts'
import type { Actions, Surroundings } from './surroundings.ts'

/** Runs one command line to its end and returns the exit code. */
export async function run(surroundings: Surroundings, actions: Actions): Promise<number> {
  let code: number = EXIT.ok
  const program = createProgram(surroundings, actions, (given) => {
    code = given
  })
  try {
    await program.parseAsync(surroundings.arguments, { from: 'user' })
    return code
  } catch (error) {
    return reportFailure(error, surroundings)
  }
}

function createProgram(
  surroundings: Surroundings,
  actions: Actions,
  finish: (code: number) => void
): Command {
  const program = new Command('wasgi')
    .description(
      'Serves Python WSGI applications from CPython in WebAssembly, in worker threads of Node.js.\n' +
        'No Python is needed on this machine, and an application sees only what it is given.'
    )
    .version(versionLine(), '-V, --version', 'Prints the version.')
    .helpOption('-h, --help', 'Prints this help.')
    .helpCommand('help [COMMAND]', 'print the help of a command')
    .addHelpText('after', generalHelp)
    .exitOverride()
    // Errors are printed by reportFailure, in the form that all errors of wasgi have.
    .configureOutput({
      writeOut: surroundings.out,
      writeErr: surroundings.err,
      outputError: () => {}
    })
  addServe(program, surroundings, actions.startServer, finish)
  addCheck(program, surroundings, actions.checkApplication, finish)
  addConfig(program, surroundings, finish)
  addImportConfig(program, surroundings, finish)
  addInstall(program, surroundings, actions.installPackages, finish)
  addSnapshot(program, surroundings, actions.snapshots, finish)
  return program
}

function generalHelp(): string {
  return `
Every option of serve, check, config and snapshot is also a key of wasgi.toml (or of [tool.wasgi] in pyproject.toml)
and a variable: --request-timeout is request_timeout there and WASGI_REQUEST_TIMEOUT in the
environment. Flags win over variables, variables over the file.

Examples:
  wasgi serve app.py             serve the WSGI application in app.py on http://127.0.0.1:8000
  wasgi check app.py             import it and say whether it can be served
  wasgi config show              what counts, and where each value is from
  wasgi import-config site.conf  make a wasgi.toml of an Apache configuration with mod_wsgi
  wasgi install flask            put Flask into python_modules, where serve finds it
  wasgi snapshot build app.py    make the snapshot that serve starts from
  wasgi snapshot inspect app.py  tell what is in it, or why there can be none
  wasgi snapshot list            what is stored; also: verify, prune
  wasgi help serve               all options

Documentation: ${docsFolder()}
`
}
