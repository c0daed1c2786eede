// Opens files of a granted folder so that nobody can slip another one in between looking and opening.
// Node-specific. What it opens it closes again unless it returns it.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  realpathSync,
  type Stats
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileIdentity } from '../../src/wire/lock-table.ts'
import { ERRNO } from './errno.ts'
import type { Folder } from './folder.ts'

/** A file that is replaced over and over between our looking and opening is given up on. */
const OPEN_ATTEMPTS = 8
// Neither exists on Windows. O_NONBLOCK: opening a FIFO must not hang the thread.
const SAFE = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Linux's paths through open descriptors. */
const ANCHORS =
  process.platform === 'linux' && existsSync('/proc/self/fd') ? '/proc/self/fd' : undefined

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
  return atPlace(folder, path, (place, named) => {
    const fd = openSync(place, how | SAFE | constants.O_CREAT | constants.O_EXCL, mode & 0o666)
    return ANCHORS === undefined ? (verified(fd, named) ?? -ERRNO.EIO) : described(fd)
  })
}

/**
 * Calls `act` with a host path for a name in a folder: to make it, move it or remove it. Two workers
 * of a hostile guest could rename folders while that happens, until a name that was a folder is a
 * link out that the operator made. So the folder is held open, and the path goes through what is
 * held, on hosts that have such paths; `named` is the same place by its plain name.
 */
export function atPlace<Result>(
  folder: Folder,
  path: string,
  act: (place: string, named: string) => Result
): Result | number {
  const place = folder.place(path)
  if (typeof place === 'number') return place
  const named = join(place.parent, place.name)
  if (ANCHORS === undefined) return act(named, named)
  const anchor = verified(openSync(place.parent, constants.O_DIRECTORY | SAFE), place.parent)
  if (anchor === undefined) return -ERRNO.EAGAIN
  try {
    return act(`${ANCHORS}/${anchor.fd}/${place.name}`, named)
  } finally {
    closeSync(anchor.fd)
  }
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
      return described(fd)
    }
  } catch {
    // Gone or moved since: as good as swapped.
  }
  closeSync(fd)
  return undefined
}

function described(fd: number): Opened {
  const { dev, ino } = fstatSync(fd, { bigint: true })
  return { fd, stats: fstatSync(fd), identity: { dev, ino } }
}
