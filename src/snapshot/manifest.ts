// What a capture depends on in the host's file system, and whether that is still as it was.
// Synchronous calls on purpose: a thousand of them take a few milliseconds, while the same calls
// through the thread pool take ten times as long and delay every start.

import { createHash, hash } from 'node:crypto'
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync
} from 'node:fs'
import { setImmediate as pause } from 'node:timers/promises'
import type { Dependency } from './image.ts'
import { SnapshotUnsaved } from './rejected.ts'
import { type Check, isCount, isHex, isListOf, isOneOf, isShape, isText } from './shape.ts'

/** More files than this, and a snapshot would take longer to check than to make. */
export const MANIFEST_LIMIT = 100_000

/** The host's files as they were when the capture was made, sorted by path. */
export interface Manifest {
  readonly entries: readonly ManifestEntry[]
}

/** One path. A stamp that is equal stands for content that is equal; '' equals none. */
export type ManifestEntry = FileEntry | FolderEntry | AbsentEntry | ExistsEntry

interface FileEntry {
  readonly kind: 'file'
  readonly path: string
  readonly bytes: number
  readonly stamp: string
  /** SHA-256 of the content, hex. */
  readonly hash: string
}

interface FolderEntry {
  readonly kind: 'folder'
  readonly path: string
  readonly stamp: string
  /** SHA-256 of the sorted names with their kinds, hex. */
  readonly hash: string
}

interface AbsentEntry {
  readonly kind: 'absent'
  readonly path: string
}

interface ExistsEntry {
  readonly kind: 'exists'
  readonly path: string
  readonly type: 'file' | 'folder' | 'other'
}

const SHAPES: Readonly<Record<string, Check>> = {
  file: isShape({ kind: isText, path: isText, bytes: isCount, stamp: isText, hash: isHex(64) }),
  folder: isShape({ kind: isText, path: isText, stamp: isText, hash: isHex(64) }),
  absent: isShape({ kind: isText, path: isText }),
  exists: isShape({ kind: isText, path: isText, type: isOneOf('file', 'folder', 'other') })
}

/** Whether parsed JSON is a manifest. */
export const isManifest: Check = isShape({ entries: isListOf(isEntry, MANIFEST_LIMIT) })

function isEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  const kind = String(value.kind)
  return Object.hasOwn(SHAPES, kind) && SHAPES[kind]?.(value) === true
}

/** Entries between two turns of the event loop. */
const TURN = 256

/**
 * Records what `dependencies` are now. With `since` (milliseconds of the epoch, when the capture
 * began), what changed after that is an error, as Python may have seen it before the change.
 * Rejects with SnapshotUnsaved for that, for a path that is no longer what Python saw, and for
 * more than MANIFEST_LIMIT paths.
 */
export async function makeManifest(
  dependencies: readonly Dependency[],
  since: number = Number.POSITIVE_INFINITY
): Promise<Manifest> {
  const unique = new Map(dependencies.map((each) => [`${each.path}\0${each.kind}`, each]))
  if (unique.size > MANIFEST_LIMIT) {
    throw new SnapshotUnsaved(
      `it depends on ${unique.size} files, at most ${MANIFEST_LIMIT} can be`
    )
  }
  const entries: ManifestEntry[] = []
  for (const name of [...unique.keys()].sort()) {
    const dependency = unique.get(name)
    if (dependency !== undefined) entries.push(record(dependency, since))
    if (entries.length % TURN === 0) await pause()
  }
  return { entries }
}

function record(dependency: Dependency, since: number): ManifestEntry {
  const { path, kind } = dependency
  const stat = statOf(path)
  if (kind === 'absent') {
    if (stat !== undefined) throw new SnapshotUnsaved(`${path} appeared during the capture`)
    return { kind, path }
  }
  if (stat === undefined) throw new SnapshotUnsaved(`${path} disappeared during the capture`)
  if (kind === 'exists') return { kind, path, type: typeOf(stat) }
  if (Number(stat.ctimeMs) > since - CLOCK_LAG_MS) {
    throw new SnapshotUnsaved(`${path} was changed during the capture`)
  }
  const digest = kind === 'file' ? hashFile(path, stat.size) : hashFolder(path)
  if (digest === undefined) throw new SnapshotUnsaved(`${path} cannot be read as a ${kind}`)
  const stamp = isSettled(stat) ? stampOf(stat) : ''
  return kind === 'file'
    ? { kind, path, bytes: Number(stat.size), stamp, hash: digest }
    : { kind, path, stamp, hash: digest }
}

