// `wasgi serve TARGET`: one line on standard output once the server answers, and nothing else ever.

import type { Command } from 'commander'
import { type ResolvedServer, settingsFromCommandLine } from '../../config/settings.ts'
import { EXIT } from '../../errors.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { addSettingFlags, readConfigFlag, readFlags } from '../flags.ts'
import { listenForOrders } from '../orders.ts'
import { watchForStop } from '../stop.ts'
import type { Actions, Surroundings } from '../surroundings.ts'

/** What shells report for a process that Ctrl-C has ended: 128 + SIGINT. */
const EXIT_INTERRUPTED = 130

const EXAMPLES = `
Examples:
  wasgi serve app.py                          the callable "application", "app" or a factory in it
  wasgi serve shop/wsgi.py:application        a callable by name
  wasgi serve 'shop.web:create_app()'         what a factory of a module returns
  wasgi serve . --workers 2 --port 0          a folder with wsgi.py, app.py, main.py or a Django project
  wasgi serve app.py --data-dir data --env SECRET_KEY=s3cr3t
  wasgi serve app.py --host :: --mount /shop --access-log json
`

/** Adds the command to the program. `finish` takes its exit code. */
export function addServe(
  program: Command,
  surroundings: Surroundings,
  startServer: Actions['startServer'],
  finish: (code: number) => void
): void {
  const command = program
    .command('serve')
    .summary('serve an application over HTTP')
    .description('Serves a Python WSGI application over HTTP, from interpreters in worker threads.')
    .argument('[TARGET]', 'app.py, app.py:callable, package.module:callable, or a folder')
  addSettingFlags(command)
  command.addHelpText('after', EXAMPLES).action(async (target: string | undefined) => {
    const { variables, folder } = surroundings
    const flags = readFlags(command, target)
    const configFile = readConfigFlag(command)
    const resolved = settingsFromCommandLine({ flags, configFile, variables, folder })
    finish(await serve(resolved, surroundings, startServer))
  })
}

/** Serves until a signal ends it; returns the exit code. */
export async function serve(
  resolved: ResolvedServer,
  surroundings: Pick<Surroundings, 'out' | 'signals' | 'now' | 'hungUp'>,
  startServer: Actions['startServer']
): Promise<number> {
  const { logLevel: level, logFormat: format } = resolved.settings
  const stop = watchForStop(surroundings)
  const orders = listenForOrders(surroundings)
  const quit = stop.quit.then(() => EXIT.ok)
  try {
    const server = await Promise.race([startServer(resolved), stop.drain, stop.quit])
    if (server === undefined) return EXIT.ok // asked to stop before there was anything to drain
    surroundings.out(`wasgi ready on ${server.url}\n`)
    orders.begin(server)
    const quits = await Promise.race([stop.drain, quit])
    if (quits !== undefined) return quits
    orders.end()
    createLogger({ level, format }).info('draining; press Ctrl-C again to exit at once')
    const drained = server.close().then(() => EXIT.ok)
    return await Promise.race([quit, drained, stop.exit.then(() => EXIT_INTERRUPTED)])
  } finally {
    orders.release()
    stop.release()
  }
}
