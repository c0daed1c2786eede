// Hands a response of the application to Fastify, so that its hooks (compression, CORS, logging)
// see it as they see any other.

import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayResponse } from '../dispatch/exchange.ts'
import type { WasgiError } from '../errors.ts'
import { isSimpleContentType } from './content-type.ts'

export function sendResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  response: GatewayResponse
): FastifyReply {
  // Not reply.code(), which takes nothing above 599; Node and the gateway do.
  reply.raw.statusCode = response.status
  if (response.reason !== STATUS_CODES[response.status]) reply.raw.statusMessage = response.reason
  const hasType = copyHeaders(reply, response.headers)
  const { body } = response
  if (!(body instanceof Uint8Array)) return reply.send(body)
  // Without a payload Fastify leaves a Content-Length alone that answers HEAD.
  if (body.length === 0) return reply.send()
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  if (hasType || request.method === 'HEAD') return reply.send(bytes)
  // Fastify gives bytes a type of its own choice; a stream it leaves as the application made it.
  reply.header('content-length', bytes.length)
  return reply.send(Readable.from([bytes]))
}

/** Repeated names stay repeated. Tells whether there is a Content-Type that Fastify can read. */
function copyHeaders(reply: FastifyReply, headers: GatewayResponse['headers']): boolean {
  const seen = new Map<string, string | string[]>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    const before = seen.get(key)
    if (before === undefined) seen.set(key, value)
    else seen.set(key, Array.isArray(before) ? [...before, value] : [before, value])
  }
  for (const [name, value] of seen) reply.header(name, value)
  const type = seen.get('content-type')
  return typeof type === 'string' && isSimpleContentType(type)
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
