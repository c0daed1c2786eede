// A connection that says byte for byte what the test wants, to see what no HTTP client would send.
import { connect, type Socket } from 'node:net'

export interface Connection {
  readonly socket: Socket
  send(text: string | Uint8Array): void
  /** Everything received so far, as Latin-1. */
  received(): string
  /** Resolves with the first match in what has been received, now or later. */
  seen(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves with everything received once the server has closed the connection. */
  readonly closed: Promise<string>
}

/** Opens a connection to the server at `url`. */
export function open(url: string): Connection {
  const { hostname, port } = new URL(url)
  const socket = url.startsWith('unix:')
    ? connect(url.slice(5))
    : connect(Number(port), hostname.replace(/^\[|\]$/g, ''))
  let text = ''
  const checks = new Set<() => void>()
  const tell = (): void => {
    for (const check of checks) check()
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    tell()
  })
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(text))
  })
  void closed.then(tell)
  const seen = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(text)
        if (match !== null) resolve(match)
        else if (socket.destroyed) reject(new Error(`closed before ${pattern} was seen: ${text}`))
        else return
        checks.delete(check)
      }
      checks.add(check)
      check()
    })
  return { socket, send: (bytes) => socket.write(bytes), received: () => text, seen, closed }
}
