// The folder of snapshots: one file per key. Servers share it without locks: a file appears whole
// or not at all, nobody changes one, and a reader keeps what it has opened.

import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './file.ts'
import { corrupt, type Header, PRELUDE_BYTES, payloadBytes } from './header.ts'
import type { Image } from './image.ts'
import { checkManifest, type Manifest } from './manifest.ts'
import {
  faultOfFolder,
  messageOf,
  type OpenSnapshot,
  openSnapshot,
  readHeaderOnly,
  readWhole
} from './opening.ts'
import { type RejectionCode, SnapshotRejected, SnapshotUnsaved, systemCode } from './rejected.ts'
import {
  removeAbandoned,
  removeFile,
  removeOwn,
  type Shelved,
  shelved,
  snapshotPath,
  surplus,
  temporaryPath
} from './shelf.ts'

const DEFAULT_LIMIT_BYTES = 2 ** 30

export interface SnapshotStoreOptions {
  /** Absolute. Made when the first snapshot is saved. */
  readonly folder: string
  /** Of all files together; 1 GiB by default. */
  readonly limitBytes?: number | undefined
  /** Writes all bytes to the new file. For tests of disks that fail. */
  readonly write?: ((file: FileHandle, bytes: Uint8Array) => Promise<void>) | undefined
}

/** `ok`, or the code that using the snapshot would end in. */
export type StoredState = 'ok' | RejectionCode

/** A stored snapshot as its header tells. */
export interface StoredSnapshot {
  readonly key: string
  /** Of the file. */
  readonly bytes: number
  /** ISO 8601; undefined when the header cannot be read, as with `target`. */
  readonly createdAt: string | undefined
  readonly target: string | undefined
  /** ISO 8601: when it was last loaded, or else saved. */
  readonly usedAt: string
  readonly state: StoredState
}

/** What a full check of one snapshot found. */
export interface Verdict {
  readonly key: string
  readonly bytes: number
  readonly state: StoredState
  /** The whole message; undefined when the state is `ok`. */
  readonly message: string | undefined
}

/** A stored snapshot's header, with the file as it was found. */
export interface StoredHeader {
  readonly header: Header
  /** Of the file. */
  readonly bytes: number
  /** ISO 8601: when it was last loaded, or else saved. */
  readonly usedAt: string
}

/** What `prune()` removed, and why. */
export interface Pruned {
  readonly key: string
  readonly bytes: number
  readonly reason: RejectionCode | 'surplus' | 'all'
}

/** `$XDG_CACHE_HOME/wasgi/snapshots`, or below `~/.cache`. The variable counts only if absolute. */
export function defaultStoreFolder(
  variables: Readonly<Record<string, string | undefined>>,
  homeFolder: string
): string {
  const cache = variables.XDG_CACHE_HOME
  const base = cache?.startsWith('/') ? cache : join(homeFolder, '.cache')
  return join(base, 'wasgi', 'snapshots')
}

/** Snapshots on disk. Holds nothing open between calls. */
export class SnapshotStore {
  readonly folder: string
  readonly limitBytes: number
  readonly #write: (file: FileHandle, bytes: Uint8Array) => Promise<void>

  constructor(options: SnapshotStoreOptions) {
    this.folder = options.folder
    this.limitBytes = options.limitBytes ?? DEFAULT_LIMIT_BYTES
    this.#write = options.write ?? ((file, bytes) => file.writeFile(bytes))
  }

  /**
   * The snapshot of `key`, checked in full; undefined when there is none. Rejects with
   * SnapshotRejected when there is one that must not be restored; if the file is this user's, it is
   * removed so that the next one takes its place.
   */
  async load(key: string): Promise<Snapshot | undefined> {
    const path = snapshotPath(this.folder, key)
    let opened: OpenSnapshot | undefined
    try {
      opened = await openSnapshot(this.folder, path, this.limitBytes)
      if (opened === undefined) return undefined
      const snapshot = await readChecked(opened, key)
      const now = new Date()
      // On a read-only disk eviction has nothing to go by, and nothing to do.
      await opened.handle.utimes(now, now).catch(() => undefined)
      return snapshot
    } catch (error) {
      if (error instanceof SnapshotRejected) await removeOwn(path, opened?.stats.ino)
      throw error
    } finally {
      await opened?.handle.close()
    }
  }

