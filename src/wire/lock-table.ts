// Advisory file locks that hold between the worker threads of one server: a table in one
// SharedArrayBuffer, made by the main thread and given to every worker. Other processes do not see
// these locks. Both threads import this file; it must not import anything of either.
import { type LockRange, rangesConflict, withRange } from './lock-ranges.ts'
import { createLockMemory, type FileKey, LockRecords } from './lock-records.ts'

export type { LockRange } from './lock-ranges.ts'

/** A file, by the device and inode number of the host: the same file by every name it has. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
}

/** `full`: no room in the table. `deadlock`, `interrupted`: only for a call that waits. */
export type LockOutcome = 'granted' | 'blocked' | 'deadlock' | 'full' | 'interrupted'

/** The lock that stands in the way of another, and who holds it. */
export interface Holder extends LockRange {
  readonly owner: number
}

export interface Waiting {
  /** Asked some twenty times a second while waiting; true ends the wait. */
  readonly interrupted: () => boolean
}

// Kinds of record. flock locks live apart from record locks, as on Linux.
const SHARED = 1
const EXCLUSIVE = 2
const FLOCK = 4

const WAIT_SLICE_MS = 50
const WHOLE_FILE: LockRange = { start: 0, end: Number.POSITIVE_INFINITY, exclusive: false }

/** Makes the table. One for a server: all workers that may see the same files must share it. */
export function createLockTable(): SharedArrayBuffer {
  return createLockMemory()
}

/** One owner's hold on the shared table. */
export class LockTable {
  readonly #records: LockRecords
  readonly #owner: number

  /** `owner`: a positive 32-bit number that no other thread has or had while this table lives. */
  constructor(buffer: SharedArrayBuffer, owner: number) {
    this.#records = new LockRecords(buffer)
    this.#owner = owner
  }

