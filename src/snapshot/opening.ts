// Opens a stored snapshot so that nobody else can have written it, and reads it through that one
// descriptor: what was checked is what is read, whatever happens to the name meanwhile.

import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Header } from './header.ts'
import { PRELUDE_BYTES, type Prelude, readHeader, readPrelude } from './header.ts'
import { SnapshotRejected, systemCode } from './rejected.ts'

/** A file that passed the checks. Whoever opened it closes `handle`. */
export interface OpenSnapshot {
  readonly handle: FileHandle
  readonly path: string
  readonly stats: Stats
}

/** A pipe in the file's place must not block, a symbolic link must not be followed. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Group and others may write. */
const WRITABLE_BY_OTHERS = 0o022

/**
 * Opens the file at `path` in `folder`; undefined when there is none. Rejects with
 * SnapshotRejected (FOREIGN) for what is not a regular file, not this user's or root's, writable by
 * others, larger than `limitBytes`, or cannot be opened, and for a folder that is not safe.
 */
export async function openSnapshot(
  folder: string,
  path: string,
  limitBytes: number
): Promise<OpenSnapshot | undefined> {
  let handle: FileHandle | undefined
  try {
    const fault = faultOfFolder(await stat(folder))
    if (fault !== undefined) throw foreign(folder, fault)
    handle = await open(path, FLAGS)
    const stats = await handle.stat()
    const reason = faultOfFile(stats, limitBytes)
    if (reason !== undefined) throw foreign(path, reason)
    return { handle, path, stats }
  } catch (error) {
    await handle?.close()
    if (error instanceof SnapshotRejected) throw error
    const code = systemCode(error)
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP' || code === 'EMLINK') throw foreign(path, 'it is a symbolic link', error)
    throw foreign(path, `it cannot be opened (${messageOf(error)})`, error)
  }
}

/** Why a folder must not hold snapshots, if so: whoever may write to it may replace them. */
export function faultOfFolder(stats: Stats): string | undefined {
  return stats.isDirectory() ? faultOfOwner(stats) : 'it is not a folder'
}

function faultOfFile(stats: Stats, limitBytes: number): string | undefined {
  if (!stats.isFile()) return 'it is not a regular file'
  if (stats.size > limitBytes) {
    return `it has ${stats.size} bytes, more than all snapshots may have (${limitBytes})`
  }
  return faultOfOwner(stats)
}

function faultOfOwner(stats: Stats): string | undefined {
  const user = process.geteuid?.()
  // Windows has neither owners nor modes in this sense.
  if (user === undefined) return undefined
  // Root could change this process itself; and images are often built by it, then run as a user.
  if (stats.uid !== user && stats.uid !== 0) return `it belongs to user ${stats.uid}, not ${user}`
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    return `others may write to it (mode ${(stats.mode & 0o7777).toString(8)})`
  }
  return undefined
}

/** All bytes of the file. Rejects with SnapshotRejected (FOREIGN) when it cannot be read. */
export async function readWhole(opened: OpenSnapshot): Promise<Buffer> {
  return await readAt(opened, 0, opened.stats.size)
}

/**
 * The prelude's sizes and the header, without the payload. Rejects as `readPrelude()` and
 * `readHeader()` do.
 */
export async function readHeaderOnly(
  opened: OpenSnapshot,
  key: string
): Promise<{ readonly prelude: Prelude; readonly header: Header }> {
  const prelude = readPrelude(await readAt(opened, 0, PRELUDE_BYTES), opened.path)
  const rest = Math.max(0, opened.stats.size - PRELUDE_BYTES)
  const json = await readAt(opened, PRELUDE_BYTES, Math.min(prelude.headerBytes, rest))
  return { prelude, header: readHeader(json, prelude, key, opened.path) }
}

/** Shorter than `length` when the file is. */
async function readAt(opened: OpenSnapshot, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let filled = 0
  try {
    while (filled < length) {
      const rest = length - filled
      const { bytesRead } = await opened.handle.read(bytes, filled, rest, from + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
  } catch (error) {
    throw foreign(opened.path, `it cannot be read (${messageOf(error)})`, error)
  }
  return bytes.subarray(0, filled)
}

function foreign(path: string, reason: string, cause?: unknown): SnapshotRejected {
  const options = cause === undefined ? {} : { cause }
  return new SnapshotRejected('WASGI_ERR_SNAPSHOT_FOREIGN', path, reason, options)
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
