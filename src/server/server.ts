// `wasgi serve` and `wasgi check` without their command line: a Fastify server of our own around the
// plugin.
import type { CheckResult, RunningServer } from '../cli/surroundings.ts'
import { type Pool, poolsOf, serverSite } from '../config/application-group.ts'
import { proxyRules } from '../config/proxies.ts'
import type { ResolvedServer } from '../config/settings.ts'
import { ProcessGroup } from '../dispatch/group.ts'
import { SharedLocks } from '../dispatch/shared-locks.ts'
import { accessLog } from '../telemetry/access-log.ts'
import { createLogger } from '../telemetry/logger.ts'
import { groupEvents } from './group-log.ts'
import { poolOptions } from './group-options.ts'
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

/** Loads each application in one worker and ends it again. */
export async function checkApplication(resolved: ResolvedServer): Promise<CheckResult> {
  // Not all that can be wrong is wrong with the application.
  tlsFiles(resolved)
  accessLine(resolved)
  for (const mount of resolved.mounts) proxyRules(mount.settings, mount.origins)
  const results: CheckResult[] = []
  for (const pool of poolsOf(resolved, serverSite(resolved.settings))) {
    results.push(await checkPool(pool))
  }
  return {
    callable: results.map(({ callable }) => callable).join(', '),
    pythonVersion: results[0]?.pythonVersion ?? '',
    bootMs: results.reduce((sum, { bootMs }) => sum + bootMs, 0)
  }
}

async function checkPool(pool: Pool): Promise<CheckResult> {
  const { options } = await poolOptions(pool, [])
  const { logLevel: level, logFormat: format } = pool.settings
  const events = groupEvents(createLogger({ level, format }))
  let callable = ''
  let bootMs = 0
  const group = await ProcessGroup.start(
    // What is asked is whether it can be imported, so it is.
    { ...options, workers: 1, lazy: false, snapshot: undefined },
    new SharedLocks(),
    {
      ...events,
      onReady: (_worker, ready) => {
        callable = ready.callable
        bootMs = ready.bootMs
      }
    }
  )
  await group.close(0)
  return { callable, pythonVersion: group.pythonVersion, bootMs }
}
