// One connection, from its first byte to its end: sends bytes in the segments asked for and collects
// what comes back. A segment is a write of its own, after a turn of the event loop.
import { connect } from 'node:net'

export interface Conversation {
  readonly received: Buffer
  /** The client's port, which the application sees as REMOTE_PORT. */
  readonly port: number
  /** `late`: the server had not closed it when the time was up. */
  readonly end: 'closed' | 'reset' | 'left' | 'late'
}

export interface Manner {
  /**
   * Whether all has been received that is to come. Then the client ends the connection: by a FIN, or
   * at once. Without it, it waits until the server does.
   */
  readonly enough?: (received: Buffer) => boolean
  readonly leaving?: 'end' | 'destroy'
  /** No test is near it: it bounds a hang. */
  readonly limitMs: number
}

export function converse(
  url: string,
  segments: readonly Buffer[],
  manner: Manner
): Promise<Conversation> {
  const { hostname, port } = new URL(url)
  const { enough, leaving = 'end', limitMs } = manner
  const { promise, resolve } = Promise.withResolvers<Conversation>()
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  const parts: Buffer[] = []
  let localPort = 0
  let sent = false
  let end: Conversation['end'] = 'closed'
  const timer = setTimeout(() => {
    end = 'late'
    socket.destroy()
  }, limitMs)
  const look = (): void => {
    if (!sent || end !== 'closed' || enough?.(Buffer.concat(parts)) !== true) return
    if (leaving === 'end') socket.end()
    else {
      end = 'left'
      socket.destroy()
    }
  }
  socket.on('connect', () => {
    localPort = socket.localPort ?? 0
    void send(segments, (bytes) => {
      if (!socket.writable) return false
      socket.write(bytes)
      return true
    }).then(() => {
      sent = true
      look()
    })
  })
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk)
    look()
  })
  socket.on('error', () => {
    if (end === 'closed') end = 'reset'
  })
  socket.on('close', () => {
    clearTimeout(timer)
    resolve({ received: Buffer.concat(parts), port: localPort, end })
  })
  return promise
}

async function send(segments: readonly Buffer[], write: (bytes: Buffer) => boolean): Promise<void> {
  for (const segment of segments) {
    if (!write(segment)) return
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

/** Cuts bytes at these places, given as fractions of their length. */
export function cutAt(bytes: Buffer, fractions: readonly number[]): Buffer[] {
  const places = fractions.map((fraction) => Math.floor(fraction * bytes.length))
  const edges = [...new Set([0, ...places, bytes.length])].sort((a, b) => a - b)
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}
