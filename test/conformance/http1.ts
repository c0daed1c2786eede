// Speaks HTTP/1.x in bytes, over TCP, a Unix socket or TLS.
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { CERTIFICATE } from '../unit/packages-certificate.ts'
import { Received, readAnswer } from './answers.ts'
import { type Answer, type Ask, type Connection, HOST } from './row.ts'
import type { Address } from './servers.ts'

export async function connect(address: Address): Promise<Connection> {
  const { received, socket, port, destroy } = await open(address)
  return {
    port,
    write: (bytes) => {
      socket.write(bytesOf(bytes))
    },
    end: () => {
      socket.end()
    },
    destroy,
    answer: (method = 'GET') => readAnswer(received, method, false),
    until: async (text) => {
      await received.until(() => received.text.includes(text))
      return received.text
    },
    closed: async () => {
      await received.until(() => false)
      return received.text
    }
  }
}

/** One request on a connection of its own. */
export async function send(
  address: Address,
  version: '1.0' | '1.1',
  prefix: string,
  ask: Ask
): Promise<Answer> {
  const { received, socket, destroy } = await open(address)
  try {
    if (ask.unreadUntil !== undefined) socket.pause()
    for (const bytes of requestBytes(version, prefix, ask)) socket.write(bytes)
    await ask.unreadUntil
    socket.resume()
    return await readAnswer(received, ask.method ?? 'GET', version === '1.0')
  } finally {
    destroy()
  }
}

/** The header fields that pick an application. */
export function picking(app: string, validated = false): ReadonlyArray<readonly [string, string]> {
  const name = ['X-App', app] as const
  return validated ? [name, ['X-Validated', '1']] : [name]
}

/** Latin-1, as `Ask.body` is bytes already where it is no text. */
export function bytesOf(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

/** Whether the request's own headers say how long its body is. */
export function isFramed(ask: Ask): boolean {
  return (ask.headers ?? []).some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
}

function requestBytes(version: '1.0' | '1.1', prefix: string, ask: Ask): Uint8Array[] {
  const { method = 'GET', target = '/', headers = [], body, chunks } = ask
  if (chunks !== undefined && version === '1.0') throw new Error('HTTP/1.0 has no chunks')
  const lines = [['Host', HOST] as const, ...picking(ask.app, ask.validated), ...headers]
  if (chunks !== undefined && !isFramed(ask)) lines.push(['Transfer-Encoding', 'chunked'])
  if (body !== undefined && !isFramed(ask)) {
    lines.push(['Content-Length', String(bytesOf(body).length)])
  }
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = bytesOf(`${method} ${prefix}${target} HTTP/${version}\r\n${fields}\r\n`)
  if (chunks === undefined) return body === undefined ? [head] : [head, bytesOf(body)]
  const coded = chunks.flatMap((chunk) => {
    const bytes = bytesOf(chunk)
    return [bytesOf(`${bytes.length.toString(16)}\r\n`), bytes, bytesOf('\r\n')]
  })
  return [head, ...coded, bytesOf('0\r\n\r\n')]
}

interface Opened {
  readonly received: Received
  readonly socket: net.Socket
  readonly port: number | undefined
  destroy(): void
}

async function open({ where, secure }: Address): Promise<Opened> {
  const plain = net.connect({ ...where, allowHalfOpen: true })
  await once(plain, 'connect')
  const port = plain.localPort
  const received = new Received()
  // A connection that the server resets is something to be told of, not an exception.
  plain.on('error', () => received.fail())
  const socket = secure
    ? tls.connect({
        socket: plain,
        ca: CERTIFICATE,
        servername: 'localhost',
        ALPNProtocols: ['http/1.1']
      })
    : plain
  if (secure) {
    await once(socket, 'secureConnect')
    socket.on('error', () => received.fail())
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => received.add(text))
  socket.on('end', () => received.end())
  socket.on('close', () => received.end())
  const destroy = (): void => {
    // A reset after our own end leaves Node with a request that keeps the process from ending.
    if ('path' in where || socket.writableEnded) plain.destroy()
    else plain.resetAndDestroy()
    socket.destroy()
  }
  return { received, socket, port, destroy }
}
