// Interim responses of status 103 (RFC 8297): what the application hints at while it still works on
// its answer. They are a favour: one that cannot be sent right now is not sent.
import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** Python refuses them, too, but the application lives with Python, and proxies with other clients. */
const REFUSED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
])

type Field = readonly [name: string, value: string]

/** Sends one before the head of `response`; `parts` are name, value, name, value. */
export function sendEarlyHints(
  response: ServerResponse | Http2ServerResponse,
  parts: readonly string[]
): void {
  if (response.headersSent) return
  const fields: Field[] = []
  for (let i = 0; i + 1 < parts.length; i += 2) fields.push([parts[i] ?? '', parts[i + 1] ?? ''])
  try {
    for (const field of fields) check(field)
    if ('stream' in response) sendHttp2(response, fields)
    else sendHttp1(response, fields)
  } catch {
    // The client has just gone, or the application went around Python's checks: nobody to tell.
  }
}

function check([name, value]: Field): void {
  validateHeaderName(name)
  validateHeaderValue(name, value)
  if (REFUSED.has(name.toLowerCase())) throw new Error(`${name} is no hint`)
}

function sendHttp1(response: ServerResponse, fields: readonly Field[]): void {
  const { req, socket } = response
  // A client of HTTP/1.0 would take it for the response (RFC 9110, 15.2).
  if (req.httpVersion === '1.0') return
  // None while an earlier response has the connection, or while the client is slow to read.
  if (socket === null || socket.writableNeedDrain) return
  // Not writeEarlyHints(), which sends nothing without a Link, and knows not every Link.
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`HTTP/1.1 103 Early Hints\r\n${lines}\r\n`, 'latin1')
}

function sendHttp2({ stream }: Http2ServerResponse, fields: readonly Field[]): void {
  const headers: Record<string, string[]> = Object.create(null)
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    headers[key] = [...(headers[key] ?? []), value]
  }
  stream.additionalHeaders({ ':status': 103, ...headers })
}
