// "Did you mean": the known name nearest to one that nobody knows.

import { distance } from 'fastest-levenshtein'

/** The nearest known name, or undefined when none is near enough to be a slip of the hand. */
export function nearest(unknown: string, known: Iterable<string>): string | undefined {
  const allowed = Math.max(2, Math.floor(unknown.length / 3))
  let best: string | undefined
  let least = allowed + 1
  for (const name of known) {
    const steps = distance(unknown, name)
    if (steps < least) {
      best = name
      least = steps
    }
  }
  return best
}

/** ` Did you mean "request_timeout"?`, or the empty text; made to end a message. */
export function didYouMean(unknown: string, known: Iterable<string>): string {
  const name = nearest(unknown, known)
  return name === undefined ? '' : ` Did you mean "${name}"?`
}
