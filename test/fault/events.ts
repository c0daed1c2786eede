// What a server with --log-format json has said of its workers.
import type { TestServer } from '../serve.ts'

/** A death as it is logged. */
export interface LoggedDeath {
  readonly level: number
  readonly kind: string
  readonly reason: string
  readonly worker: string
  readonly group: string
  readonly generation: number
  readonly request?: { readonly id: string; readonly label: string }
  readonly ageMs: number
  readonly served: number
  readonly heapBytes: number
  readonly next: string
  readonly traceback?: string
  readonly msg: string
}

/** All deaths among these lines of JSON. */
export function deathsIn(log: string): readonly LoggedDeath[] {
  return log
    .split('\n')
    .slice(0, -1) // the last one may not be whole yet
    .filter((line) => line.includes('"msg":"worker ended: '))
    .map((line) => JSON.parse(line) as LoggedDeath)
}

/** Resolves with the first death of that kind, and of that request, once it is logged. */
export async function deathOf(
  server: TestServer,
  kind: string,
  label?: string
): Promise<LoggedDeath> {
  const find = (log: string): LoggedDeath | undefined =>
    deathsIn(log).find(
      (each) => each.kind === kind && (label === undefined || each.request?.label === label)
    )
  await server.tells((log) => find(log) !== undefined, true)
  return find(server.log()) as LoggedDeath
}

/** Resolves once so many interpreters have been made. */
export async function interpreters(server: TestServer, count: number): Promise<void> {
  await server.tells(
    (log) => Math.min(count, log.match(/interpreter ready group=/g)?.length ?? 0),
    count
  )
}
