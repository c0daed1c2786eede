// Whether this server lives and is ready, as `/-/wasgi/live` and `/-/wasgi/ready` tell it. It says which
// group is not and the code of the error, and nothing more: no message, no traceback.
import type { GroupCondition } from '../dispatch/group.ts'

/** One or more process groups, such as an application has. */
export interface Conditioned {
  conditions(): readonly GroupCondition[]
}

export interface Readiness {
  readonly status: 'ready' | 'unready' | 'starting' | 'draining'
  readonly groups: ReadonlyArray<{
    readonly group: string
    readonly ready: boolean
    /** Why its application could not start. */
    readonly code?: string
  }>
}

export class Health {
  #state: 'starting' | 'serving' | 'draining' = 'starting'
  readonly #applications: () => readonly Conditioned[]

  constructor(applications: () => readonly Conditioned[]) {
    this.#applications = applications
  }

  /** The public listener is open. */
  serving(): void {
    if (this.#state === 'starting') this.#state = 'serving'
  }

  /** Requests in progress are finished; load balancers should send no more. */
  draining(): void {
    this.#state = 'draining'
  }

  readiness(): Readiness {
    const known = new Map<string, Readiness['groups'][number]>()
    for (const { group, ready, code } of this.#applications().flatMap((a) => a.conditions())) {
      known.set(group, { group, ready, ...(ready || code === undefined ? {} : { code }) })
    }
    const groups = [...known.values()]
    if (this.#state !== 'serving') return { status: this.#state, groups }
    return { status: groups.every(({ ready }) => ready) ? 'ready' : 'unready', groups }
  }
}
