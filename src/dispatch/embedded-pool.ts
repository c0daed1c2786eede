// mod_wsgi's embedded mode: the pool's one "thread" is the main thread itself. The same loop, the same
// messages and the same table of requests as in a worker, so that nothing else needs to know.
import { MessageChannel } from 'node:worker_threads'
import type { GroupData } from '../wire/messages.ts'
import type { Ending } from './death.ts'
import type { Pool, PoolEvents } from './pool.ts'

/** The main thread's, as node:worker_threads numbers it. */
const MAIN_THREAD = 0

/** Whoever ends it has given a better reason. */
const GIVEN_UP: Ending = { kind: 'exit', reason: 'its interpreter was given up' }

export class EmbeddedPool implements Pool {
  readonly #data: GroupData
  readonly #events: PoolEvents
  #end: ((ending: Ending) => void) | undefined
  #closed = false
  /** There is one main thread. */
  readonly canGrow = false

  constructor(data: GroupData, events: PoolEvents) {
    this.#data = data
    this.#events = events
    void this.#begin()
  }

  grow(): void {}

  enlarge(): void {}

  /** Lets go of the interpreter. */
  async close(): Promise<void> {
    this.#closed = true
    this.#end?.({ kind: 'shutdown', reason: 'the server was closed' })
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
    const end = (ending: Ending): void => {
      if (over) return
      over = true
      loop.end()
      for (const reject of running) reject(new Error(ending.reason))
      this.#events.onExit(MAIN_THREAD, ending)
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
      hostBytes: async () => 0,
      // What it is running cannot be stopped; it only has no way back to any request.
      terminate: async () => setImmediate(end, GIVEN_UP)
    })
  }
}
