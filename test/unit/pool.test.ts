// The thread pool with real threads that are never told to boot an interpreter.
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { WorkerOptions } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type PoolThread, ThreadPool } from '../../src/dispatch/pool.ts'
import type { GroupData } from '../../src/wire/messages.ts'
import { requestTableBytes } from '../../src/wire/request-table.ts'
import { THREAD_OPTIONS } from '../../workers/realm.ts'
import { within } from './within.ts'

const test = suite('thread pool')

const DATA = {
  assets: {},
  requests: new SharedArrayBuffer(requestTableBytes(16)),
  locks: new SharedArrayBuffer(16)
} as unknown as GroupData

interface Watched {
  readonly pool: ThreadPool
  readonly live: Map<number, PoolThread>
  /** Threads that have thrown, whether they have ended yet or not. */
  readonly failed: Set<number>
  /** Why threads have ended before they greeted. */
  readonly stillborn: string[]
  /** Resolves once the condition holds; asked again whenever a thread comes or goes. */
  until(condition: () => boolean): Promise<void>
}

function watch(
  size: number,
  onThread: (thread: PoolThread) => void = () => {},
  greetTimeoutMs = 60_000
): Watched {
  const live = new Map<number, PoolThread>()
  const failed = new Set<number>()
  const stillborn: string[] = []
  const checks = new Set<() => void>()
  const changed = (): void => {
    for (const check of checks) check()
  }
  const pool = new ThreadPool(
    { size, greetTimeoutMs, hostBytesLimit: 2 ** 28, stackSize: 2 ** 23 },
    DATA,
    {
      onThread: (thread) => {
        live.set(thread.threadId, thread)
        onThread(thread)
        changed()
      },
      onFault: (threadId) => {
        failed.add(threadId)
        changed()
      },
      onExit: (threadId) => {
        live.delete(threadId)
        changed()
      },
      onStillborn: (reason) => {
        stillborn.push(reason)
        changed()
      }
    }
  )
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return
        checks.delete(check)
        resolve()
      }
      checks.add(check)
      check()
    })
  return { pool, live, failed, stillborn, until }
}

test(
  'every thread of the pool is greeted once',
  within(30_000, async () => {
    const { pool, live, until } = watch(2)

    await until(() => live.size === 2)

    assert.is(new Set(live.keys()).size, 2)
    await pool.close()
  })
)

test(
  'every thread is told not to check what a guest may have put on a promise',
  within(30_000, async () => {
    // What Piscina takes its threads from. test/realm/walls-thread.test.ts shows what the option is for.
    const threads = createRequire(import.meta.url)('node:worker_threads')
    const { Worker } = threads
    const given: unknown[] = []
    threads.Worker = class extends Worker {
      constructor(file: string, options: WorkerOptions) {
        super(file, options)
        given.push(options.execArgv)
      }
    }
    const { pool, live, until } = watch(2)
    threads.Worker = Worker

    await until(() => live.size === 2)
    await pool.close()

    assert.equal(given, [[...THREAD_OPTIONS], [...THREAD_OPTIONS]])
  })
)

test(
  'a thread that ended is replaced',
  within(30_000, async () => {
    const { pool, live, until } = watch(1)
    await until(() => live.size === 1)
    const [first] = [...live.keys()]

    await live.get(first ?? 0)?.terminate()
    await until(() => live.size === 1 && !live.has(first ?? 0))

    assert.is(live.size, 1)
    await pool.close()
  })
)

test(
  'a pool that lost threads while they booted is brought back to strength',
  within(60_000, async () => {
    let kills = 6
    const { pool, live, until } = watch(2, (thread) => {
      // It has greeted us, but Piscina does not count it as ready yet.
      if (kills-- > 0) void thread.terminate()
    })

    await until(() => kills <= 0 && live.size === 2)

    assert.is(live.size, 2)
    await pool.close()
  })
)

/** Has the pool make threads that are told to end as soon as they begin, `count` of them. */
async function endingAtBirth(count: number, act: () => Promise<void>): Promise<void> {
  const threads = createRequire(import.meta.url)('node:worker_threads')
  const { Worker } = threads
  let left = count
  threads.Worker = class extends Worker {
    constructor(file: string, options: WorkerOptions) {
      super(file, options)
      if (left-- > 0) void this.terminate()
    }
  }
  await act().finally(() => {
    threads.Worker = Worker
  })
}

test(
  'threads that end before they greet are told of, and replaced',
  within(60_000, async () => {
    await endingAtBirth(3, async () => {
      const { pool, live, stillborn, until } = watch(2)

      await until(() => stillborn.length === 3 && live.size === 2)

      assert.match(stillborn[0] ?? '', /^its thread exited with code \d before it began$/)
      await pool.close()
    })
  })
)

test(
  'a thread that never greets is ended, and told of',
  within(30_000, async () => {
    const { pool, stillborn, until } = watch(1, () => {}, 1)

    await until(() => stillborn.length > 0)

    assert.is(stillborn[0], 'its thread did not begin within startup_timeout (1 ms)')
    await pool.close()
  })
)

test(
  'a request for a thread without an interpreter is given back, not run',
  within(30_000, async () => {
    const { pool, live, until } = watch(1)
    await until(() => live.size === 1)
    const [thread] = [...live.values()]

    assert.ok(thread)
    const answered = once(thread.port, 'message')

    await thread.run([{ id: 1, slot: 3, head: '', body: null, application: 0 }])

    assert.equal(await answered, [{ kind: 'withdrawn', slot: 3 }])
    await pool.close()
  })
)

test(
  'a thread that has thrown takes no more tasks, even before it has ended',
  within(30_000, async () => {
    const { pool, live, failed, until } = watch(1)
    await until(() => live.size === 1)
    const [thread] = [...live.values()]
    assert.ok(thread)

    thread.port.postMessage({ kind: 'boot', logBudget: 1n }) // no budget is made of that
    await until(() => failed.has(thread.threadId))
    const ended = !live.has(thread.threadId)
    const answer = thread.run([{ id: 1, slot: 0, head: '', body: null, application: 0 }])
    const reason = await answer.catch((error: Error) => error.message)

    assert.is(ended, false)
    assert.is(reason, 'the thread has ended')
    await pool.close()
  })
)

test.run()
