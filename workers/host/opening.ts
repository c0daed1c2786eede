// Opens files of a granted folder so that nobody can slip another one in between looking and opening.
// Node-specific. What it opens it closes again unless it returns it.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  realpathSync,
  type Stats
} from 'node:fs'
import { dirname } from 'node:path'
import type { FileIdentity } from '../../src/wire/lock-table.ts'
import { ERRNO } from './errno.ts'
import type { Folder } from './folder.ts'

/** A file that is replaced over and over between our looking and opening is given up on. */
const OPEN_ATTEMPTS = 8
// Neither exists on Windows. O_NONBLOCK: opening a FIFO must not hang the thread.
const SAFE = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export interface Opened {
  readonly fd: number
  readonly stats: Stats
  readonly identity: FileIdentity
}

/** Opens what is at `path` and makes sure that it is what was looked at, and still in the folder. */
export function openExisting(folder: Folder, path: string, how: number): Opened | number {
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    const found = folder.locate(path)
    if (typeof found === 'number') return found
    const { stats } = found
    if (!stats.isFile() && !stats.isDirectory()) return -ERRNO.EACCES
    const opened = verified(openSync(found.real, how | SAFE), found.real)
    if (opened !== undefined) return opened
  }
  return -ERRNO.EAGAIN
}

/** Makes a file that was not there. O_EXCL never follows a link in the last place. */
export function createFile(
  folder: Folder,
  path: string,
  how: number,
  mode: number
): Opened | number {
  const place = folder.place(path)
  if (typeof place === 'number') return place
  const fd = openSync(place, how | SAFE | constants.O_CREAT | constants.O_EXCL, mode & 0o666)
  return verified(fd, place) ?? -ERRNO.EIO
}

/**
 * The open file, if `real` still names it and no part of `real` has become a link meanwhile.
 * Otherwise closes it. Without this, someone who swaps a folder for a link at the right moment
 * would have us open a file outside.
 */
function verified(fd: number, real: string): Opened | undefined {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    const named = lstatSync(real, { bigint: true })
    const same = named.dev === dev && named.ino === ino
    if (same && dirname(realpathSync.native(real)) === dirname(real)) {
      return { fd, stats: fstatSync(fd), identity: { dev, ino } }
    }
  } catch {
    // Gone or moved since: as good as swapped.
  }
  closeSync(fd)
  return undefined
}
