// The file system as the parser sees it: regular files of a bounded size, and patterns.

import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Reader } from './parse.ts'

const LARGEST_FILE = 4 * 2 ** 20

/** Reads this machine's files. */
export const FILE_READER: Reader = {
  read: (path) => {
    try {
      const found = statSync(path)
      if (!found.isFile() || found.size > LARGEST_FILE) return undefined
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  find: (pattern) => matching(pattern).flatMap(filesAt),
  match: (pattern) =>
    matching(pattern).filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined)
}

function matching(pattern: string): string[] {
  return /[*?[]/.test(pattern) ? globSync(pattern).sort() : [pattern]
}

/** A folder stands for all files in it and below, as in Apache. */
function filesAt(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return []
  if (!found.isDirectory()) return [path]
  return globSync('**/*', { cwd: path })
    .sort()
    .map((name) => join(path, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
}
