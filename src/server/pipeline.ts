// Requests that a client of HTTP/1.1 sends ahead, without waiting for responses, are answered one after
// the other, as if it had waited; and none after the response that ends its connection.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isHttp2 } from './request-checks.ts'

/** The response to the latest request of each connection. */
const latest = new WeakMap<object, ServerResponse>()

/**
 * Whether a request is to be answered, once the response before it is out: RFC 9112, 9.3.2 allows
 * another order for safe methods only, and what comes after a response that ends its connection is no
 * request any more, but perhaps the end of the one before. At once when there is nothing to wait for.
 */
export function turnOf(
  request: IncomingMessage,
  response: ServerResponse
): boolean | Promise<boolean> {
  const { socket } = request
  if (isHttp2(request)) return !socket.destroyed
  if (saysClose(request) || asksToUpgrade(request)) response.shouldKeepAlive = false
  const before = latest.get(socket)
  latest.set(socket, response)
  // A connection that lingers after its last response is there, and not to be written to.
  if (before === undefined || before.closed) return socket.writable !== false && !socket.destroyed
  return new Promise((resolve) => {
    before.once('close', () => resolve(before.shouldKeepAlive && socket.writable))
  })
}

/** RFC 9112, 9.3: `close` counts, whatever stands beside it. In HTTP/1.0 Node goes by `keep-alive`. */
function saysClose({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.0' && /(?:^|,)\s*close\s*(?:,|$)/i.test(headers.connection ?? '')
}

/**
 * Node's parser stops at the end of such a request, and keeps quiet about what it cannot parse from then
 * on: another request would be lost without a word. RFC 9110, 7.8 lets the wish itself be ignored.
 */
function asksToUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /upgrade/i.test(headers.connection ?? '')
}
