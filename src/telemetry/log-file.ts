// A log in a file that another program may rotate: it is only ever appended to, and can be opened anew
// under its name. What the disk does not take is kept up to a limit, then dropped and counted.
import { closeSync, openSync } from 'node:fs'
import { LineSink, type Sink, type SinkLimits } from './sink.ts'

/** What has failed for another reason than a full disk may work under its name after a while. */
const RETRY_MS = 5_000
/** As other servers create theirs: for the owner, and its group to read. */
const MODE = 0o640

export class LogFile implements Sink {
  readonly path: string
  readonly #limits: SinkLimits
  #descriptor: number
  #sink: LineSink
  #retryAt = 0

  /** Throws what the file system says when it cannot be appended to. */
  constructor(path: string, limits: SinkLimits = {}) {
    this.path = path
    this.#limits = limits
    this.#descriptor = openSync(path, 'a', MODE)
    this.#sink = new LineSink(this.#descriptor, limits)
  }

  write(lines: string): void {
    if (this.#sink.broken) this.#retry()
    this.#sink.write(lines)
  }

  /**
   * Goes on in the file that now has its name. What was written before leaves through the old one. Throws
   * if there can be none; then it stays with the old one.
   */
  reopen(): void {
    const descriptor = openSync(this.path, 'a', MODE)
    const [oldSink, oldDescriptor] = [this.#sink, this.#descriptor]
    this.#descriptor = descriptor
    // One that waits for room or for a reader writes what it has, and tells of what it has not.
    const dropped = oldSink.broken ? oldSink.dropped : 0
    this.#sink = new LineSink(descriptor, this.#limits, dropped)
    void oldSink.flush().then(() => closeSync(oldDescriptor))
  }

  /** Settles once everything written so far has left, or never can. */
  flush(): Promise<void> {
    return this.#sink.flush()
  }

  /** For the end of the process. */
  flushSync(): void {
    this.#sink.flushSync()
  }

  #retry(): void {
    const now = performance.now()
    if (now < this.#retryAt) return
    this.#retryAt = now + RETRY_MS
    try {
      this.reopen()
    } catch {
      // It is tried again; there is no log to tell it to.
    }
  }
}
