// A time limit for asynchronous tests: uvu has none, and a promise that never settles would end
// the process with success. The limit only bounds a hang; no test may be near it.

type Body<Context> = (context: Context) => Promise<void>

/** Wraps the body of a test so that it fails when it has not settled after `ms` milliseconds. */
export function within<Context>(ms: number, body: Body<Context>): Body<Context> {
  return async (context) => {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`not done within ${ms} ms`)), ms)
    try {
      await Promise.race([body(context), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
