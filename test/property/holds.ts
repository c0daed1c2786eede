// Runs a property, and when it does not hold says all that is needed to see why: the smallest case
// that was found, the seed, and what was expected of it.
import fc from 'fast-check'

const SEED = Number(process.env.WASGI_PROPERTY_SEED ?? 3333)

/** Rejects when a case fails. The cases are the same each time, unless WASGI_PROPERTY_SEED is set. */
export async function holds<Cases extends [unknown, ...unknown[]]>(
  property: fc.IAsyncProperty<Cases>,
  numRuns: number
): Promise<void> {
  const outcome = await fc.check(property, { seed: SEED, numRuns })
  if (!outcome.failed) return
  const { errorInstance: error } = outcome
  const { message, details } = error as { message?: string; details?: string }
  const report = fc.defaultReportMessage(outcome) ?? ''
  throw new Error(`${report}\n\n${message ?? error}${details ? `\n${details}` : ''}`, {
    cause: error
  })
}
