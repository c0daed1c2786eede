// Byte ranges of POSIX record locks: the arithmetic, with no memory and no threads in it.

/** Bytes from `start` up to, not including, `end` (Infinity: to the end of the file, wherever). */
export interface LockRange {
  readonly start: number
  readonly end: number
  readonly exclusive: boolean
}

/**
 * The ranges one owner holds on a file after it locked or unlocked `change`. The newest call wins
 * byte for byte (fcntl(2)), so older ranges are cut, split or replaced; neighbours of one kind join.
 */
export function withRange(
  held: readonly LockRange[],
  change: LockRange,
  unlock: boolean
): LockRange[] {
  const pieces: LockRange[] = unlock ? [] : [change]
  for (const range of held) {
    if (range.start < change.start) {
      pieces.push({ ...range, end: Math.min(range.end, change.start) })
    }
    if (range.end > change.end) {
      pieces.push({ ...range, start: Math.max(range.start, change.end) })
    }
  }
  return joined(pieces)
}

/** Whether two owners cannot hold these at once. */
export function rangesConflict(one: LockRange, other: LockRange): boolean {
  if (!one.exclusive && !other.exclusive) return false
  return one.start < other.end && other.start < one.end
}

function joined(pieces: LockRange[]): LockRange[] {
  pieces.sort((one, other) => one.start - other.start)
  const result: LockRange[] = []
  for (const piece of pieces) {
    const last = result.at(-1)
    if (last !== undefined && last.end === piece.start && last.exclusive === piece.exclusive) {
      result[result.length - 1] = { ...last, end: piece.end }
    } else {
      result.push(piece)
    }
  }
  return result
}
