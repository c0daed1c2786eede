// The one folder the installer's guest may write to. Every path is checked here, whatever the guest
// checked before; nothing that exists is ever opened. Node-specific.
import { closeSync, constants, lstatSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join, sep } from 'node:path'

const MAX_FILES = 200_000
const MAX_BYTES = 2 * 2 ** 30
const MAX_PATH = 2048
const FRESH =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
/** Where a path could mean something else to the host than to the guest. */
const HOST_SYNTAX = sep === '\\' ? /[\\:]/ : /\\/

export class Staging {
  readonly #root: string
  #files = 0
  #bytes = 0

  /** `root` is an empty folder that only this installation uses. */
  constructor(root: string) {
    this.#root = root
  }

  /** Writes a new file. Gives '', or why not: `refused ...` is the path's fault, `failed ...` the disk's. */
  write(path: string, bytes: Uint8Array, executable: boolean): string {
    const fault = this.#faultOf(path)
    if (fault !== undefined) return `refused ${fault}`
    this.#files += 1
    this.#bytes += bytes.length
    if (this.#files > MAX_FILES || this.#bytes > MAX_BYTES) return 'refused it is too much in all'
    try {
      const problem = this.#makeFolders(path)
      if (problem !== undefined) return `refused ${problem}`
      this.#create(join(this.#root, path), bytes, executable ? 0o777 : 0o666)
      return ''
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return 'refused two files have this name'
      return `failed ${code || message}`
    }
  }

  #faultOf(path: string): string | undefined {
    if (path.length > MAX_PATH) return 'the path is too long'
    if (!path.isWellFormed() || HOST_SYNTAX.test(path) || hasControls(path)) {
      return 'the path is malformed'
    }
    for (const name of path.split('/')) {
      if (name === '' || name === '.' || name === '..') return 'the path leads out of the folder'
    }
    return undefined
  }

  /** No folder on the way may be a link, even though nobody else should write in here. */
  #makeFolders(path: string): string | undefined {
    let current = this.#root
    for (const name of path.split('/').slice(0, -1)) {
      current = join(current, name)
      const stats = lstatSync(current, { throwIfNoEntry: false })
      if (stats === undefined) mkdirSync(current)
      else if (!stats.isDirectory()) return 'a folder of it is a file'
    }
    return undefined
  }

  /** The process's umask takes its share of `mode`. */
  #create(path: string, bytes: Uint8Array, mode: number): void {
    const file = openSync(path, FRESH, mode)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    } finally {
      closeSync(file)
    }
  }
}

function hasControls(path: string): boolean {
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) < 32) return true
  return false
}
