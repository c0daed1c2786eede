// Makes an input that fails smaller, and writes it down so that it can be pasted into a test.

const TRIES = 120
const LIMIT_MS = 60_000

/** Leaves out halves, quarters, eighths … as long as what is left fails. */
export async function halve(
  bytes: Buffer,
  fails: (bytes: Buffer) => Promise<boolean>
): Promise<Buffer> {
  let smallest = bytes
  const startedAt = performance.now()
  const goesOn = (): boolean => performance.now() - startedAt < LIMIT_MS && tries < TRIES
  let tries = 0
  for (let step = Math.ceil(bytes.length / 2); step >= 1; step = Math.floor(step / 2)) {
    for (let at = 0; at < smallest.length && goesOn(); ) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + step)])
      tries++
      if (without.length > 0 && (await fails(without))) smallest = without
      else at += step
    }
  }
  return smallest
}

/** As a JavaScript string, one character a byte. */
export function literal(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (found) => `\\x${found.charCodeAt(0).toString(16)}`
  )
}
