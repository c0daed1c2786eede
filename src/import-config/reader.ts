// The file system as the parser sees it: regular files of a bounded size, and patterns.

import { globSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Reader } from './parse.ts'

const LARGEST_FILE = 4 * 2 ** 20
/** Of a folder that is included; Apache's own limit. */
const DEEPEST_FOLDER = 20
const MOST_ENTRIES = 20_000

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
  match: (pattern) => matching(pattern).filter((path) => statOf(path) !== undefined)
}

function matching(pattern: string): string[] {
  if (!/[*?[]/.test(pattern)) return [pattern]
  // Two stars are one to Apache; here they would be all that lies below. Braces and parentheses are
  // nothing to Apache; here they would be alternatives, and twenty of them no end of work.
  return globSync(pattern.replace(/\*+/g, '*').replace(/[{}()]/g, '?')).sort()
}

/** A folder stands for all files in it and below, as in Apache. */
function filesAt(path: string): string[] {
  const found = statOf(path)
  if (found === undefined) return []
  if (!found.isDirectory()) return [path]
  const files: string[] = []
  walk(path, 0, { entries: 0, files })
  return files
}

/** Follows links, as Apache does, and so may meet a folder again; who reads the files refuses so many. */
function walk(folder: string, depth: number, seen: { entries: number; files: string[] }): void {
  if (depth > DEEPEST_FOLDER) return
  for (const name of namesIn(folder)) {
    if (++seen.entries > MOST_ENTRIES) return
    const path = join(folder, name)
    const found = statOf(path)
    if (found?.isDirectory()) walk(path, depth + 1, seen)
    else if (found?.isFile()) seen.files.push(path)
  }
}

/** Undefined for what is not there, and for what cannot be looked at, such as a link to itself. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
