// Checks of parsed JSON whose writer is not trusted: each is a function from a value to whether it
// is of the shape. Strict: a field too many is as wrong as one that is missing.

export type Check = (value: unknown) => boolean

/** Any string. */
export const isText: Check = (value) => typeof value === 'string'

/** An integer from 0 that a double holds exactly: a count, an offset, a number of bytes. */
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0

/** So many lower-case hex digits. */
export function isHex(digits: number): Check {
  return (value) =>
    typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value)
}

/** One of these strings. */
export function isOneOf(...allowed: readonly string[]): Check {
  return (value) => typeof value === 'string' && allowed.includes(value)
}

/** An array of at most `limit` values that pass `check`. */
export function isListOf(check: Check, limit: number = Number.POSITIVE_INFINITY): Check {
  return (value) => Array.isArray(value) && value.length <= limit && value.every(check)
}

/** An object with these fields and no other. */
export function isShape(fields: Readonly<Record<string, Check>>): Check {
  const names = Object.entries(fields)
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const given = value as Record<string, unknown>
    return (
      Object.keys(given).length === names.length &&
      names.every(([name, check]) => Object.hasOwn(given, name) && check(given[name]))
    )
  }
}
