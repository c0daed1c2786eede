// The host half of the file system that Python sees: plain functions over the granted folders. They
// take numbers, strings and ArrayBuffers of the realm, give numbers and strings, and never throw:
// a failure is a negative error number. Whatever they are handed, they stay inside the folders.
import {
  closeSync,
  constants,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync
} from 'node:fs'
import { createLockTable, LockTable } from '../../src/wire/lock-table.ts'
import type { FileGrant } from '../../src/wire/messages.ts'
import { ERRNO, errnoOf } from './errno.ts'
import { Folder } from './folder.ts'
import { FileLocks, type Lockable } from './locks.ts'
import { atPlace, createFile, openExisting } from './opening.ts'
import { isWalIndex, marksWal, WAL_REFUSED, walDatabase } from './wal.ts'

export interface FileHostOptions {
  /** Told, once each, of names that had to be hidden; a whole sentence. */
  readonly warn: (text: string) => void
  /** The table that workers share. Without one, locks reach no further than this host. */
  readonly locks?: LockTable
  /** True ends a wait for a lock with EINTR; Python then runs its signal handlers. */
  readonly interrupted?: (() => boolean) | undefined
  /** Host descriptors that Python may hold at once; then EMFILE. */
  readonly maxOpenFiles?: number
}

/** What workers/realm/files.js and syscalls.js are given. Numbers below 0 are error numbers. */
export type FileHost = {
  /** The grants in order, one a line: `r` or `w`, then the guest path. */
  mounts(): string
  /** `mode,size,mtimeMs,ctimeMs,atimeMs,ino,dev,nlink` */
  stat(grant: number, path: string): string | number
  fstat(id: number): string | number
  /** Names, each after `d` or `f`, with `/` between them. */
  list(grant: number, path: string): string | number
  /** Opens with Emscripten's flags; the result is an id, never used twice. */
  open(grant: number, path: string, flags: number, mode: number): number
  /** One of several descriptors of `id` was closed. */
  release(id: number): number
  /** The last descriptor of `id` was closed. */
  close(id: number): number
  read(id: number, buffer: ArrayBuffer, offset: number, length: number, position: number): number
  /** A negative position, or a file opened to append, writes at the end. */
  write(id: number, buffer: ArrayBuffer, offset: number, length: number, position: number): number
  resize(id: number, size: number): number
  sync(id: number, dataOnly: boolean): number
  syncFolder(grant: number, path: string): number
  chmod(grant: number, path: string, mode: number): number
  fchmod(id: number, mode: number): number
  /** Milliseconds since 1970; NaN leaves a time as it is. */
  utime(grant: number, path: string, atimeMs: number, mtimeMs: number): number
  truncate(grant: number, path: string, size: number): number
  mkdir(grant: number, path: string, mode: number): number
  rmdir(grant: number, path: string): number
  unlink(grant: number, path: string): number
  rename(grant: number, from: string, to: string): number
  /** See FileLocks; `wait` is F_SETLKW. */
  lock(id: number, type: number, wait: boolean, start: number, end: number): number
  testLock(id: number, type: number, start: number, end: number): string | number
  flock(id: number, operation: number): number
}

/** The functions for the realm, and what only the host may do. */
export interface GrantedFiles {
  readonly host: FileHost
  /** Closes what Python left open: for an interpreter that ends while its thread goes on. */
  closeAll(): void
}

interface OpenFile extends Lockable {
  readonly fd: number
  readonly folder: Folder
  readonly append: boolean
}

// Emscripten's open flags, which are Linux's on 32-bit machines. The host's own may differ.
const ACCESS_MODE = 3
const WRITE_ONLY = 1
const READ_WRITE = 2
const CREATE = 64
const APPEND = 1024

const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const GUEST_PATH = /^(?:\/[A-Za-z0-9_.-]+)+$/
/** Above the device numbers that Emscripten's own file systems show. */
const FIRST_DEVICE = 0x10000

