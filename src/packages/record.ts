// Reads the RECORD of an installed distribution: the files it put into the folder.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths relative to the folder, checked to stay inside of it; [] where there is no record. */
export function recordedPaths(distInfo: string): string[] {
  let text: string
  try {
    text = readFileSync(join(distInfo, 'RECORD'), 'utf8')
  } catch {
    return []
  }
  return text
    .split(/\r?\n/)
    .map(firstField)
    .filter((path) => path !== '' && staysInside(path))
}

/** A row of CSV: a path with commas or quotes stands in quotes. */
function firstField(row: string): string {
  const [, quoted] = /^"((?:[^"]|"")*)"/.exec(row) ?? []
  return quoted === undefined
    ? row.slice(0, Math.max(0, row.indexOf(',')))
    : quoted.replaceAll('""', '"')
}

function staysInside(path: string): boolean {
  return (
    !/[\\\0]/.test(path) && path.split('/').every((name) => name !== '' && !/^\.{1,2}$/.test(name))
  )
}