  /** Takes or changes a record lock (fcntl's F_SETLK); with `waiting`, F_SETLKW. */
  lock(file: FileIdentity, range: LockRange, waiting?: Waiting): LockOutcome {
    const key = keyOf(file)
    let waiter: number | undefined
    const outcome = this.#acquire(waiting, () => {
      if (this.#conflicts(this.#owner, key, range).length === 0) {
        return this.#replace(key, range, false)
      }
      if (waiting === undefined) return 'blocked'
      if (this.#wouldDeadlock(key, range)) return 'deadlock'
      waiter ??= this.#records.vacantWaiter()
      if (waiter === undefined) return 'full'
      const record = { kind: kindOf(range.exclusive), description: 0, key, range }
      this.#records.write(waiter, this.#owner, record)
      return 'blocked'
    })
    if (waiter !== undefined) this.#records.drop(waiter)
    return outcome
  }

  /** Gives up a range. `full` if that splits a lock and there is no room for the second half. */
  unlock(file: FileIdentity, start: number, end: number): LockOutcome {
    const change = { start, end, exclusive: false }
    return this.#acquire(undefined, () => this.#replace(keyOf(file), change, true))
  }

  /** The first lock of another owner that `range` would conflict with (F_GETLK). */
  test(file: FileIdentity, range: LockRange): Holder | undefined {
    let found: Holder | undefined
    this.#acquire(undefined, () => {
      const at = this.#conflicts(this.#owner, keyOf(file), range)[0]
      if (at !== undefined) found = { ...this.#rangeOf(at), owner: this.#records.ownerOf(at) }
      return 'granted'
    })
    return found
  }

  /** Whether this owner has any record lock on a file. */
  holds(file: FileIdentity): boolean {
    return this.#own(keyOf(file)).length > 0
  }

  /** Drops this owner's record locks on a file: what closing any of its descriptors does. */
  unlockFile(file: FileIdentity): void {
    this.#dropAll(this.#own(keyOf(file)))
  }

  /** Takes or converts a flock(2) lock of one open file description. */
  flock(
    file: FileIdentity,
    description: number,
    exclusive: boolean,
    waiting?: Waiting
  ): LockOutcome {
    const key = keyOf(file)
    const kind = FLOCK + kindOf(exclusive)
    return this.#acquire(waiting, () => {
      const mine = this.#flockOf(key, description)
      if (mine.some((at) => this.#records.kindOf(at) === kind)) return 'granted'
      // As on Linux, converting is not atomic: the old lock goes first, even if the new one then
      // cannot be had. Otherwise two readers that both convert would wait for each other.
      this.#dropAll(mine)
      if (this.#flockConflicts(key, exclusive)) return 'blocked'
      const at = this.#records.vacantLock(-1)
      if (at === undefined) return 'full'
      this.#records.write(at, this.#owner, { kind, description, key, range: WHOLE_FILE })
      return 'granted'
    })
  }

  /** Drops the flock lock of one open file description. */
  unflock(file: FileIdentity, description: number): void {
    this.#dropAll(this.#flockOf(keyOf(file), description))
  }

  /**
   * For the main thread: drops everything of an owner whose thread has ended (after its 'exit'
   * event, never before), the table's mutex included if it died holding that. Never waits.
   */
  releaseOwner(owner: number): void {
    this.#records.bury(owner)
    this.#records.announceChange()
  }

  /** Runs `attempt` under the mutex; with `waiting`, again after each release until not blocked. */
  #acquire(waiting: Waiting | undefined, attempt: () => LockOutcome): LockOutcome {
    while (this.#records.enter(this.#owner)) {
      let outcome: LockOutcome
      let seen: number
      try {
        outcome = attempt()
        seen = this.#records.changes()
      } finally {
        this.#records.leave(this.#owner)
      }
      if (outcome !== 'blocked' || waiting === undefined) return outcome
      this.#records.awaitChange(seen, WAIT_SLICE_MS)
      if (waiting.interrupted()) return 'interrupted'
    }
    return 'full'
  }

  /** Makes this owner's record locks on a file what they are after `change`. Under the mutex. */
  #replace(key: FileKey, change: LockRange, unlock: boolean): LockOutcome {
    const old = this.#own(key)
    const held = old.map((at) => this.#rangeOf(at))
    const ranges = withRange(held, change, unlock)
    const slots = old.slice(0, ranges.length)
    let vacant = -1
    while (slots.length < ranges.length) {
      const at = this.#records.vacantLock(vacant)
      if (at === undefined) return 'full'
      slots.push(at)
      vacant = at
    }
    for (const at of old) this.#records.drop(at)
    for (const [index, at] of slots.entries()) {
      const range = ranges[index]
      if (range === undefined) continue
      const record = { kind: kindOf(range.exclusive), description: 0, key, range }
      this.#records.write(at, this.#owner, record)
    }
    this.#records.lowerTop()
    if (old.length > 0) this.#records.announceChange()
    return 'granted'
  }

  /** This owner's record locks on a file. */
  #own(key: FileKey): number[] {
    const records = this.#records
    return records.locks(
      (at, owner) => owner === this.#owner && records.kindOf(at) < FLOCK && records.isFor(at, key)
    )
  }

  /** Record locks of others than `owner` in the way of `range`. */
  #conflicts(owner: number, key: FileKey, range: LockRange): number[] {
    const records = this.#records
    return records.locks((at, holder) => {
      if (holder === owner || records.kindOf(at) >= FLOCK || !records.isFor(at, key)) return false
      return rangesConflict(range, this.#rangeOf(at))
    })
  }

  /** Whether waiting for `range` would close a circle of owners that wait for each other. */
  #wouldDeadlock(key: FileKey, range: LockRange): boolean {
    const waiters = this.#records.waiters()
    const seen = new Set<number>()
    const next = this.#conflicts(this.#owner, key, range)
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      const holder = this.#records.ownerOf(at)
      if (holder === this.#owner) return true
      const waiter = waiters.get(holder)
      if (waiter === undefined || seen.has(holder)) continue
      seen.add(holder)
      const key = this.#records.keyOf(waiter)
      next.push(...this.#conflicts(holder, key, this.#rangeOf(waiter)))
    }
    return false
  }

  #flockOf(key: FileKey, description: number): number[] {
    const records = this.#records
    return records.locks(
      (at, owner) =>
        owner === this.#owner &&
        records.kindOf(at) >= FLOCK &&
        records.descriptionOf(at) === description &&
        records.isFor(at, key)
    )
  }

  /** Whether another description holds the file; the asking one's own lock must be dropped. */
  #flockConflicts(key: FileKey, exclusive: boolean): boolean {
    const records = this.#records
    const held = records.locks((at) => {
      const kind = records.kindOf(at)
      if (kind < FLOCK || !records.isFor(at, key)) return false
      return exclusive || kind === FLOCK + EXCLUSIVE
    })
    return held.length > 0
  }

  #dropAll(locks: readonly number[]): void {
    for (const at of locks) this.#records.drop(at)
    if (locks.length > 0) this.#records.announceChange()
  }

  #rangeOf(at: number): LockRange {
    const exclusive = (this.#records.kindOf(at) & EXCLUSIVE) !== 0
    return { ...this.#records.boundsOf(at), exclusive }
  }
}

function kindOf(exclusive: boolean): number {
  return exclusive ? EXCLUSIVE : SHARED
}

function keyOf(file: FileIdentity): FileKey {
  return new Int32Array(new BigUint64Array([file.dev, file.ino]).buffer)
}
