// Bounds what a worker may have logged but the main thread not yet written. Two counters in shared
// memory, so a worker that prints in a tight loop needs no event loop to learn that it is too fast.

const PRODUCED = 0
const CONSUMED = 1

/** Characters of log text that may be on their way from one worker. */
export const LOG_LIMIT = 1_048_576

export function createLogBudget(): SharedArrayBuffer {
  return new SharedArrayBuffer(8)
}

export class LogBudget {
  readonly #words: Int32Array
  #dropped = 0

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  /**
   * Worker: asks to send `length` characters. -1 means: drop this line. Otherwise the number of
   * lines dropped since the last that was let through.
   */
  take(length: number): number {
    const pending = (Atomics.load(this.#words, PRODUCED) - Atomics.load(this.#words, CONSUMED)) | 0
    if (pending > LOG_LIMIT) {
      this.#dropped++
      return -1
    }
    Atomics.add(this.#words, PRODUCED, length)
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }

  /** Main: a line of `length` characters has been written. */
  give(length: number): void {
    Atomics.add(this.#words, CONSUMED, length)
  }
}
