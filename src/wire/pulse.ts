// Signs of life of a worker's thread, in shared memory: that its event loop turns, what it has cost so
// far, and whether its Python waits. Written by the thread, read by the main thread without asking.

export const PULSE_BYTES: number = 3 * Float64Array.BYTES_PER_ELEMENT
/** How often the thread writes. */
export const BEAT_MS = 250

export class Pulse {
  readonly #values: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#values = new Float64Array(buffer)
  }

  /** Worker: the event loop has come round. */
  beat(cpuMs: number): void {
    this.#values[1] = cpuMs
    this.#values[0] = this.beats + 1
  }

  /** Worker: Python is suspended, until something it waits for ends; or goes on. */
  suspend(suspended: boolean): void {
    if (suspended !== this.isSuspended) this.#values[2] = this.suspensions + 1
  }

  /** How often it has been suspended, twice; odd while it is. */
  get suspensions(): number {
    return this.#values[2] ?? 0
  }

  get isSuspended(): boolean {
    return this.suspensions % 2 === 1
  }

  /** How often it has come round. */
  get beats(): number {
    return this.#values[0] ?? 0
  }

  /** Processor time of the thread since it began. */
  get cpuMs(): number {
    return this.#values[1] ?? 0
  }
}
