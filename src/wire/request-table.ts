// A table in shared memory with one row for each request handed to a worker. It decides, without a
// message, who owns a request: a worker that starts it or the main thread that takes it back. A row
// is marked as started before any Python runs, so nothing is lost and nothing is run twice.

const STATE = 0
const CANCELLED = 1
const TIMED_OUT = 2
const WORDS = 3

const FREE = 0
const WAITING = 1
const STARTED = 2
const WITHDRAWN = 3

/** Words, and doubles for the time of the start and for the latest there may be. */
const ROW_BYTES = WORDS * 4 + 2 * 8

/** Bytes the table of `slots` rows takes. */
export function requestTableBytes(slots: number): number {
  return slots * ROW_BYTES
}

/** A view of the table; both threads make their own over the same buffer. */
export class RequestTable {
  readonly slots: number
  readonly #words: Int32Array
  readonly #startedAt: Float64Array
  readonly #startBy: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.slots = Math.floor(buffer.byteLength / ROW_BYTES)
    this.#startedAt = new Float64Array(buffer, 0, this.slots)
    this.#startBy = new Float64Array(buffer, this.slots * 8, this.slots)
    this.#words = new Int32Array(buffer, this.slots * 16, this.slots * WORDS)
  }

  /**
   * Main: finds a free row and marks it waiting, to be started by `startBy` or not at all. -1 when
   * there is none.
   */
  claim(startBy: number = Number.POSITIVE_INFINITY): number {
    for (let slot = 0; slot < this.slots; slot++) {
      if (Atomics.load(this.#words, slot * WORDS) !== FREE) continue
      Atomics.store(this.#words, slot * WORDS + CANCELLED, 0)
      Atomics.store(this.#words, slot * WORDS + TIMED_OUT, 0)
      this.#startedAt[slot] = 0
      this.#startBy[slot] = startBy
      Atomics.store(this.#words, slot * WORDS + STATE, WAITING)
      return slot
    }
    return -1
  }

  /** Main: the row may be used again. Only after the worker has answered for it or is gone. */
  release(slot: number): void {
    Atomics.store(this.#words, slot * WORDS + STATE, FREE)
  }

  /** Worker: true when the request is now this worker's to run; false when it was taken back, or is late. */
  start(slot: number, nowMs: number): boolean {
    if (nowMs > (this.#startBy[slot] ?? 0)) return false
    this.#startedAt[slot] = nowMs
    const before = Atomics.compareExchange(this.#words, slot * WORDS + STATE, WAITING, STARTED)
    return before === WAITING
  }

  /** Main: true when the request had not started and never will in that worker. */
  withdraw(slot: number): boolean {
    const before = Atomics.compareExchange(this.#words, slot * WORDS + STATE, WAITING, WITHDRAWN)
    return before === WAITING
  }

  hasStarted(slot: number): boolean {
    return Atomics.load(this.#words, slot * WORDS + STATE) === STARTED
  }

  /** Milliseconds of the shared monotonic clock (`monotonicMs`) when it started; 0 before. */
  startedAt(slot: number): number {
    return this.hasStarted(slot) ? (this.#startedAt[slot] ?? 0) : 0
  }

  /** Main: the client is gone. */
  cancel(slot: number): void {
    Atomics.store(this.#words, slot * WORDS + CANCELLED, 1)
  }

  /** Worker: asked at each chunk, so a computing generator stops without an event loop. */
  isCancelled(slot: number): boolean {
    return Atomics.load(this.#words, slot * WORDS + CANCELLED) === 1
  }

  /** Main: the request takes too long, and its Python is to be told. */
  timeOut(slot: number): void {
    Atomics.store(this.#words, slot * WORDS + TIMED_OUT, 1)
  }

  /** Worker: whether there is that to tell. */
  isTimedOut(slot: number): boolean {
    return Atomics.load(this.#words, slot * WORDS + TIMED_OUT) === 1
  }

  /** Worker: true once for a request that takes too long, for whoever tells it. */
  takeTimeout(slot: number): boolean {
    return Atomics.exchange(this.#words, slot * WORDS + TIMED_OUT, 0) === 1
  }
}

/** A monotonic clock that all threads of the process share, in milliseconds. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
