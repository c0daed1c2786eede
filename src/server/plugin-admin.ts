// `adminPath` of the plugin: live, ready and metrics on the host program's own server.
import type { FastifyInstance } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { beginAdmin } from './admin.ts'
import type { Mounted } from './mounted.ts'

/**
 * Adds routes below `adminPath`, which is below the prefix of `instance` and has its hooks. There is one
 * account of all that is mounted, for whoever asks; it counts requests of what is mounted from the first
 * time on that somebody did.
 */
export async function offerAdmin(
  instance: FastifyInstance,
  mounted: Mounted,
  { adminPath }: Settings
): Promise<void> {
  if (adminPath === '') return
  const applications = (): Mounted['applications'] => mounted.applications
  const sources = { applications, log: instance.log }
  mounted.admin ??= await beginAdmin({ admin: '', adminPath }, sources)
  const { admin } = mounted
  if (admin === undefined) return
  mounted.metrics = admin.metrics
  // Registrations may share their options.
  const path = `${instance.prefix}${adminPath}`
  if (mounted.adminPaths.has(path)) return
  mounted.adminPaths.add(path)
  admin.addRoutes(instance, adminPath)
  instance.addHook('onReady', async () => admin.health.serving())
  instance.addHook('preClose', async () => admin.health.draining())
}
