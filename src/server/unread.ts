// What is still to come of a body that nobody reads any more. Node throws it away, however long it is and
// however long that takes.
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Each byte earns a slow client so much time, as for a body that is read. */
const MS_PER_BYTE = 2

export interface UnreadLimits {
  readonly bodyLimitBytes: number
  /** 0 is for ever. */
  readonly bodyTimeoutMs: number
}

/** Cuts the connection of an HTTP/1 client whose rest takes too long, or is too much. */
export function boundUnread(raw: IncomingMessage, limits: UnreadLimits): void {
  const { bodyLimitBytes, bodyTimeoutMs } = limits
  const { socket } = raw
  if (!(socket instanceof Socket)) return // app.inject() has no connection
  // Of a client that is gone no end would ever be seen.
  if (bodyTimeoutMs === 0 || raw.complete || socket.destroyed) return
  const [since, before] = [performance.now(), socket.bytesRead]
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const bytes = socket.bytesRead - before
    const leftMs = bodyTimeoutMs + bytes * MS_PER_BYTE - (performance.now() - since)
    if (leftMs <= 0 || bytes > bodyLimitBytes) socket.destroy()
    else timer = setTimeout(look, Math.min(leftMs, bodyTimeoutMs, LONGEST_TIMER_MS)).unref()
  }
  const stop = (): void => {
    clearTimeout(timer)
    raw.off('end', stop)
    socket.off('close', stop)
  }
  look()
  raw.once('end', stop)
  // After the response the request itself has no such event.
  socket.once('close', stop)
}
