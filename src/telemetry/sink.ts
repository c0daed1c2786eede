// Writes lines to a file descriptor without ever waiting for it. What a slow reader or a full disk has not
// taken is kept up to a limit, then dropped and counted, so that a stuck terminal cannot fill the memory.
// Written here because sonic-boom's flush at exit never returns once the reader is gone (4.2.1).

import { write, writeSync } from 'node:fs'
import { constants } from 'node:os'

/** Where finished lines go. */
export interface Sink {
  /** Takes whole lines, each ending with a line feed. */
  write(lines: string): void
}

const BATCH_BYTES = 64 * 1024
const RETRY_MS = 20
/** A full disk may have room again after a while. */
const ROOM_MS = 1_000
/** How long an exit waits for a reader. */
const PATIENCE_MS = 1_000
const NOTHING: Uint8Array = new Uint8Array()
const LINE_FEED = 10

export interface SinkLimits {
  /** How much may wait to be written; what comes on top of it is dropped. */
  readonly limitBytes?: number
  /** A write that has been under way for so long means that nobody reads. */
  readonly stuckMs?: number
  /** How long after a write for which there was no room the next one is tried. */
  readonly roomMs?: number
}

/** A sink over a descriptor that this process does not close. */
export class LineSink implements Sink {
  readonly #descriptor: number
  readonly #limitBytes: number
  readonly #stuckMs: number
  readonly #roomMs: number
  #pending: string[] = []
  #pendingBytes = 0
  #dropped: number
  /** full: what was being written waits for room. */
  #state: 'idle' | 'scheduled' | 'writing' | 'full' | 'broken' = 'idle'
  #unwritten: Uint8Array = NOTHING
  #retry: NodeJS.Timeout | undefined
  #writingSince = 0
  #waiting: (() => void)[] = []

  /** `dropped` lines are gone already, and are still to be told of. */
  constructor(descriptor: number, limits: SinkLimits = {}, dropped = 0) {
    this.#descriptor = descriptor
    this.#limitBytes = limits.limitBytes ?? 4 * 1024 * 1024
    this.#stuckMs = limits.stuckMs ?? PATIENCE_MS
    this.#roomMs = limits.roomMs ?? ROOM_MS
    this.#dropped = dropped
  }

  write(lines: string): void {
    const bytes = Buffer.byteLength(lines)
    if (this.#state === 'broken' || this.#pendingBytes + bytes > this.#limitBytes) {
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

  /** Whether there was no room for what was written last: it is tried again. */
  get full(): boolean {
    return this.#state === 'full'
  }

  /** Lines that nobody will find, and has not been told of either. */
  get dropped(): number {
    return this.#dropped
  }

  /** Whether a write has been under way for so long that nobody seems to read. */
  get stuck(): boolean {
    return this.#state === 'writing' && Date.now() - this.#writingSince > this.#stuckMs
  }

  /** For the end of the process. Gives up when the reader is stuck or gone, or the disk full. */
  flushSync(): void {
    if (this.#state === 'broken' || this.stuck) return
    const deadline = Date.now() + PATIENCE_MS
    const wasFull = this.#state === 'full'
    const begun = this.#takeUnwritten()
    let rest: Uint8Array = Buffer.concat([begun, Buffer.from(this.#take(Number.POSITIVE_INFINITY))])
    while (rest.length > 0 && Date.now() < deadline) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest))
      } catch (error) {
        if (!isBusy(error)) break
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
      }
    }
    if (wasFull) this.#settle('idle')
  }

  #writeBatch(): void {
    const batch = this.#take(BATCH_BYTES)
    if (batch === '') {
      this.#settle('idle')
      return
    }
    this.#begin(Buffer.from(batch))
  }

  #begin(bytes: Uint8Array): void {
    this.#state = 'writing'
    this.#writingSince = Date.now()
    this.#writeRest(bytes)
  }

  #writeRest(rest: Uint8Array): void {
    write(this.#descriptor, rest, 0, rest.length, null, (error, written) => {
      if (isBusy(error)) setTimeout(() => this.#writeRest(rest), RETRY_MS)
      else if (isFull(error)) this.#waitForRoom(rest)
      else if (error !== null) this.#break(rest)
      else if (written < rest.length) this.#writeRest(rest.subarray(written))
      else this.#writeBatch()
    })
  }

  #waitForRoom(rest: Uint8Array): void {
    this.#state = 'full'
    this.#unwritten = rest
    this.#retry = setTimeout(() => this.#begin(this.#takeUnwritten()), this.#roomMs).unref()
  }

  /** What waits for room, to be written before anything else. */
  #takeUnwritten(): Uint8Array {
    const unwritten = this.#unwritten
    this.#unwritten = NOTHING
    clearTimeout(this.#retry)
    return unwritten
  }

  #break(rest: Uint8Array): void {
    const lines = rest.reduce((count, byte) => (byte === LINE_FEED ? count + 1 : count), 0)
    this.#dropped += lines + this.#pending.length
    this.#pending = []
    this.#pendingBytes = 0
    this.#settle('broken')
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
        `wasgi: ${this.#dropped} log lines were dropped, because they could not be written in time\n`
      )
      this.#dropped = 0
    }
    return taken.join('')
  }

  #settle(state: 'idle' | 'broken'): void {
    this.#state = state
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

/** Which name it has depends on libuv, which does not know EDQUOT. */
function isFull(error: NodeJS.ErrnoException | null): boolean {
  const { ENOSPC, EDQUOT } = constants.errno
  return [-ENOSPC, -EDQUOT].includes(error?.errno ?? 0)
}

function isBusy(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'EAGAIN' || code === 'EBUSY'
}
