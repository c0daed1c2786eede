// mod_wsgi's embedded mode: the pool's one "thread" is the main thread itself. The same loop, the same
// messages and the same table of requests as in a worker, so that nothing else needs to know.
import { MessageChannel } from 'node:worker_threads'
import type { GroupData } from '../wire/messages.ts'
import type { Pool, PoolEvents } from './pool.ts'

/** The main thread's, as node:worker_threads numbers it. */
const MAIN_THREAD = 0

export class EmbeddedPool implements Pool {
  readonly #data: GroupData
  readonly #events: PoolEvents
  #end: ((reason: string) => void) | undefined
  #closed = false

  constructor(data: GroupData, events: PoolEvents) {
    this.#data = data
    this.#events = events
    void this.#begin()
  }

  /** Lets go of the interpreter. */
  async close(): Promise<void> {
    this.#closed = true
    this.#end?.('the server was closed')
  }

  async #begin(): Promise<void> {
    // Loaded here, so that a server without an embedded interpreter never loads it.
    const [{ RequestLoop }, { surviveStrayRejections }] = await Promise.all([
      import('../../workers/request-loop.ts'),
      import('../../workers/stray-errors.ts')
    ])
    if (this.#closed) return
    surviveStrayRejections()
    const { port1, port2 } = new MessageChannel()
    const loop = new RequestLoop(this.#data, port1)
    // The server's sockets keep the process alive, as with workers.
    port1.unref()
    const running = new Set<(reason: Error) => void>()
    let over = false
    const end = (reason: string): void => {
      if (over) return
      over = true
      loop.end()
      for (const reject of running) reject(new Error(reason))
      this.#events.onExit(MAIN_THREAD, reason)
      if (!this.#closed) void this.#begin()
    }
    this.#end = end
    this.#events.onThread({
      threadId: MAIN_THREAD,
      port: port2,
      run: (batch) =>
        new Promise((resolve, reject) => {
          if (over) reject(new Error('its interpreter was given up'))
          running.add(reject)
          const settled = (): unknown => running.delete(reject)
          loop.run(batch).then(resolve, reject).finally(settled)
        }),
      // What it is running cannot be stopped; it only has no way back to any request.
      terminate: async () => setImmediate(end, 'its interpreter was given up')
    })
  }
}
