// Hands a response of the application to Fastify, so that its hooks (compression, CORS, logging)
// see it as they see any other.

import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayResponse } from '../dispatch/exchange.ts'
import { isAscii } from '../dispatch/response-head.ts'
import { ResponseStream } from '../dispatch/response-stream.ts'
import type { WasgiError } from '../errors.ts'
import { isSimpleContentType } from './content-type.ts'
import { isHttp2 } from './request-checks.ts'

export function sendResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  response: GatewayResponse
): FastifyReply {
  // Not reply.code(), which takes nothing above 599; Node and the gateway do.
  reply.raw.statusCode = response.status
  // HTTP/2 has none (RFC 9113, 8.3.2), and Node warns of it.
  const named = response.reason !== STATUS_CODES[response.status]
  if (named && !isHttp2(request.raw)) reply.raw.statusMessage = response.reason
  const { headers, body } = response
  for (const name of Object.keys(headers)) {
    // Fastify keeps headers in an object on which this name is another thing.
    if (name === '__proto__') reply.raw.setHeader(name, headers[name] ?? '')
    else reply.header(name, name === 'content-type' ? legible(headers[name]) : headers[name])
  }
  if (body instanceof ResponseStream) {
    // Fastify resets without an error code, which many clients take for the end of the body.
    if (isHttp2(request.raw)) body.once('error', (error) => reply.raw.destroy(error))
    return reply.send(body)
  }
  // Without a payload Fastify leaves a Content-Length alone that answers HEAD.
  if (body.length === 0) return reply.send()
  const type = headers['content-type']
  const hasType = typeof type === 'string' && isSimpleContentType(type)
  // Node sends head and body as one string, if it may: it would write a Latin-1 head as UTF-8.
  if (typeof body === 'string' && hasType && response.ascii && isAscii(body)) {
    if (type.includes('json')) reply.serializer(asItIs)
    return reply.send(body)
  }
  const bytes =
    typeof body === 'string'
      ? Buffer.from(body, 'latin1')
      : Buffer.from(body.buffer, body.byteOffset, body.length)
  if (hasType || request.method === 'HEAD') return reply.send(bytes)
  // Fastify gives bytes a type of its own choice; a stream it leaves as the application made it.
  reply.header('content-length', bytes.length)
  return reply.send(Readable.from([bytes]))
}

/**
 * Without a serializer Fastify adds a charset to every JSON text. It is for this one text: an error
 * handler may still have something else to send.
 */
function asItIs(this: FastifyReply, text: unknown): string {
  this.serializer(null as unknown as () => string) // Fastify's own "none"
  return text as string
}

/**
 * Fastify reads a Content-Type given twice as if the list were a text, and throws when a value in it is
 * nothing but the character it looks for. White space after a value is not part of it (RFC 9110, 5.5).
 */
function legible(type: string | readonly string[] | undefined): string | string[] | undefined {
  if (typeof type !== 'object') return type
  return type.map((value) => (value === ';' || value === '/' ? `${value} ` : value))
}

/** `--debug` only: the traceback, for the developer's own browser. */
export function sendDebugPage(reply: FastifyReply, error: WasgiError): FastifyReply {
  const title = escapeHtml(`${error.code}: ${error.message}`)
  const page = `<!doctype html><meta charset="utf-8"><title>${title}</title><body style="font-family:sans-serif;margin:2em"><h1 style="font-size:1.1em">${title}</h1><pre>${escapeHtml(error.traceback ?? '')}</pre>`
  return reply.code(error.statusCode).type('text/html; charset=utf-8').send(page)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
