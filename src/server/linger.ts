// Closing a connection whose client still sends. Cut at once, the kernel would answer what is still on
// its way with a reset, and the client would lose the response that tells it why.
import type { Socket } from 'node:net'

/** What is left open for the client to read its answer; then the connection is cut. */
const LINGER_MS = 1000

/** Ends our side when everything is written, and the connection when the client has had its time. */
export function endGently(socket: Socket, last = ''): void {
  socket.end(last)
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** Makes Node close the connection so after its last response. */
export function lingerAfterResponse(socket: Socket): void {
  socket.destroySoon = () => endGently(socket)
}