const { O_APPEND, O_RDONLY, O_RDWR, O_WRONLY } = constants

/** Shows host folders to Python. @throws if a folder is not there or a guest path is malformed. */
export function grantFiles(grants: readonly FileGrant[], options: FileHostOptions): GrantedFiles {
  const folders = grants.map((grant) => {
    if (!GUEST_PATH.test(grant.guestPath)) {
      throw new TypeError(`"${grant.guestPath}" is not a path for a granted folder`)
    }
    return new Folder(grant, options.warn)
  })
  const files = new Files(folders, options)
  return { host: files.host(), closeAll: () => files.closeAll() }
}

class Files {
  readonly #folders: readonly Folder[]
  readonly #locks: FileLocks
  readonly #limit: number
  readonly #warn: (text: string) => void
  readonly #warned = new Set<string>()
  readonly #open = new Map<number, OpenFile>()
  readonly #devices = new Map<number, number>()
  #lastId = 0

  constructor(folders: readonly Folder[], options: FileHostOptions) {
    const { interrupted = () => false, maxOpenFiles = 1024 } = options
    const locks = options.locks ?? new LockTable(createLockTable(), 1)
    this.#folders = folders
    this.#locks = new FileLocks(locks, interrupted)
    this.#limit = maxOpenFiles
    this.#warn = options.warn
  }

