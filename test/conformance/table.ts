// The whole table: every row of every file in rows/.
import { globSync } from 'node:fs'
import { type Row, TRANSPORTS, type Transport } from './row.ts'

/** All rows, file by file. A file in rows/ exports its own as `rows`. */
export async function loadRows(): Promise<readonly Row[]> {
  const names = globSync('rows/*.ts', { cwd: import.meta.dirname }).map((file) => file.slice(0, -3))
  const modules = await Promise.all(
    names.sort().map((name) => import(`./${name}.ts`) as Promise<{ rows: readonly Row[] }>)
  )
  return modules.flatMap(({ rows }) => rows)
}

/** The transports that a row is tried on. */
export function transportsOf(row: Row): readonly Transport[] {
  return TRANSPORTS.filter((transport) => {
    if (row.raw === true && (transport === 'http2' || transport === 'http10')) return false
    return row.except?.[transport] === undefined
  })
}
