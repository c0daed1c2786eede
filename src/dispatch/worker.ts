// One worker of a process group: a thread with its interpreter, seen from the main thread.
// Its life: booting, ready, retiring (takes nothing new), dead.
import { receiveMessageOnPort } from 'node:worker_threads'
import type { ApplicationSpec, Boot, FromWorker, TaskResult, ToWorker } from '../wire/messages.ts'
import type { Exchange } from './exchange.ts'
import type { PoolThread } from './pool.ts'

export type WorkerState = 'booting' | 'ready' | 'retiring' | 'dead'

export class GroupWorker {
  /** `group/number`; the number is taken over by the worker that replaces this one. */
  readonly name: string
  readonly number: number
  /** Its identity in the lock table; never reused. */
  readonly owner: number
  readonly thread: PoolThread
  /** Requests handed to it and not yet answered, oldest first. */
  readonly exchanges: Map<number, Exchange> = new Map()
  state: WorkerState = 'booting'
  served = 0
  /** Rows of the request table it holds: for `exchanges`, and for what was taken back from it since. */
  rows = 0
  /** Why it is being terminated, when we do it. */
  deathReason: string | undefined
  #onMessage: ((message: FromWorker) => void) | undefined

  constructor(name: string, number: number, owner: number, thread: PoolThread) {
    this.name = name
    this.number = number
    this.owner = owner
    this.thread = thread
  }

  boot(message: Boot, onMessage: (message: FromWorker) => void): void {
    this.#onMessage = onMessage
    this.thread.port.on('message', onMessage)
    this.thread.port.unref()
    this.send(message)
  }

  send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.thread.port.postMessage(message, transfer)
  }

  async run(exchange: Exchange, slot: number): Promise<TaskResult> {
    exchange.assign(this, slot)
    this.exchanges.set(exchange.id, exchange)
    const { head, body } = exchange.request
    try {
      const result = await this.thread.run({ id: exchange.id, slot, head, body })
      if (result.kind !== 'complete') this.#catchUp()
      return result
    } catch (error) {
      this.#catchUp()
      throw error
    }
  }

  /**
   * Results come through Piscina's port and everything else through the thread's own, so a result may
   * overtake chunks that were posted before it. They are in the queue by then, and are taken first.
   */
  #catchUp(): void {
    const onMessage = this.#onMessage
    if (onMessage === undefined) return
    for (;;) {
      const next = receiveMessageOnPort(this.thread.port)
      if (next === undefined) return
      onMessage(next.message as FromWorker)
    }
  }

  /** Ends the thread at once. Its exit is announced by the pool. */
  terminate(reason: string): void {
    this.state = 'dead'
    this.deathReason ??= reason
    void this.thread.terminate()
  }
}

/** What every worker of a group is booted with. */
export type BootTemplate = Omit<Boot, 'kind' | 'name' | 'owner' | 'logBudget'> & {
  readonly application: ApplicationSpec
}
