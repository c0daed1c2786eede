// What gallery/mirror.py answers.
import type { Ask, Transport, Wire } from './row.ts'
import { TRANSPORTS } from './row.ts'

export interface Mirrored {
  /** Whether the environ is a dict, not something that looks like one. */
  readonly plain: boolean
  /** The environ's values that are text. */
  readonly text: Readonly<Record<string, string>>
  /** The names of all values' types. */
  readonly kinds: Readonly<Record<string, string>>
  readonly version: readonly number[]
  readonly flags: Readonly<Record<string, boolean>>
}

/** The environ of a request, as an application inside the validator sees it. */
export async function mirror(
  wire: Wire,
  ask: Pick<Ask, 'method' | 'target' | 'headers' | 'body' | 'chunks'> = {}
): Promise<Mirrored> {
  return (await wire.json({ app: 'mirror', validated: true, ...ask })) as Mirrored
}

/** The same, of a request in HTTP/1.x whose first lines are given without `Host` and their end. */
export async function mirrorRaw(wire: Wire, ...lines: readonly string[]): Promise<Mirrored> {
  const connection = await wire.connect()
  connection.write(`${lines.join('\r\n')}\r\n${wire.pick('mirror', true)}\r\n`)
  const { status, body } = await connection.answer()
  connection.destroy()
  if (status === 200) return JSON.parse(body.toString()) as Mirrored
  throw new Error(`expected JSON, got ${status}: ${body.toString()}`)
}

/** `except` for a row that is about some transports only. */
export function only(
  reason: string,
  ...wanted: readonly Transport[]
): Partial<Record<Transport, string>> {
  const others = TRANSPORTS.filter((transport) => !wanted.includes(transport))
  return Object.fromEntries(others.map((transport) => [transport, reason]))
}
