// Notes what of the host an application looks at while it is captured: a snapshot of it is stale as
// soon as one of these is another. It changes no answer.
import { existsSync } from 'node:fs'
import type { Dependency } from '../../src/snapshot/image.ts'
import type { FileGrant } from '../../src/wire/messages.ts'
import { ERRNO } from './errno.ts'
import type { FileHost } from './files.ts'

/** Emscripten's O_ACCMODE; 0 is for reading. */
const ACCESS_MODE = 3
/** More than any application needs; what is beyond is counted, so that the snapshot is not kept. */
const LIMIT = 100_000

export class WatchedFiles {
  readonly #grants: readonly FileGrant[]
  readonly #ignored: readonly string[]
  readonly #seen = new Map<string, Dependency['kind']>()

  /** `ignored` are guest paths of grants that are part of the key already. */
  constructor(grants: readonly FileGrant[], ignored: readonly string[]) {
    this.#grants = grants
    this.#ignored = ignored
  }

  /** The same functions, with an eye on them. */
  wrap(host: FileHost): FileHost {
    return {
      ...host,
      stat: (grant, path) => {
        const answer = host.stat(grant, path)
        if (typeof answer === 'string') this.#note(grant, path, 'exists')
        else if (answer === -ERRNO.ENOENT) this.#note(grant, path, 'absent')
        return answer
      },
      list: (grant, path) => {
        const answer = host.list(grant, path)
        if (typeof answer === 'string') this.#note(grant, path, 'folder')
        return answer
      },
      open: (grant, path, flags, mode) => {
        const answer = host.open(grant, path, flags, mode)
        if (answer > 0) this.#note(grant, path, this.#isInput(grant, flags) ? 'file' : 'exists')
        return answer
      }
    }
  }

  /** Host paths, each once. */
  dependencies(): Dependency[] {
    const all = [...this.#seen].map(([path, kind]) => ({ path, kind }))
    return all.filter((dependency) => !this.#isPassing(dependency))
  }

  /**
   * A file of a writable folder that is opened to be written, as a database is, is what the
   * application works on, and not what it was made from. That it is there still counts.
   */
  #isInput(grant: number, flags: number): boolean {
    return this.#grants[grant]?.writable !== true || (flags & ACCESS_MODE) === 0
  }

  /** What came or went in a writable folder meanwhile, such as a journal, is nothing to go by. */
  #isPassing({ path, kind }: Dependency): boolean {
    if (kind !== 'exists' && kind !== 'absent') return false
    const inside = this.#grants.some(
      ({ writable, hostPath }) => writable && path.startsWith(`${hostPath}/`)
    )
    return inside && existsSync(path) !== (kind === 'exists')
  }

  #note(index: number, path: string, kind: Dependency['kind']): void {
    const grant = this.#grants[index]
    if (grant === undefined || this.#ignored.includes(grant.guestPath)) return
    const hostPath = path === '' ? grant.hostPath : `${grant.hostPath}/${path}`
    const before = this.#seen.get(hostPath)
    if (before === kind || (kind === 'exists' && before !== undefined && before !== 'absent'))
      return
    if (before === undefined && this.#seen.size > LIMIT) return
    // Hidden from the guest is not the same as absent.
    if (kind === 'absent' && existsSync(hostPath)) return
    if (kind === 'folder' && before === 'file') return
    this.#seen.set(hostPath, kind)
  }
}
