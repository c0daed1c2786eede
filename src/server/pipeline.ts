// Requests that a client of HTTP/1.1 sends ahead, without waiting for responses, are answered one after
// the other, as if it had waited.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** The response to the latest request of each connection. */
const latest = new WeakMap<object, ServerResponse>()

/**
 * Lets a request wait until the response before it is out: RFC 9112, 9.3.2 allows another order for
 * safe methods only, and what comes after a response that ends its connection is no request any more,
 * but perhaps the end of the one before. Undefined when there is nothing to wait for; else resolves
 * with whether the connection is still there.
 */
export function turnOf(
  { socket }: IncomingMessage,
  response: ServerResponse
): Promise<boolean> | undefined {
  const before = latest.get(socket)
  latest.set(socket, response)
  if (before === undefined || before.closed) return undefined
  return new Promise((resolve) => {
    before.once('close', () => resolve(before.shouldKeepAlive && socket.writable))
  })
}
