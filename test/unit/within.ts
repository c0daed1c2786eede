// A time limit for asynchronous tests: uvu has none, and a promise that never settles would end
// the process with success. The limit only bounds a hang; no test may be near it.
import { AsyncLocalStorage } from 'node:async_hooks'

type Body<Context> = (context: Context) => Promise<void>

/** How long a body that is out of time may take to fail by itself, and to close what it has opened. */
const GRACE_MS = 10_000

const limits = new AsyncLocalStorage<AbortSignal>()

/** Is aborted when the test that runs is out of time: who waits in it can say then what for. */
export function outOfTime(): AbortSignal | undefined {
  return limits.getStore()
}

/** Wraps the body of a test so that it fails when it has not settled after `ms` milliseconds. */
export function within<Context>(ms: number, body: Body<Context>): Body<Context> {
  return async (context) => {
    const late = Promise.withResolvers<never>()
    const limit = new AbortController()
    const error = new Error(`not done within ${ms} ms`)
    let grace: NodeJS.Timeout | undefined
    const timer = setTimeout(() => {
      grace = setTimeout(() => late.reject(error), GRACE_MS)
      limit.abort(error)
    }, ms)
    try {
      await Promise.race([limits.run(limit.signal, () => body(context)), late.promise])
      limit.signal.throwIfAborted()
    } finally {
      clearTimeout(timer)
      clearTimeout(grace)
    }
  }
}