  closeAll(): void {
    for (const file of [...this.#open.values()]) this.#closeFile(file)
  }

  host(): FileHost {
    const mounts = this.#folders.map(({ grant }) => (grant.writable ? 'w' : 'r') + grant.guestPath)
    return {
      mounts: () => mounts.join('\n'),
      stat: (grant, path) => answer(() => this.#stat(this.#folder(grant), path)),
      fstat: (id) => answer(() => this.#fstat(this.#file(id))),
      list: (grant, path) => answer(() => this.#list(this.#folder(grant), path)),
      ...this.#descriptors(),
      ...this.#changes(),
      ...this.#lockCalls()
    }
  }

  #descriptors(): Pick<
    FileHost,
    'open' | 'release' | 'close' | 'read' | 'write' | 'resize' | 'sync' | 'fchmod'
  > {
    return {
      open: (grant, path, flags, mode) =>
        answer(() => this.#openFile(this.#folder(grant), path, flags, mode)),
      release: (id) => answer(() => this.#released(this.#file(id), false)),
      close: (id) => answer(() => this.#closeFile(this.#file(id))),
      read: (id, buffer, offset, length, position) =>
        answer(() => {
          if (!isOffset(position)) return -ERRNO.EINVAL
          // The view is made per call: wasm memory moves when it grows.
          const view = new Uint8Array(buffer, offset, length)
          return readSync(this.#file(id).fd, view, 0, length, position)
        }),
      write: (id, buffer, offset, length, position) =>
        answer(() => {
          const file = this.#file(id)
          const view = new Uint8Array(buffer, offset, length)
          if (marksWal(view, position) && this.#locks.holds(file)) return this.#refuseWal()
          // Not `length`: for a negative zero Node ends the whole process (CHECK IsInt32).
          return writeSync(file.fd, view, 0, view.length, writePosition(file, position))
        }),
      resize: (id, size) =>
        answer(() => (isOffset(size) ? done(ftruncateSync(this.#file(id).fd, size)) : BAD)),
      sync: (id, dataOnly) =>
        answer(() => done((dataOnly ? fdatasyncSync : fsyncSync)(this.#file(id).fd))),
      fchmod: (id, mode) =>
        answer(() => {
          const { fd, folder } = this.#file(id)
          return folder.grant.writable ? done(fchmodSync(fd, mode & 0o666)) : -ERRNO.EROFS
        })
    }
  }

  #changes(): Pick<
    FileHost,
    'syncFolder' | 'chmod' | 'utime' | 'truncate' | 'mkdir' | 'rmdir' | 'unlink' | 'rename'
  > {
    return {
      syncFolder: (grant, path) => this.#with(grant, path, O_RDONLY, (fd) => fsyncSync(fd)),
      // No bits but these: what Python writes is data, and never a program for the host to run.
      chmod: (grant, path, mode) =>
        this.#with(grant, path, O_RDONLY, (fd, stats) =>
          fchmodSync(fd, mode & (stats.isDirectory() ? 0o777 : 0o666))
        ),
      utime: (grant, path, atimeMs, mtimeMs) =>
        this.#with(grant, path, O_RDONLY, (fd, stats) => {
          const atime = Number.isFinite(atimeMs) ? atimeMs : stats.atimeMs
          const mtime = Number.isFinite(mtimeMs) ? mtimeMs : stats.mtimeMs
          futimesSync(fd, atime / 1000, mtime / 1000)
        }),
      truncate: (grant, path, size) =>
        isOffset(size) ? this.#with(grant, path, O_WRONLY, (fd) => ftruncateSync(fd, size)) : BAD,
      mkdir: (grant, path, mode) =>
        this.#at(grant, path, (place) => done(mkdirSync(place, { mode: mode & 0o777 }))),
      rmdir: (grant, path) => this.#at(grant, path, (place) => done(rmdirSync(place))),
      unlink: (grant, path) => this.#at(grant, path, (place) => done(unlinkSync(place))),
      rename: (grant, from, to) =>
        this.#at(grant, from, (source) =>
          this.#at(grant, to, (target) => {
            // Python cannot make symbolic links here, nor hard links. Nor may it move a symbolic one:
            // elsewhere in the folder a relative link would lead to another place, of its choosing.
            if (lstatSync(source).isSymbolicLink()) return -ERRNO.EPERM
            return done(renameSync(source, target))
          })
        )
    }
  }

  #lockCalls(): Pick<FileHost, 'lock' | 'testLock' | 'flock'> {
    const locks = this.#locks
    const call = <Result>(id: number, free: Result, ask: (l: FileLocks, f: OpenFile) => Result) =>
      answer(() => {
        const file = this.#file(id)
        // Nothing in a read-only folder is shared for writing, so locks need not reach further.
        return file.folder.grant.writable ? ask(locks, file) : free
      })
    return {
      lock: (id, type, wait, start, end) =>
        call(id, 0, (locks, file) => locks.set(file, type, wait, start, end)),
      testLock: (id, type, start, end) =>
        call<string | number>(id, '', (locks, file) => locks.test(file, type, start, end)),
      flock: (id, operation) => call(id, 0, (locks, file) => locks.flock(file, operation))
    }
  }

  #stat(folder: Folder, path: string): string | number {
    const found = folder.locate(path)
    if (typeof found === 'number') return found
    return this.#describe(folder, found.stats, () => lstatSync(found.real, { bigint: true }).ino)
  }

  #fstat({ fd, folder }: OpenFile): string | number {
    return this.#describe(folder, fstatSync(fd), () => fstatSync(fd, { bigint: true }).ino)
  }

  #describe(folder: Folder, stats: Stats, exactIno: () => bigint): string | number {
    const kind = stats.isDirectory() ? S_IFDIR : stats.isFile() ? S_IFREG : 0
    if (kind === 0) return -ERRNO.EACCES // a device, a FIFO or a socket
    const mode = kind | (stats.mode & (folder.grant.writable ? 0o777 : 0o555))
    // SQLite tells files apart by this number, so the low bits matter more than the high ones.
    const ino = Number.isSafeInteger(stats.ino) ? stats.ino : Number(BigInt.asUintN(53, exactIno()))
    const [mtime, ctime, atime] = [stats.mtimeMs, stats.ctimeMs, stats.atimeMs].map(Math.floor)
    const dev = this.#device(stats.dev)
    return `${mode},${stats.size},${mtime},${ctime},${atime},${ino},${dev},${stats.nlink}`
  }

  /** A small number for a device of the host: Python's is 32 bits wide. */
  #device(dev: number): number {
    const known = this.#devices.get(dev)
    if (known !== undefined) return known
    const next = FIRST_DEVICE + this.#devices.size
    this.#devices.set(dev, next)
    return next
  }

  #list(folder: Folder, path: string): string | number {
    const names = folder.list(path)
    return typeof names === 'number' ? names : names.join('/')
  }

  #openFile(folder: Folder, path: string, flags: number, mode: number): number {
    const access = flags & ACCESS_MODE
    const writes = access !== 0 || (flags & CREATE) !== 0
    if (writes && !folder.grant.writable) return -ERRNO.EROFS
    if (this.#open.size >= this.#limit) return -ERRNO.EMFILE
    if (isWalIndex(path)) this.#warnOnce(walDatabase(path))
    const append = (flags & APPEND) !== 0
    const how =
      (access === WRITE_ONLY ? O_WRONLY : access === READ_WRITE ? O_RDWR : O_RDONLY) |
      (append && writes ? O_APPEND : 0)
    const creating = (flags & CREATE) !== 0
    const opened = creating ? createFile(folder, path, how, mode) : openExisting(folder, path, how)
    if (typeof opened === 'number') return opened
    const { fd, identity, stats } = opened
    if (!stats.isFile()) {
      closeSync(fd)
      return stats.isDirectory() ? -ERRNO.EISDIR : -ERRNO.EACCES
    }
    const id = ++this.#lastId
    const readable = access !== WRITE_ONLY
    this.#open.set(id, { id, fd, folder, identity, append, readable, writable: access !== 0 })
    return id
  }

  #refuseWal(): number {
    this.#warnOnce(WAL_REFUSED)
    return -ERRNO.EIO
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text) || this.#warned.size >= 20) return
    this.#warned.add(text)
    this.#warn(text)
  }

  #closeFile(file: OpenFile): number {
    this.#released(file, true)
    this.#open.delete(file.id)
    return done(closeSync(file.fd))
  }

  #released(file: OpenFile, last: boolean): number {
    if (file.folder.grant.writable) this.#locks.closed(file, last)
    return 0
  }

  /** Does something to what is at `path`, by a descriptor, so that no link can come in between. */
  #with(
    grant: number,
    path: string,
    how: number,
    change: (fd: number, stats: Stats) => void
  ): number {
    return answer(() => {
      const folder = this.#folder(grant)
      if (!folder.grant.writable) return -ERRNO.EROFS
      const opened = openExisting(folder, path, how)
      if (typeof opened === 'number') return opened
      try {
        change(opened.fd, opened.stats)
        return 0
      } finally {
        closeSync(opened.fd)
      }
    })
  }

