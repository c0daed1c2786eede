// The memory of the lock table: where its words lie in the SharedArrayBuffer, its mutex, and the
// writing order that keeps it sound when a thread dies at any instruction. Knows no lock rules.
import type { LockRange } from './lock-ranges.ts'

// Words of the header.
const MUTEX = 0
/** Counts releases; whoever waits for a lock waits for this word to change. */
const CHANGES = 1
/** No lock in use has a higher index than this. */
const TOP = 2
const HEADER_WORDS = 16

// Words of a record.
const OWNER = 0
const KIND = 1
const DESCRIPTION = 2
const KEY = 4
const KEY_WORDS = 4
const START = 8
const END = 10
const RECORD_WORDS = 12

/** Locks at once, over all workers. */
export const MAX_LOCKS = 4096
const MAX_WAITERS = 256
const MAX_RECORDS = MAX_LOCKS + MAX_WAITERS
const WORDS = HEADER_WORDS + RECORD_WORDS * MAX_RECORDS

const MUTEX_SLICE_MS = 10
/** A holder works for microseconds; longer means that it died and nobody released it. */
const MUTEX_SLICES = 3000

/** Device and inode number as words, which compare without making a bigint. */
export type FileKey = Int32Array

export interface LockRecord {
  readonly kind: number
  /** The open file description, for flock; otherwise 0. */
  readonly description: number
  readonly key: FileKey
  readonly range: LockRange
}

/** Makes the memory, all zero: no locks, no holder of the mutex. */
export function createLockMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)
}

/**
 * Records `0 … MAX_LOCKS - 1` are locks, the rest are waiters. A record belongs to the owner it
 * names and only that owner writes to it; the owner word is stored last when a record is made and
 * first when it is dropped. So what a dead owner left half done is in its own records only.
 */
export class LockRecords {
  readonly #words: Int32Array
  readonly #bounds: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
    this.#bounds = new Float64Array(buffer)
  }

  /** Takes the mutex; false if its holder never let go. Sliced so that the thread can be ended. */
  enter(owner: number): boolean {
    for (let slice = 0; slice < MUTEX_SLICES; slice++) {
      const holder = Atomics.compareExchange(this.#words, MUTEX, 0, owner)
      if (holder === 0) return true
      Atomics.wait(this.#words, MUTEX, holder, MUTEX_SLICE_MS)
    }
    return false
  }

  /** Gives back the mutex if `owner` holds it. */
  leave(owner: number): void {
    if (Atomics.compareExchange(this.#words, MUTEX, owner, 0) === owner) {
      Atomics.notify(this.#words, MUTEX, 1)
    }
  }

  changes(): number {
    return Atomics.load(this.#words, CHANGES)
  }

  /** Waits until `changes()` is no longer `seen`, at most `ms` milliseconds. */
  awaitChange(seen: number, ms: number): void {
    Atomics.wait(this.#words, CHANGES, seen, ms)
  }

  announceChange(): void {
    Atomics.add(this.#words, CHANGES, 1)
    Atomics.notify(this.#words, CHANGES)
  }

  ownerOf(at: number): number {
    return Atomics.load(this.#words, base(at) + OWNER)
  }

  kindOf(at: number): number {
    return this.#words[base(at) + KIND] ?? 0
  }

  descriptionOf(at: number): number {
    return this.#words[base(at) + DESCRIPTION] ?? 0
  }

  /** The range of a record; `exclusive` is the caller's to add, it is part of the kind. */
  boundsOf(at: number): { readonly start: number; readonly end: number } {
    const first = base(at)
    return {
      start: this.#bounds[(first + START) / 2] ?? 0,
      end: this.#bounds[(first + END) / 2] ?? 0
    }
  }

  keyOf(at: number): FileKey {
    return this.#words.slice(base(at) + KEY, base(at) + KEY + KEY_WORDS)
  }

  isFor(at: number, key: FileKey): boolean {
    const first = base(at) + KEY
    for (let i = 0; i < KEY_WORDS; i++) {
      if (this.#words[first + i] !== key[i]) return false
    }
    return true
  }

  /** Locks in use for which `isMeant` holds, in order. */
  locks(isMeant: (at: number, owner: number) => boolean): number[] {
    const found: number[] = []
    const top = Atomics.load(this.#words, TOP)
    for (let at = 0; at < top; at++) {
      const owner = this.ownerOf(at)
      if (owner !== 0 && isMeant(at, owner)) found.push(at)
    }
    return found
  }

  /** Each waiting owner with its record. */
  waiters(): Map<number, number> {
    const found = new Map<number, number>()
    for (let at = MAX_LOCKS; at < MAX_RECORDS; at++) {
      const owner = this.ownerOf(at)
      if (owner !== 0) found.set(owner, at)
    }
    return found
  }

  /** A free lock record with an index above `after`. Under the mutex. */
  vacantLock(after: number): number | undefined {
    const at = this.#vacant(after + 1, MAX_LOCKS)
    if (at !== undefined && at >= Atomics.load(this.#words, TOP)) {
      Atomics.store(this.#words, TOP, at + 1)
    }
    return at
  }

  /** A free waiter record. Under the mutex. */
  vacantWaiter(): number | undefined {
    return this.#vacant(MAX_LOCKS, MAX_RECORDS)
  }

  /** Fills a record and, last, makes it the owner's. */
  write(at: number, owner: number, record: LockRecord): void {
    const first = base(at)
    this.#words[first + KIND] = record.kind
    this.#words[first + DESCRIPTION] = record.description
    this.#words.set(record.key, first + KEY)
    this.#bounds[(first + START) / 2] = record.range.start
    this.#bounds[(first + END) / 2] = record.range.end
    Atomics.store(this.#words, first + OWNER, owner)
  }

  /** Drops a record. Its owner needs no mutex for it, nor does who buries that owner. */
  drop(at: number): void {
    Atomics.store(this.#words, base(at) + OWNER, 0)
  }

  /** Forgets the free records at the end of the searched part. Under the mutex. */
  lowerTop(): void {
    let top = Atomics.load(this.#words, TOP)
    while (top > 0 && this.ownerOf(top - 1) === 0) top--
    Atomics.store(this.#words, TOP, top)
  }

  /** Drops every record of an owner whose thread has ended, and the mutex if it held that. */
  bury(owner: number): void {
    for (let at = 0; at < MAX_RECORDS; at++) {
      Atomics.compareExchange(this.#words, base(at) + OWNER, owner, 0)
    }
    this.leave(owner)
  }

  #vacant(from: number, to: number): number | undefined {
    for (let at = from; at < to; at++) {
      if (this.ownerOf(at) === 0) return at
    }
    return undefined
  }
}

function base(at: number): number {
  return HEADER_WORDS + RECORD_WORDS * at
}
