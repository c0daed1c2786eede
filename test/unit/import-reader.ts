// A file system in memory, for what reads Apache configurations.

import { matchesGlob } from 'node:path'
import type { Reader } from '../../src/import-config/parse.ts'

export type Files = Readonly<Record<string, string>>

/** A file system of these files; folders are what stands before a slash. */
export function memoryReader(files: Files): Reader {
  const folders = Object.keys(files).flatMap((file) =>
    file.split('/').map((_part, index, parts) => parts.slice(0, index).join('/'))
  )
  const all = [...new Set([...Object.keys(files), ...folders])].sort()
  const match = (pattern: string): string[] =>
    all.filter((path) => path === pattern || matchesGlob(path, pattern))
  return {
    read: (path) => files[path],
    match,
    find: (pattern) =>
      match(pattern).flatMap((path) =>
        path in files ? [path] : Object.keys(files).filter((file) => file.startsWith(`${path}/`))
      )
  }
}