/**
 * Compares the host's files with a manifest: undefined when all is as it was, else what is not,
 * as in "/srv/app/wsgi.py has changed". Names the first such path only. Contents are read only
 * where size, time or inode differ. Does not reject.
 */
export async function checkManifest(manifest: Manifest): Promise<string | undefined> {
  let count = 0
  for (const entry of manifest.entries) {
    const reason = compare(entry)
    if (reason !== undefined) return reason
    if (++count % TURN === 0) await pause()
  }
  return undefined
}

function compare(entry: ManifestEntry): string | undefined {
  const { path, kind } = entry
  const stat = statOf(path)
  if (kind === 'absent') return stat === undefined ? undefined : `${path} is there now`
  if (stat === undefined) return `${path} is gone`
  if (kind === 'exists') {
    return typeOf(stat) === entry.type ? undefined : `${path} is no longer a ${entry.type}`
  }
  if (typeOf(stat) !== kind) return `${path} is no longer a ${kind}`
  if (kind === 'file') return isSameFile(entry, stat) ? undefined : `${path} has changed`
  const same = stampOf(stat) === entry.stamp || hashFolder(path) === entry.hash
  return same ? undefined : `the folder ${path} has other entries`
}

function isSameFile(entry: FileEntry, stat: BigIntStats): boolean {
  if (Number(stat.size) !== entry.bytes) return false
  return stampOf(stat) === entry.stamp || hashFile(entry.path, stat.size) === entry.hash
}

/** Undefined where there is nothing, or nothing that this user may see: to Python that is one. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function typeOf(stat: BigIntStats): 'file' | 'folder' | 'other' {
  if (stat.isFile()) return 'file'
  return stat.isDirectory() ? 'folder' : 'other'
}

/** The inode tells apart releases with equal times behind a symbolic link that is switched. */
function stampOf(stat: BigIntStats): string {
  return `${stat.mtimeNs}-${stat.ino}`
}

/** How far the clock that stamps files may lag behind the clock that is read. */
const CLOCK_LAG_MS = 20

/**
 * Whether a later change is sure to change the time, too: file systems count time in ticks, of
 * milliseconds or (where times are whole seconds) of up to two seconds.
 */
function isSettled(stat: BigIntStats): boolean {
  const tickMs = stat.mtimeNs % 1_000_000_000n === 0n ? 2_000 : 50
  return Date.now() - Number(stat.mtimeMs) > tickMs
}

const CHUNK_BYTES = 1 << 20

/** SHA-256 of a regular file's content, hex; undefined when that is not `size` bytes, or unreadable. */
function hashFile(path: string, size: bigint): string | undefined {
  let file: number | undefined
  try {
    // Without O_NONBLOCK, opening a pipe that took the file's place would wait for a writer.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!fstatSync(file).isFile()) return undefined
    const digest = createHash('sha256')
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Number(size) + 1))
    let total = 0
    for (;;) {
      const count = readSync(file, chunk)
      total += count
      if (total > size) return undefined
      if (count === 0) return BigInt(total) === size ? digest.digest('hex') : undefined
      digest.update(chunk.subarray(0, count))
    }
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function hashFolder(path: string): string | undefined {
  try {
    const names = readdirSync(path, { withFileTypes: true }).map((entry) => {
      if (entry.isDirectory()) return `${entry.name}\0folder`
      if (entry.isSymbolicLink()) return `${entry.name}\0link`
      return `${entry.name}\0${entry.isFile() ? 'file' : 'other'}`
    })
    return hash('sha256', JSON.stringify(names.sort()))
  } catch {
    return undefined
  }
}
