// The host half of fcntl and flock: one worker's locks on the files it has open, kept in the table
// that all workers share. Emscripten's own calls always succeed, which lets two workers corrupt one
// SQLite file.
import type { FileIdentity, LockOutcome, LockTable, Waiting } from '../../src/wire/lock-table.ts'
import { ERRNO } from './errno.ts'

/** An open file as far as locks go. `id` stands for its open file description. */
export interface Lockable {
  readonly id: number
  readonly identity: FileIdentity
  readonly readable: boolean
  readonly writable: boolean
}

/** The numbers of struct flock and of flock(2), which wasm32 shares with Linux. */
const READ_LOCK = 0
const WRITE_LOCK = 1
const UNLOCK = 2
const LOCK_SH = 1
const LOCK_EX = 2
const LOCK_NB = 4
const LOCK_UN = 8

const OUTCOMES: Readonly<Record<LockOutcome, number>> = {
  granted: 0,
  blocked: -ERRNO.EAGAIN,
  deadlock: -ERRNO.EDEADLK,
  full: -ERRNO.ENOLCK,
  interrupted: -ERRNO.EINTR
}

/** The locks of one worker. All results are 0 or a negative error number, unless said otherwise. */
export class FileLocks {
  readonly #table: LockTable
  readonly #waiting: Waiting
  /** Descriptions that took a flock lock since they were opened. */
  readonly #flocked = new Set<number>()
  /** Whether any record lock was ever taken: most workers never do, and close many files. */
  #used = false

  constructor(table: LockTable, interrupted: () => boolean) {
    this.#table = table
    this.#waiting = { interrupted }
  }

  /** F_SETLK, or F_SETLKW if `wait`. `type` is l_type. */
  set(file: Lockable, type: number, wait: boolean, start: number, end: number): number {
    if (!isRange(start, end)) return -ERRNO.EINVAL
    if (type === UNLOCK) return OUTCOMES[this.#table.unlock(file.identity, start, end)]
    if (type !== READ_LOCK && type !== WRITE_LOCK) return -ERRNO.EINVAL
    const exclusive = type === WRITE_LOCK
    if (exclusive ? !file.writable : !file.readable) return -ERRNO.EBADF
    this.#used = true
    const range = { start, end, exclusive }
    return OUTCOMES[this.#table.lock(file.identity, range, wait ? this.#waiting : undefined)]
  }

  /** F_GETLK: `type,start,end,owner` of a lock in the way, `''` if there is none. */
  test(file: Lockable, type: number, start: number, end: number): string | number {
    if (!isRange(start, end) || (type !== READ_LOCK && type !== WRITE_LOCK)) return -ERRNO.EINVAL
    const range = { start, end, exclusive: type === WRITE_LOCK }
    const holder = this.#table.test(file.identity, range)
    if (holder === undefined) return ''
    const kind = holder.exclusive ? WRITE_LOCK : READ_LOCK
    return `${kind},${holder.start},${holder.end},${holder.owner}`
  }

  /** Whether this worker has record locks on the file. */
  holds(file: Lockable): boolean {
    return this.#used && this.#table.holds(file.identity)
  }

  /** flock(2). */
  flock(file: Lockable, operation: number): number {
    const wait = (operation & LOCK_NB) === 0 ? this.#waiting : undefined
    switch (operation & ~LOCK_NB) {
      case LOCK_SH:
      case LOCK_EX: {
        this.#flocked.add(file.id)
        const exclusive = (operation & LOCK_EX) !== 0
        return OUTCOMES[this.#table.flock(file.identity, file.id, exclusive, wait)]
      }
      case LOCK_UN:
        this.#table.unflock(file.identity, file.id)
        return 0
      default:
        return -ERRNO.EINVAL
    }
  }

  /**
   * A descriptor of the file was closed, `last` if it was the last of its description. POSIX drops
   * all record locks of the process on that file, whichever descriptor took them; SQLite is written
   * for that and would wait for itself if it were otherwise.
   */
  closed(file: Lockable, last: boolean): void {
    if (this.#used) this.#table.unlockFile(file.identity)
    if (last && this.#flocked.delete(file.id)) this.#table.unflock(file.identity, file.id)
  }
}

function isRange(start: number, end: number): boolean {
  return Number.isSafeInteger(start) && start >= 0 && end > start
}
