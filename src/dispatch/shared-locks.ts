// The file locks of one server: a table that all its process groups share, since two groups may be
// granted the same data folder, and the numbers by which workers own locks in it.
import { createLockTable, LockTable } from '../wire/lock-table.ts'

export class SharedLocks {
  /** What workers make their own view of the table over. */
  readonly buffer: SharedArrayBuffer = createLockTable()
  readonly #table = new LockTable(this.buffer, 0)
  #lastOwner = 0

  /** An owner that no other worker ever was. */
  newOwner(): number {
    return ++this.#lastOwner
  }

  /** Frees what a worker held. Only after its thread has exited. */
  release(owner: number): void {
    this.#table.releaseOwner(owner)
  }
}
