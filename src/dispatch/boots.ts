// How an interpreter is made in a thread that has none: what it is made from, what it is told, and how long
// it may take. What follows from that, and what it says, is the crew's.
import { createLogBudget, LogBudget } from '../wire/log-budget.ts'
import type { Boot, FileGrant } from '../wire/messages.ts'
import type { BootTemplate, GroupWorker, Prepared, Report } from './worker.ts'

export interface BootOptions {
  readonly mode: 'embedded' | 'daemon'
  readonly startupTimeoutMs: number
  readonly boot: BootTemplate
}

export class Boots {
  readonly #options: BootOptions
  #template: BootTemplate
  #prepared: Prepared | undefined
  readonly #timers = new Map<GroupWorker, NodeJS.Timeout>()

  constructor(options: BootOptions) {
    this.#options = options
    this.#template = options.boot
  }

  get grants(): readonly FileGrant[] {
    return this.#template.grants
  }

  /** Whether it is known what interpreters are made from. */
  get arePossible(): boolean {
    return this.#prepared !== undefined
  }

  /** What is made from now on is made from that. */
  prepare(prepared: Prepared, template: BootTemplate): void {
    this.#prepared = prepared
    this.#template = template
  }

  /**
   * Makes the worker's interpreter, one of `several` or not. `onMessage` gets what it says, and what its
   * log may still take.
   */
  begin(
    worker: GroupWorker,
    several: boolean,
    onMessage: (message: Report, budget: LogBudget) => void
  ): void {
    const logBudget = createLogBudget()
    const budget = new LogBudget(logBudget)
    const { name, owner, gauges, signals, pulse } = worker
    const { mode, startupTimeoutMs } = this.#options
    const template = this.#template
    const multiprocess = template.multiprocess || several
    const own = { name, owner, logBudget, gauges, signals, multiprocess }
    // In embedded mode it is this thread's event loop, which has other things to do.
    const shared = mode === 'daemon' ? { pulse } : {}
    const boot = { kind: 'boot', ...template, ...this.#prepared, ...own, ...shared } as Boot
    worker.begin(boot, (message) => onMessage(message, budget))
    const late = (): void =>
      worker.terminate(
        'startup-timeout',
        `it was not ready within startup_timeout (${startupTimeoutMs} ms)`
      )
    this.#timers.set(worker, setTimeout(late, startupTimeoutMs))
  }

  /** The worker's interpreter is made, or never will be. False if none was being made. */
  end(worker: GroupWorker): boolean {
    clearTimeout(this.#timers.get(worker))
    return this.#timers.delete(worker)
  }

  /** Nobody is late any more. */
  stopWatching(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }
}
