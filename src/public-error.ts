// What a client is told of an error: its code and the standard phrase of its status, nothing else.
import { STATUS_CODES } from 'node:http'
import type { WasgiError } from './errors.ts'

/** An error for Fastify to answer with; the real one is its cause and stays in the log. */
export interface PublicError extends Error {
  readonly statusCode: number
  readonly code: string
}

export function publicError(error: WasgiError): PublicError {
  const { statusCode, code } = error
  const message = STATUS_CODES[statusCode] ?? 'Error'
  return Object.assign(new Error(message, { cause: error }), { statusCode, code })
}