  /** Does something to a name in a writable folder. */
  #at(grant: number, path: string, change: (place: string) => number): number {
    return answer(() => {
      const folder = this.#folder(grant)
      if (!folder.grant.writable) return -ERRNO.EROFS
      return atPlace(folder, path, change)
    })
  }

  #folder(grant: number): Folder {
    const folder = this.#folders[grant]
    if (folder === undefined) throw BAD_HANDLE
    return folder
  }

  #file(id: number): OpenFile {
    const file = this.#open.get(id)
    if (file === undefined) throw BAD_HANDLE
    return file
  }
}

const BAD = -ERRNO.EINVAL
const BAD_HANDLE = Object.assign(new Error('no such file or folder is granted'), { code: 'EBADF' })

/** Where to write: null is the host's own end-of-file, exact however many workers append. */
function writePosition(file: OpenFile, position: number): number | null {
  if (file.append) return null
  return position < 0 ? fstatSync(file.fd).size : position
}

function isOffset(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** 0, for a call of node:fs that gives nothing and throws when it fails. */
function done(_nothing: unknown): 0 {
  return 0
}

/** Every host function runs in here: nothing is thrown into the realm. */
function answer<Result>(work: () => Result): Result | number {
  try {
    return work()
  } catch (error) {
    return errnoOf(error)
  }
}
