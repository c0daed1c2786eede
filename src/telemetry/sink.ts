// Writes lines to a file descriptor without ever waiting for it. What a slow reader has not taken is
// kept up to a limit, then dropped and counted, so that a stuck terminal cannot fill the memory.
// Written here because sonic-boom's flush at exit never returns once the reader is gone (4.2.1).

import { write, writeSync } from 'node:fs'

/** Where finished lines go. */
export interface Sink {
  /** Takes whole lines, each ending with a line feed. */
  write(lines: string): void
}

const BATCH_BYTES = 64 * 1024
const RETRY_MS = 20
/** How long an exit waits for a reader. */
const PATIENCE_MS = 1_000

export interface SinkLimits {
  /** How much may wait to be written; what comes on top of it is dropped. */
  readonly limitBytes?: number
  /** A write that has been under way for so long means that nobody reads. */
  readonly stuckMs?: number
}

/** A sink over a descriptor that this process does not close. */
export class LineSink implements Sink {
  readonly #descriptor: number
  readonly #limitBytes: number
  readonly #stuckMs: number
  #pending: string[] = []
  #pendingBytes = 0
  #dropped = 0
  #state: 'idle' | 'scheduled' | 'writing' | 'broken' = 'idle'
  #writingSince = 0
  #waiting: (() => void)[] = []

  constructor(descriptor: number, limits: SinkLimits = {}) {
    this.#descriptor = descriptor
    this.#limitBytes = limits.limitBytes ?? 4 * 1024 * 1024
    this.#stuckMs = limits.stuckMs ?? PATIENCE_MS
  }

  write(lines: string): void {
    if (this.#state === 'broken') return
    const bytes = Buffer.byteLength(lines)
    if (this.#pendingBytes + bytes > this.#limitBytes) {
      this.#dropped += 1
      return
    }
    this.#pending.push(lines)
    this.#pendingBytes += bytes
    if (this.#state !== 'idle') return
    this.#state = 'scheduled'
    // Everything logged in one turn of the event loop leaves in one system call.
    setImmediate(() => this.#writeBatch())
  }

  /** Settles once everything written so far has left, or never can. */
  flush(): Promise<void> {
    if (this.#state === 'idle' || this.#state === 'broken') return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Whether a write has failed: nothing more is written. */
  get broken(): boolean {
    return this.#state === 'broken'
  }

  /** Whether a write has been under way for so long that nobody seems to read. */
  get stuck(): boolean {
    return this.#state === 'writing' && Date.now() - this.#writingSince > this.#stuckMs
  }

  /** For the end of the process. Gives up when the reader is stuck or gone. */
  flushSync(): void {
    if (this.#state === 'broken' || this.stuck) return
    const deadline = Date.now() + PATIENCE_MS
    let rest: Uint8Array = Buffer.from(this.#take(Number.POSITIVE_INFINITY))
    while (rest.length > 0 && Date.now() < deadline) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest))
      } catch (error) {
        if (!isBusy(error)) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
      }
    }
  }

  #writeBatch(): void {
    const batch = this.#take(BATCH_BYTES)
    if (batch === '') {
      this.#settle('idle')
      return
    }
    this.#state = 'writing'
    this.#writingSince = Date.now()
    this.#writeRest(Buffer.from(batch))
  }

  #writeRest(rest: Uint8Array): void {
    write(this.#descriptor, rest, 0, rest.length, null, (error, written) => {
      if (isBusy(error)) setTimeout(() => this.#writeRest(rest), RETRY_MS)
      else if (error !== null) this.#settle('broken')
      else if (written < rest.length) this.#writeRest(rest.subarray(written))
      else this.#writeBatch()
    })
  }

  /** Removes up to `bytes` of whole entries, at least one, and tells of what was dropped. */
  #take(bytes: number): string {
    let count = 0
    let size = 0
    while (count < this.#pending.length && (count === 0 || size < bytes)) {
      size += Buffer.byteLength(this.#pending[count++] ?? '')
    }
    const taken = this.#pending.splice(0, count)
    this.#pendingBytes -= size
    if (this.#pending.length === 0 && this.#dropped > 0) {
      taken.push(
        `wasgi: ${this.#dropped} log lines were dropped, because nobody read them in time\n`
      )
      this.#dropped = 0
    }
    return taken.join('')
  }

  #settle(state: 'idle' | 'broken'): void {
    this.#state = state
    if (state === 'broken') {
      this.#pending = []
      this.#pendingBytes = 0
    }
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** Standard error; what is left when the process ends is written then. */
export function openStderr(limits: SinkLimits = {}): LineSink {
  const sink = new LineSink(2, limits)
  process.on('exit', (code) => {
    sink.flushSync()
    if (sink.stuck) dieNow(code)
  })
  return sink
}

/** Node waits for its thread pool before it exits, so a write that blocks there would hang it. */
function dieNow(code: number): void {
  const signal = code === 130 ? 'SIGINT' : 'SIGTERM'
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

function isBusy(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'EAGAIN' || code === 'EBUSY'
}
