// `Expect: 100-continue`: Node would answer it before the application has seen the request. Here the
// client is told to go on when somebody first reads the body, and never if nobody does.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

const deferred = new WeakSet<IncomingMessage>()

/** Makes `server` put off its 100 for every request, its other routes' included. */
export function deferContinue(server: Server): void {
  if (server.listenerCount('checkContinue') > 0) return // the host program has its own way
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(request, response)
    server.emit('request', request, response)
  })
}

/** Whether the client holds its body back until it is told to go on. */
export function isHeldBack(request: IncomingMessage): boolean {
  return deferred.has(request)
}

/** Nothing is sent before `request` is read, by whatever means: all of them end in `_read`. */
function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  deferred.add(request)
  const { shouldKeepAlive } = response
  // Without a 100 the client may send its body or not: what comes next cannot be told apart.
  response.shouldKeepAlive = false
  const read = request._read
  request._read = (size) => {
    request._read = read
    deferred.delete(request)
    if (!response.headersSent && !response.destroyed) {
      response.writeContinue()
      response.shouldKeepAlive = shouldKeepAlive
    }
    read.call(request, size)
  }
}
