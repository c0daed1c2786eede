// `wasgi check` without its command line: everything that serve does, except to listen.
import type { CheckResult } from '../cli/surroundings.ts'
import { type Pool, poolsOf, serverSite } from '../config/application-group.ts'
import { proxyRules } from '../config/proxies.ts'
import type { ResolvedServer } from '../config/settings.ts'
import { type GroupEvents, ProcessGroup } from '../dispatch/group.ts'
import { SharedLocks } from '../dispatch/shared-locks.ts'
import { createLogger } from '../telemetry/logger.ts'
import { groupEvents } from './group-log.ts'
import { poolOptions } from './group-options.ts'
import { Hooks, hooksKey, hooksName } from './hooks/hooks.ts'
import { accessLine } from './observation.ts'
import { tlsFiles } from './tls.ts'

/**
 * Loads each application in one worker, and the scripts of its hooks, and ends them again. Rejects with
 * the WasgiError of the first that cannot be.
 */
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
  await checkHooks(pool, options.name, events)
  return { callable, pythonVersion: group.pythonVersion, bootMs }
}

async function checkHooks({ mounts }: Pool, group: string, events: GroupEvents): Promise<void> {
  const distinct = new Map(mounts.map((mount) => [hooksKey(mount.settings), mount]))
  let begun = 0
  for (const mount of distinct.values()) {
    const settings = { ...mount.settings, lazyInitialization: false, snapshot: false }
    const resolved = { ...mount, settings }
    const name = hooksName(group, begun + 1)
    const hooks = await Hooks.begin(resolved, name, new SharedLocks(), events)
    if (hooks !== undefined) begun++
    try {
      await hooks?.interpreter.group.started
    } finally {
      await hooks?.interpreter.group.close(0)
    }
  }
}