  /**
   * Stores a snapshot in place of an older one of the same key, then evicts the least recently used
   * ones beyond the limit, never this one. Rejects with SnapshotUnsaved when that cannot be done;
   * then nothing is left of it, and what was there before still is. Gives the size of the file.
   */
  async save(key: string, image: Image, manifest: Manifest): Promise<number> {
    const path = snapshotPath(this.folder, key)
    const temporary = temporaryPath(this.folder, key)
    let fileBytes: number
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 })
      const fault = faultOfFolder(await stat(this.folder))
      if (fault !== undefined) throw new SnapshotUnsaved(`${this.folder}: ${fault}`)
      const bytes = await encodeSnapshot(image, key, manifest)
      if (bytes.length > this.limitBytes) {
        const sizes = `${bytes.length} bytes, all snapshots may have ${this.limitBytes}`
        throw new SnapshotUnsaved(`it has ${sizes}`)
      }
      fileBytes = bytes.length
      await this.#writeNew(temporary, bytes)
      await rename(temporary, path)
    } catch (error) {
      await removeFile(temporary)
      if (error instanceof SnapshotUnsaved) throw error
      throw new SnapshotUnsaved(unsavedReason(this.folder, error), { cause: error })
    }
    await syncFolder(this.folder)
    await removeAbandoned(this.folder)
    for (const entry of surplus(await shelved(this.folder), this.limitBytes, key)) {
      await removeFile(entry.path)
    }
    return fileBytes
  }

  async #writeNew(path: string, bytes: Uint8Array): Promise<void> {
    const file = await open(path, 'wx', 0o600)
    try {
      await this.#write(file, bytes)
      // Before the rename, or a power failure could leave the name with nothing behind it.
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /**
   * What the header of the snapshot of `key` tells; undefined when there is none. Neither checks the
   * content nor counts as a use. Rejects with SnapshotRejected when the header cannot be believed.
   */
  async read(key: string): Promise<StoredHeader | undefined> {
    const opened = await openSnapshot(this.folder, snapshotPath(this.folder, key), this.limitBytes)
    try {
      if (opened === undefined) return undefined
      const { header } = await readHeaderOnly(opened, key)
      const { size, mtime } = opened.stats
      return { header, bytes: size, usedAt: mtime.toISOString() }
    } finally {
      await opened?.handle.close()
    }
  }

  /** Every snapshot, most recently used first. Reads headers only: content may still be damaged. */
  async list(): Promise<StoredSnapshot[]> {
    const entries = (await shelved(this.folder)).reverse()
    return await Promise.all(entries.map((entry) => this.#describe(entry)))
  }

  async #describe(entry: Shelved): Promise<StoredSnapshot> {
    const { key, bytes } = entry
    const usedAt = new Date(entry.usedAtMs).toISOString()
    let opened: OpenSnapshot | undefined
    try {
      opened = await openSnapshot(this.folder, entry.path, this.limitBytes)
      if (opened === undefined) throw corrupt(entry.path, 'it is gone')
      const { prelude, header } = await readHeaderOnly(opened, key)
      const { createdAt, target } = header.report
      const expected = PRELUDE_BYTES + prelude.headerBytes + payloadBytes(header)
      const state = opened.stats.size === expected ? 'ok' : 'WASGI_ERR_SNAPSHOT_CORRUPT'
      return { key, bytes, createdAt, target, usedAt, state }
    } catch (error) {
      if (!(error instanceof SnapshotRejected)) throw error
      return { key, bytes, createdAt: undefined, target: undefined, usedAt, state: error.code }
    } finally {
      await opened?.handle.close()
    }
  }

  /**
   * Checks the snapshot of `key`, or all, as `load()` would, and removes nothing. A key that has
   * none gives no verdict.
   */
  async verify(key?: string): Promise<Verdict[]> {
    const entries = await shelved(this.folder)
    const verdicts: Verdict[] = []
    for (const entry of entries) {
      if (key !== undefined && entry.key !== key) continue
      const verdict = await this.#judge(entry)
      if (verdict !== undefined) verdicts.push(verdict)
    }
    return verdicts
  }

  async #judge(entry: Shelved): Promise<Verdict | undefined> {
    const { key, bytes } = entry
    let opened: OpenSnapshot | undefined
    try {
      opened = await openSnapshot(this.folder, entry.path, this.limitBytes)
      if (opened === undefined) return undefined
      await readChecked(opened, key)
      return { key, bytes, state: 'ok', message: undefined }
    } catch (error) {
      if (!(error instanceof SnapshotRejected)) throw error
      return { key, bytes, state: error.code, message: error.message }
    } finally {
      await opened?.handle.close()
    }
  }

  /**
   * Removes every snapshot that would be rejected, then the least recently used ones beyond the
   * limit; with `all`, every snapshot. Gives what was removed; what could not be is left out.
   */
  async prune(options: { readonly all?: boolean | undefined } = {}): Promise<Pruned[]> {
    const reasons = new Map<string, Pruned['reason']>()
    const entries = await shelved(this.folder)
    if (options.all === true) {
      for (const entry of entries) reasons.set(entry.key, 'all')
    } else {
      for (const { key, state } of await this.verify()) if (state !== 'ok') reasons.set(key, state)
      const rest = entries.filter((entry) => !reasons.has(entry.key))
      for (const entry of surplus(rest, this.limitBytes)) reasons.set(entry.key, 'surplus')
    }
    const pruned: Pruned[] = []
    for (const { key, path, bytes } of entries) {
      const reason = reasons.get(key)
      if (reason !== undefined && (await removeFile(path))) pruned.push({ key, bytes, reason })
    }
    await removeAbandoned(this.folder)
    return pruned
  }
}

async function readChecked(opened: OpenSnapshot, key: string): Promise<Snapshot> {
  const snapshot = await decodeSnapshot(await readWhole(opened), key, opened.path)
  const reason = await checkManifest(snapshot.manifest)
  if (reason === undefined) return snapshot
  throw new SnapshotRejected('WASGI_ERR_SNAPSHOT_STALE', opened.path, reason)
}

function unsavedReason(folder: string, error: unknown): string {
  if (systemCode(error) === 'ENOSPC') return `the disk of ${folder} is full`
  if (systemCode(error) === 'EDQUOT') return `the quota for ${folder} is used up`
  return `${folder} cannot be written to (${messageOf(error)})`
}

/** Makes the rename last. Not every system can; then the snapshot may be lost, never be half. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
