// `wasgi serve` for programs: a server of its own, from the object that wasgi.toml is otherwise read to.
import type { RunningServer } from '../cli/surroundings.ts'
import { settingsFromProgram, type WasgiServerOptions } from '../config/settings.ts'
import { startServer } from './server.ts'

/**
 * Starts a server with these options, which are those of wasgi.toml; keys may be written as there.
 * Neither files nor variables are read. Resolves when it listens and every worker is ready; rejects
 * with a WasgiError when an option is refused or an application cannot be loaded.
 */
export async function serve(options: WasgiServerOptions): Promise<RunningServer> {
  return startServer(settingsFromProgram(options))
}
