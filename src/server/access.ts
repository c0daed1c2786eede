// mod_wsgi's WSGIAccessScript: before the application, `allow_access(environ, host)` of a script of
// the operator's decides about each request, in an interpreter of the main thread. Nothing but its
// own consent lets a request through.
import type { ResolvedSettings } from '../config/settings.ts'
import type { GatewayRequest } from '../dispatch/exchange.ts'
import { type GroupEvents, ProcessGroup } from '../dispatch/group.ts'
import type { SharedLocks } from '../dispatch/shared-locks.ts'
import { WasgiError } from '../errors.ts'
import { groupOptions } from './group-options.ts'

/** What hooks.py answers when the script has no objection. */
const ALLOWED = 204

export class AccessHook {
  readonly group: ProcessGroup

  private constructor(group: ProcessGroup) {
    this.group = group
  }

  /** Begins to start the interpreter, in a group called `name`; if `lazy_initialization` is on, nearly nothing. */
  static async begin(
    resolved: ResolvedSettings,
    script: string,
    name: string,
    locks: SharedLocks,
    events: GroupEvents
  ): Promise<AccessHook> {
    const { settings, origins } = resolved
    const embedded = { mode: 'embedded', isolation: 'worker', workers: 1, warmup: [] } as const
    const own = { app: script, root: undefined, accessScript: undefined, processGroup: name }
    const { options } = await groupOptions(
      { settings: { ...settings, ...embedded, ...own }, origins, base: resolved.base },
      []
    )
    const application = { ...options.boot.application, hook: 'access' as const }
    const group = ProcessGroup.begin(
      { ...options, boot: { ...options.boot, application, multiprocess: false } },
      locks,
      events
    )
    return new AccessHook(group)
  }

  /** Resolves if the request may pass; rejects with WASGI_ERR_ACCESS_DENIED, or whatever failed. */
  async check({ head, label }: Pick<GatewayRequest, 'head' | 'label'>): Promise<void> {
    const exchange = this.group.handle({ head, label, body: undefined, source: undefined })
    const { status } = await exchange.response
    if (status !== ALLOWED) throw new WasgiError('WASGI_ERR_ACCESS_DENIED', [label])
  }
}
