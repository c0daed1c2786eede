// Tells of what Python reads of the granted folders, with a stamp of how each was just before it was
// read: whoever compares that with how it is now misses no change. It changes no answer. For `reload`.
import { type Dirent, readdirSync, statSync } from 'node:fs'
import type { FileGrant, Saw } from '../../src/wire/messages.ts'
import { ERRNO } from './errno.ts'
import type { FileHost } from './files.ts'

/** Names that an import may find in a folder; others come and go while an application works. */
const IMPORTABLE = /\.(py|so|pth)$/
const NEVER = /^(\.|__pycache__$|node_modules$|python_modules$)/
/** More than any application reads. */
const LIMIT = 100_000

/**
 * Something that is equal as long as what Python would read there is. Never throws. Of a `script` its mode
 * and its links do not count, which an operator may change.
 */
export function stampOf(path: string, kind: Saw['what'] | 'script'): string {
  try {
    if (kind === 'folder') {
      return readdirSync(path, { withFileTypes: true })
        .filter(isImportable)
        .map(named)
        .sort()
        .join('/')
    }
    const stats = statSync(path, { bigint: true })
    const stamp = `${stats.mtimeNs}-${stats.ino}-${stats.size}`
    // Tools may put a modification time back, but not this one.
    return kind === 'script' ? stamp : `${stamp}-${stats.ctimeNs}`
  } catch {
    return ''
  }
}

function isImportable(entry: Dirent): boolean {
  if (NEVER.test(entry.name)) return false
  return entry.isDirectory() || entry.isSymbolicLink() || IMPORTABLE.test(entry.name)
}

function named({ name }: Dirent): string {
  return name
}

export class SeenFiles {
  readonly #grants: readonly FileGrant[]
  readonly #ignored: readonly string[]
  readonly #tell: (saw: Saw) => void
  readonly #told = new Set<string>()

  /** `ignored` are guest paths of grants that are none of the application's. */
  constructor(grants: readonly FileGrant[], ignored: readonly string[], tell: (saw: Saw) => void) {
    this.#grants = grants
    this.#ignored = ignored
    this.#tell = tell
  }

  /** The same functions, with an eye on them. */
  wrap(host: FileHost): FileHost {
    return {
      ...host,
      stat: (grant, path) => {
        const answer = host.stat(grant, path)
        if (answer === -ERRNO.ENOENT) this.#note(grant, path, 'absent')
        return answer
      },
      list: (grant, path) => {
        this.#note(grant, path, 'folder')
        return host.list(grant, path)
      },
      open: (grant, path, flags, mode) => {
        this.#note(grant, path, 'file')
        return host.open(grant, path, flags, mode)
      }
    }
  }

  /** What it may write to is what it works on, not what it is made from. */
  #isData(path: string): boolean {
    return this.#grants.some(
      ({ writable, hostPath }) => writable && `${path}/`.startsWith(`${hostPath}/`)
    )
  }

  #note(index: number, path: string, what: Saw['what']): void {
    const grant = this.#grants[index]
    if (grant === undefined || this.#ignored.includes(grant.guestPath)) return
    if (path.includes('__pycache__') || this.#told.size > LIMIT) return
    const hostPath = path === '' ? grant.hostPath : `${grant.hostPath}/${path}`
    if (this.#isData(hostPath)) return
    const key = `${what} ${hostPath}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#tell({ kind: 'saw', what, path: hostPath, stamp: stampOf(hostPath, what) })
  }
}
