// Piscina's entry: one thread, one interpreter. It greets the main thread with a port of its own, and
// leaves the rest to request-loop.ts. Node-specific.
import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads'
import type { Batch, GroupData, Hello } from '../src/wire/messages.ts'
import { RequestLoop } from './request-loop.ts'
import { isOurs } from './stray-errors.ts'

function startThread(): RequestLoop {
  process.on('unhandledRejection', surviveGuest)
  process.on('uncaughtException', surviveGuest)
  // Without a listener Node prints a warning for each promise that is caught late.
  process.on('rejectionHandled', () => {})
  const { port1, port2 } = new MessageChannel()
  const loop = new RequestLoop(workerData as GroupData, port1)
  const hello: Hello = { kind: 'hello', threadId, port: port2 }
  parentPort?.postMessage(hello, [port2])
  return loop
}

/**
 * What the guest throws into the void (a rejected promise, a finaliser that fails) ends here. An
 * error of this realm is a bug of ours and ends the thread.
 */
function surviveGuest(error: unknown): void {
  if (isOurs(error, Error.prototype)) throw error
}

const loop = startThread()

/**
 * Piscina loads this file with `require`, and Node wraps an ES module without this mark. A thread that
 * is terminated while its module is being wrapped aborts the process (`CreateRequiredModuleFacade`).
 */
export const __esModule = true

/** What Piscina calls for each task. */
export default (batch: Batch): Promise<void> => loop.run(batch)
