// Places that a dispatch script may choose, without interpreters.
import type { RequestGroup } from '../../src/dispatch/group.ts'
import type { Destination, Routes } from '../../src/server/hooks/routes.ts'

export function place(
  configured: string,
  applicationGroup = '',
  processGroup: string = configured
): Destination {
  const group = {} as RequestGroup
  return { group, application: 0, configured, applicationGroup, processGroup }
}

export function routes(own: Destination, others: readonly Destination[] = []): Routes {
  return { own, others, site: { server: 'example.org', prefix: '/py' }, mount: '/shop' }
}
