// How long a request waits for new code while there is old code that can answer it. An import may
// take for ever, and what was loaded last is to go on serving.

/** Longer than nearly any application takes to be imported. */
export const PATIENCE_MS = 10_000

/** Settles as `work` does, or resolves after `limitMs`. */
export async function patiently(work: Promise<void>, limitMs: number = PATIENCE_MS): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, limitMs)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
