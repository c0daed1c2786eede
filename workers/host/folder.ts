// One granted folder: which of its names a guest may see, and which host path a guest's path means.
// Every answer is confined to the folder's root. Node-specific; it opens and changes nothing.
import { lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs'
import { basename, sep } from 'node:path'
import type { FileGrant } from '../../src/wire/messages.ts'
import { ERRNO, errnoOf } from './errno.ts'

/** Something that exists in a folder; `stats` never describes a symbolic link. */
export interface Found {
  readonly real: string
  readonly stats: Stats
}

/** A name in a folder of the host, there or not. */
export interface Place {
  readonly parent: string
  readonly name: string
}

const MAX_PATH = 4096
/** What a directory entry holds in Emscripten; a longer name would be cut. */
const MAX_NAME_BYTES = 255
/** Where a path could mean something else to the host than to the guest. */
const HOST_SYNTAX = sep === '\\' ? /[\\:]/ : /\0/
/** Secrets and tools rather than code. Case-blind, because the host's file system may be. */
const HIDDEN = /^(?:\.|node_modules$)/i
/** A name that was not UTF-8 reaches JavaScript with this mark in it and leads nowhere. */
const UNDECODABLE = '\uFFFD'

/** A granted folder. All paths are relative to it, with `/` between names; `''` is the folder. */
export class Folder {
  readonly grant: FileGrant
  readonly root: string
  readonly #prefix: string
  readonly #warn: (text: string) => void
  readonly #warned = new Set<string>()

  /** @throws when the folder is not there: a grant is checked when it is given, not when used. */
  constructor(grant: FileGrant, warn: (text: string) => void) {
    this.grant = grant
    this.root = realpathSync.native(grant.hostPath)
    this.#prefix = this.root.endsWith(sep) ? this.root : this.root + sep
    this.#warn = warn
  }

  /** What is at `path`, links followed, or a negative error number. May throw errors of node:fs. */
  locate(path: string): Found | number {
    if (path === '') return { real: this.root, stats: lstatSync(this.root) }
    const refused = this.#refusal(path)
    if (refused !== 0) return refused
    const joined = this.#prefix + path
    const stats = lookAt(joined)
    if (stats === undefined) return this.#absent(path)
    const real = realpathSync.native(joined)
    if (real === joined) return { real, stats }
    if (!this.#leadsTo(path, real)) return -ERRNO.ENOENT
    return { real, stats: lstatSync(real) }
  }

  /** Where a name would be made, moved or removed: its folder resolved, itself not. */
  place(path: string): Place | number {
    const refused = path === '' ? -ERRNO.EBUSY : this.#refusal(path)
    if (refused !== 0) return refused
    const slash = path.lastIndexOf('/')
    const parent = this.locate(path.slice(0, Math.max(slash, 0)))
    if (typeof parent === 'number') return parent
    if (!parent.stats.isDirectory()) return -ERRNO.ENOTDIR
    return { parent: parent.real, name: path.slice(slash + 1) }
  }

  /** Names in the folder at `path`, each after its kind: `d` directory, `f` file. */
  list(path: string): string[] | number {
    const folder = this.locate(path)
    if (typeof folder === 'number') return folder
    if (!folder.stats.isDirectory()) return -ERRNO.ENOTDIR
    const listed: string[] = []
    for (const entry of readdirSync(folder.real, { withFileTypes: true })) {
      if (!this.#shows(entry.name, folder.real)) continue
      if (entry.isDirectory()) listed.push(`d${entry.name}`)
      else if (entry.isFile()) listed.push(`f${entry.name}`)
      else if (entry.isSymbolicLink()) {
        const kind = this.#kindOfLink(path === '' ? entry.name : `${path}/${entry.name}`)
        if (kind !== '') listed.push(kind + entry.name)
      }
    }
    return listed
  }

  /** True if `real` is the root or inside of it. */
  holds(real: string): boolean {
    return real === this.root || real.startsWith(this.#prefix)
  }

  #refusal(path: string): number {
    if (path.length > MAX_PATH) return -ERRNO.ENAMETOOLONG
    if (HOST_SYNTAX.test(path)) return -ERRNO.EINVAL
    if (path.includes(UNDECODABLE) || !path.isWellFormed()) return -ERRNO.EILSEQ
    for (const name of path.split('/')) {
      if (name === '' || name === '.' || name === '..') return -ERRNO.EINVAL
      if (this.grant.hideDotNames && HIDDEN.test(name)) return -ERRNO.ENOENT
    }
    return 0
  }

  /** Why there is nothing at `path`: what is beneath a file is a mistake of another kind. */
  #absent(path: string): number {
    const slash = path.lastIndexOf('/')
    if (slash === -1) return -ERRNO.ENOENT
    const parent = this.locate(path.slice(0, slash))
    if (typeof parent === 'number') return parent
    return parent.stats.isDirectory() ? -ERRNO.ENOENT : -ERRNO.ENOTDIR
  }

  /**
   * Whether a guest may reach `real` by the name `path`. The two differ when a link was followed, or
   * when the host's file system takes `.ENV` for `.env`; only the first is allowed, and no link on
   * the way may leave the folder, not even to come back. A refusal looks like absence, so that a
   * stray link does not tell which files exist outside.
   */
  #leadsTo(path: string, real: string): boolean {
    let current = this.root
    for (const name of path.split('/')) {
      const step = (current.endsWith(sep) ? current : current + sep) + name
      const target = realpathSync.native(step)
      if (!this.holds(target)) {
        this.#warnOnce(step, `"${step}" leads out of the folder granted as`)
        return false
      }
      if (basename(target) !== name && !lstatSync(step).isSymbolicLink()) return false
      current = target
    }
    return current === real
  }

  #kindOfLink(path: string): '' | 'd' | 'f' {
    try {
      const found = this.locate(path)
      if (typeof found === 'number') return ''
      return found.stats.isDirectory() ? 'd' : found.stats.isFile() ? 'f' : ''
    } catch {
      return '' // dangling, or going in circles
    }
  }

  #shows(name: string, folder: string): boolean {
    if (this.grant.hideDotNames && HIDDEN.test(name)) return false
    if (!name.includes(UNDECODABLE) && name.isWellFormed() && !HOST_SYNTAX.test(name)) {
      return Buffer.byteLength(name) <= MAX_NAME_BYTES
    }
    this.#warnOnce(
      'names',
      `names that are not UTF-8 (one is in "${folder}") in the folder granted as`
    )
    return false
  }

  #warnOnce(subject: string, text: string): void {
    if (this.#warned.has(subject) || this.#warned.size >= 20) return
    this.#warned.add(subject)
    this.#warn(`Hidden from the application: ${text} ${this.grant.guestPath}.`)
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    // Beneath a file. Which of two absences it is, only a confined look may tell.
    if (errnoOf(error) === -ERRNO.ENOTDIR) return undefined
    throw error
  }
}
