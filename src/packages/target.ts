// The folder that gets the packages: what is in it, the staging folder inside of it, and the moves
// that replace one by the other. A package counts as installed once its .dist-info is there, so that
// one moves last; whatever fails before the end is undone.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { InstalledDistribution, PlannedPackage } from '../../workers/packages/messages.ts'
import { WasgiError } from '../errors.ts'
import { recordedPaths } from './record.ts'

/** The name ends with the number of the process that uses it. A dot hides it from the guest. */
const STAGING = '.wasgi-install-'
const DIST_INFO = '.dist-info'

interface Move {
  readonly from: string
  readonly to: string
}

export class Target {
  readonly path: string
  /** Empty folders for the guest and for what is replaced; on the target's own file system. */
  readonly staging: string
  readonly #old: string
  readonly #made: boolean
  readonly #work: string
  readonly #moves: Move[] = []
  readonly #installed = new Set<string>()
  #moved = 0

  private constructor(path: string, made: boolean) {
    this.path = path
    this.#made = made
    this.#work = join(path, `${STAGING}${process.pid}`)
    this.staging = join(this.#work, 'new')
    this.#old = join(this.#work, 'old')
  }

  /** Makes the folder where it is not there, and takes it for one installation at a time. */
  static open(path: string): Target {
    try {
      const made = mkdirSync(path, { recursive: true }) !== undefined
      const target = new Target(realpathSync(path), made)
      target.#take()
      return target
    } catch (error) {
      throw unwritable(path, error)
    }
  }

  /** Ends the installation; without a commit, nothing of it stays. */
  close(): void {
    rmSync(this.#work, { recursive: true, force: true })
    if (this.#made) removeEmpty(this.path)
  }

  installed(): InstalledDistribution[] {
    const found: InstalledDistribution[] = []
    for (const entry of readdirSync(this.path, { withFileTypes: true })) {
      if (!entry.isDirectory() || !entry.name.endsWith(DIST_INFO)) continue
      try {
        const metadata = readFileSync(join(this.path, entry.name, 'METADATA'), 'utf8')
        found.push({ folder: entry.name, metadata })
        this.#installed.add(entry.name)
      } catch {
        // Without metadata it is no distribution; an installation of it may take its place.
      }
    }
    return found
  }

  /** Moves every staged package to its place. Either all of them get there, or none does. */
  commit(packages: readonly PlannedPackage[]): void {
    const known = new Set(['', ...this.#installed])
    for (const { staged, replaces } of packages) {
      // The guest only says which; it must not name a place.
      if (/^\d*$/.test(staged) && known.has(replaces)) continue
      throw new WasgiError('WASGI_ERR_INTERNAL', ['the installer gave an answer that is no plan'])
    }
    try {
      for (const { replaces } of packages) if (replaces !== '') this.#putAway(replaces)
      for (const { staged } of packages) {
        if (staged !== '') this.#merge(join(this.staging, staged), this.path)
      }
    } catch (error) {
      this.#undo()
      throw unwritable(this.path, error)
    }
  }

  #take(): void {
    mkdirSync(this.#work, { mode: 0o700 })
    for (const name of readdirSync(this.path)) {
      const other = join(this.path, name)
      if (!name.startsWith(STAGING) || other === this.#work) continue
      const pid = Number(name.slice(STAGING.length))
      if (runs(pid)) {
        this.close()
        throw new Error(`process ${pid} is installing into it`)
      }
      rmSync(other, { recursive: true, force: true }) // left by one that was killed
    }
    mkdirSync(this.staging)
    mkdirSync(this.#old)
  }

  /** Takes an installed version out, by its own record. */
  #putAway(distInfo: string): void {
    const folder = join(this.path, distInfo)
    for (const path of recordedPaths(folder)) {
      if (path.startsWith(`${distInfo}/`) || !this.#isPlain(path)) continue
      this.#remove(join(this.path, path))
    }
    this.#remove(folder)
  }

  /** True for a path below the target whose folders are folders, not links to elsewhere. */
  #isPlain(path: string): boolean {
    let current = this.path
    for (const name of path.split('/')) {
      const stats = lstatSync(current, { throwIfNoEntry: false })
      if (stats === undefined || !stats.isDirectory()) return false
      current = join(current, name)
    }
    return lstatSync(current, { throwIfNoEntry: false }) !== undefined
  }

  #remove(path: string): void {
    this.#move(path, join(this.#old, String(this.#moved)))
    for (let folder = dirname(path); folder !== this.path; folder = dirname(folder)) {
      if (!removeEmpty(folder)) return
    }
  }

  /** Moves what is in `from` into `to`; folders that are in both are merged (namespace packages). */
  #merge(from: string, to: string): void {
    const entries = readdirSync(from, { withFileTypes: true })
    const last = (name: string): number => (name.endsWith(DIST_INFO) ? 1 : 0)
    entries.sort((a, b) => last(a.name) - last(b.name))
    for (const entry of entries) {
      const source = join(from, entry.name)
      const place = join(to, entry.name)
      const there = lstatSync(place, { throwIfNoEntry: false })
      if (entry.isDirectory() && there?.isDirectory() === true) {
        this.#merge(source, place)
        continue
      }
      if (there !== undefined) this.#move(place, join(this.#old, String(this.#moved)))
      this.#move(source, place)
    }
  }

  #move(from: string, to: string): void {
    renameSync(from, to)
    this.#moves.push({ from, to })
    this.#moved += 1
  }

  #undo(): void {
    for (const { from, to } of this.#moves.splice(0).reverse()) {
      try {
        mkdirSync(dirname(from), { recursive: true })
        renameSync(to, from)
      } catch {
        // What cannot go back must not keep the rest from going back.
      }
    }
  }
}

function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    return false // something is in it
  }
}

function runs(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function unwritable(path: string, error: unknown): WasgiError {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'this user may not write there',
    EPERM: 'this user may not write there',
    EROFS: 'its file system is read-only',
    ENOSPC: 'there is no space left',
    ENOTDIR: 'a part of its path is not a folder',
    EEXIST: 'it is not a folder, or is being installed into'
  }
  const reason = reasons[code ?? ''] ?? message
  return new WasgiError('WASGI_ERR_TARGET_UNWRITABLE', [path, reason], { cause: error })
}
