// `wasgi serve` without its command line: a Fastify server of our own around the plugin.
import type { RunningServer } from '../cli/surroundings.ts'
import { serverSite } from '../config/application-group.ts'
import type { ResolvedServer } from '../config/settings.ts'
import { accessLog } from '../telemetry/access-log.ts'
import { openLogs } from './logs.ts'
import { beginApplications } from './mounted.ts'
import { accessLine, loggerOf, observe, reopenLogs } from './observation.ts'
import { changeWorkers, dumpState } from './operations.ts'
import { tlsFiles } from './tls.ts'

/**
 * Starts a server and resolves when it listens and every worker is ready.
 * Rejects with a WasgiError when the application cannot be loaded or the address is not to be had.
 */
export async function startServer(resolved: ResolvedServer): Promise<RunningServer> {
  const { settings } = resolved
  const tls = tlsFiles(resolved)
  const line = accessLine(resolved)
  const logs = openLogs(resolved)
  const logger = loggerOf(settings, logs.log)
  const { mounted, admin } = await observe(resolved, logger)
  try {
    const begun = await beginApplications(resolved, serverSite(settings), mounted, logger)
    // Loading Fastify takes as long as the snapshot is read and decompressed, in other threads.
    const [{ createHttpServer }, { attach }] = await Promise.all([
      import('./http-server.ts'),
      import('./plugin.ts')
    ])
    const server = createHttpServer(settings, tls, logger)
    const { app } = server
    if (settings.adminPath !== '') admin?.answerOn(app, settings.adminPath)
    if (line !== 'off') accessLog(app, line, logs.access)
    // Each group ends what it has left after its own time.
    const all = resolved.mounts.flatMap((mount) => [mount, ...(mount.elsewhere ?? [])])
    const longest = Math.max(...all.map((mount) => mount.settings.shutdownTimeout))
    try {
      await app.register((scope) => attach(scope, mounted, begun))
      await app.ready()
      const url = await server.listen()
      admin?.health.serving()
      const close = async (): Promise<void> => {
        admin?.health.draining()
        await server.close(longest)
        await admin?.close()
      }
      return {
        url,
        close,
        reopenLogs: () => reopenLogs(logs, logger),
        reload: () => mounted.reload(),
        changeWorkers: (by) => changeWorkers(mounted.groups, by, logger),
        dumpState: () => dumpState(mounted.groups, logger)
      }
    } catch (error) {
      await app.close()
      throw error
    }
  } catch (error) {
    await admin?.close()
    throw error
  }
}
