// The requests of one application that are in progress, for whoever wants to be told of them. It
// exists only where somebody does: a server without metrics and slow records has none.
import type { ServerResponse } from 'node:http'
import type { Exchange } from '../dispatch/exchange.ts'
import { monotonicMs } from '../wire/request-table.ts'

/** One request, from when its head had arrived until its response was out or its client was gone. */
export class Visit {
  /** Who is to answer: where it is mounted, until a dispatch script has chosen another one. */
  group: string
  readonly method: string
  /** As the client sent it, with the query. */
  readonly target: string
  /** On the clock of monotonicMs. */
  readonly since: number = monotonicMs()
  /** When it was given to the group. */
  queuedAt = 0
  #exchange: Exchange | undefined
  /** 499, as other servers have it, where the client left before there was a status. */
  status = 0

  constructor(group: string, method: string, target: string) {
    this.group = group
    this.method = method
    this.target = target
  }

  get exchange(): Exchange | undefined {
    return this.#exchange
  }

  /** The group has it. */
  queued(exchange: Exchange): void {
    this.#exchange = exchange
    this.queuedAt = monotonicMs()
  }
}

export interface VisitWatcher {
  begun?(visit: Visit): void
  /** Its group is another one than `before`. */
  moved?(visit: Visit, before: string): void
  /** `nowMs` is on the clock of monotonicMs. */
  ended(visit: Visit, nowMs: number): void
}

export class Visits {
  readonly #group: string
  readonly #watchers: readonly VisitWatcher[]

  constructor(group: string, watchers: readonly VisitWatcher[]) {
    this.#group = group
    this.#watchers = watchers
  }

  begin(method: string, target: string, response: ServerResponse): Visit {
    const visit = new Visit(this.#group, method, target)
    for (const watcher of this.#watchers) watcher.begun?.(visit)
    response.on('close', () => {
      visit.status = response.headersSent ? response.statusCode : 499
      const nowMs = monotonicMs()
      for (const watcher of this.#watchers) watcher.ended(visit, nowMs)
    })
    return visit
  }

  /** Another group is to answer, if it is another one. */
  move(visit: Visit, group: string): void {
    const before = visit.group
    if (group === before) return
    visit.group = group
    for (const watcher of this.#watchers) watcher.moved?.(visit, before)
  }
}
