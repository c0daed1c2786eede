// Speaks HTTP/2 with Node's own client.
import { once } from 'node:events'
import http2 from 'node:http2'
import { CERTIFICATE } from '../unit/packages-certificate.ts'
import { valuesIn } from './answers.ts'
import { bytesOf, isFramed, picking } from './http1.ts'
import { type Answer, type Ask, HOST } from './row.ts'
import type { Address } from './servers.ts'

type Fields = ReadonlyArray<readonly [string, string]>

/** Sends all requests at once on one session, and resolves with their responses. */
export async function send(
  { where }: Address,
  prefix: string,
  asks: readonly Ask[]
): Promise<Answer[]> {
  if ('path' in where) throw new Error('HTTP/2 is spoken over TCP')
  const session = http2.connect(`https://localhost:${where.port}`, { ...where, ca: CERTIFICATE })
  session.on('error', () => {}) // told by the stream, too
  try {
    await once(session, 'connect')
    return await Promise.all(asks.map((ask) => exchange(session, requestFields(prefix, ask), ask)))
  } finally {
    session.destroy()
  }
}

function requestFields(prefix: string, ask: Ask): string[] {
  const { method = 'GET', target = '/', headers = [], body } = ask
  const fields: Array<readonly [string, string]> = [
    [':method', method],
    [':scheme', 'https'],
    [':authority', HOST],
    [':path', `${prefix}${target}`],
    ...picking(ask.app, ask.validated),
    ...headers
  ]
  if (body !== undefined && !isFramed(ask)) {
    fields.push(['content-length', String(bytesOf(body).length)])
  }
  return fields.flatMap(([name, value]) => [name.toLowerCase(), value])
}

async function exchange(
  session: http2.ClientHttp2Session,
  fields: readonly string[],
  { body, chunks = [], unreadUntil }: Ask
): Promise<Answer> {
  const pieces = body === undefined ? chunks : [body]
  const stream = session.request(fields, { endStream: pieces.length === 0 })
  const interim: Array<{ status: number; headers: Fields }> = []
  let head: { status: number; headers: Fields } = { status: 0, headers: [] }
  const received: Buffer[] = []
  let ended = false
  stream.on('headers', (given, _flags, raw: string[]) => {
    interim.push({ status: given[':status'] ?? 0, headers: plainFields(raw) })
  })
  stream.on('response', (given, _flags, raw: string[]) => {
    head = { status: given[':status'] ?? 0, headers: plainFields(raw) }
  })
  if (unreadUntil !== undefined) stream.pause()
  stream.on('data', (chunk: Buffer) => received.push(chunk))
  stream.on('end', () => {
    ended = head.status !== 0 && !stream.aborted && stream.rstCode === 0
  })
  stream.on('error', () => {}) // its code says it
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  for (const piece of pieces) stream.write(bytesOf(piece))
  if (pieces.length > 0) stream.end()
  await unreadUntil
  stream.resume()
  await closed
  return {
    ...head,
    reason: '',
    interim,
    body: Buffer.concat(received),
    complete: ended,
    chunked: false,
    closed: stream.rstCode !== 0,
    values: (name) => valuesIn(head.headers, name)
  }
}

function plainFields(raw: readonly string[]): Fields {
  const fields: Array<readonly [string, string]> = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = raw.slice(i, i + 2)
    if (!name.startsWith(':')) fields.push([name, value])
  }
  return fields
}
