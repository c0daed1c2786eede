// The names in a store's folder, what lies there, and what has to go. Touches no file whose name a
// store would not have given.

import { randomBytes } from 'node:crypto'
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from './rejected.ts'

const SNAPSHOT = /^([0-9a-f]{64})\.snapshot$/
const TEMPORARY = /^[0-9a-f]{64}\.[0-9a-f]{16}\.tmp$/

/** No writer takes that long; one that was killed leaves its file. */
const ABANDONED_AFTER_MS = 3_600_000

/** A file with a snapshot's name, unopened. */
export interface Shelved {
  readonly key: string
  readonly path: string
  readonly bytes: number
  /** Milliseconds of the epoch: its modification time, which every load sets. */
  readonly usedAtMs: number
}

/** Where the snapshot of `key` lies. Throws a TypeError for what is not 64 hex digits. */
export function snapshotPath(folder: string, key: string): string {
  const name = `${key}.snapshot`
  if (!SNAPSHOT.test(name)) throw new TypeError('a key is 64 hex digits')
  return join(folder, name)
}

/** A name that no other writer has. */
export function temporaryPath(folder: string, key: string): string {
  return join(folder, `${key}.${randomBytes(8).toString('hex')}.tmp`)
}

/** Every snapshot of the folder, least recently used first; none where there is no folder. */
export async function shelved(folder: string): Promise<Shelved[]> {
  const found: Shelved[] = []
  for (const name of await namesIn(folder)) {
    const key = SNAPSHOT.exec(name)?.[1]
    const path = join(folder, name)
    const stats = key === undefined ? undefined : await lstat(path).catch(() => undefined)
    if (key === undefined || stats === undefined) continue
    found.push({ key, path, bytes: stats.size, usedAtMs: stats.mtimeMs })
  }
  return found.sort((a, b) => a.usedAtMs - b.usedAtMs || (a.key < b.key ? -1 : 1))
}

/** Which of `entries` (least recently used first) have to go so that the rest fits. Pure. */
export function surplus(
  entries: readonly Shelved[],
  limitBytes: number,
  keptKey?: string
): Shelved[] {
  let total = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  return entries.filter((entry) => {
    if (total <= limitBytes || entry.key === keptKey) return false
    total -= entry.bytes
    return true
  })
}

/** Removes what writers that died left behind. Says nothing when that fails. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!TEMPORARY.test(name)) continue
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats === undefined || Date.now() - stats.mtimeMs < ABANDONED_AFTER_MS) continue
    await removeFile(path)
  }
}

/** Whether the name is gone, or was before. Never follows a link, never removes a folder. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await rm(path)
    return true
  } catch (error) {
    return systemCode(error) === 'ENOENT'
  }
}

/**
 * Removes a rejected file if it is this user's, and still the one of that inode: another server may
 * have put a good one in its place. The caller holds it open, so that no new file has its inode;
 * undefined when it could not be opened.
 */
export async function removeOwn(path: string, inode: number | undefined): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined || !stats.isFile()) return
  if (process.geteuid !== undefined && stats.uid !== process.geteuid()) return
  if (inode !== undefined && stats.ino !== inode) return
  await removeFile(path)
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => [])
}
