// Durations and sizes as people write them, and back. Durations become milliseconds, sizes bytes.

/** Seconds as a number, or text with a unit: `500ms`, `2s`, `5m`, `1h`. */
export type Duration = number | string
/** Bytes as a number, or text with a binary unit: `64K`, `300M`, `2G`. */
export type Size = number | string

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
const BYTES = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const

/** Milliseconds, or undefined when the text is not a duration. A bare number counts seconds. */
export function parseDuration(given: Duration): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(String(given).trim())
  if (match === null) return undefined
  return Math.round(Number(match[1]) * MS[(match[2] ?? 's') as keyof typeof MS])
}

/** Bytes, or undefined when the text is not a size. A fraction must still come to whole bytes. */
export function parseSize(given: Size): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMG])?$/i.exec(String(given).trim())
  if (match === null) return undefined
  const unit = match[2]?.toUpperCase() as keyof typeof BYTES | undefined
  const bytes = Number(match[1]) * (unit === undefined ? 1 : BYTES[unit])
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The shortest way to write a number of milliseconds: `500ms`, `60s`, `90m`. */
export function formatDuration(ms: number): string {
  if (ms % MS.h === 0 && ms > 0) return `${ms / MS.h}h`
  if (ms % MS.m === 0 && ms > 5 * MS.m) return `${ms / MS.m}m`
  return ms % MS.s === 0 ? `${ms / MS.s}s` : `${ms}ms`
}

/** The shortest way to write a number of bytes: `1G`, `300M`, `1500`. */
export function formatSize(bytes: number): string {
  for (const unit of ['G', 'M', 'K'] as const) {
    if (bytes >= BYTES[unit] && bytes % BYTES[unit] === 0) return `${bytes / BYTES[unit]}${unit}`
  }
  return String(bytes)
}
