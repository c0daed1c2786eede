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
    .filter((line) => line.includes('"msg":"worker ended: '))
    .map((line) => JSON.parse(line) as LoggedDeath)
}

/** Resolves with the first death of that kind, once it is logged. */
export async function deathOf(server: TestServer, kind: string): Promise<LoggedDeath> {
  await server.logged(new RegExp(`"kind":"${kind}".*\n`))
  const death = deathsIn(server.log()).find((each) => each.kind === kind)
  if (death === undefined) throw new Error(`no death of the kind ${kind} is logged`)
  return death
}

/** Resolves once so many interpreters have been made. */
export async function interpreters(server: TestServer, count: number): Promise<void> {
  await server.logged(new RegExp(`(?:interpreter ready group=[\\s\\S]*?){${count}}`))
}
