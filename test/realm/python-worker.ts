// A worker thread with Python in it, for tests of what several workers do to one folder.
import { parentPort, workerData } from 'node:worker_threads'
import { LockTable } from '../../src/wire/lock-table.ts'
import { bootPython, writable } from './python.ts'

const { assets, locks, owner, folder } = workerData
const python = await bootPython(
  { grants: [writable('/data', folder)], locks: new LockTable(locks, owner) },
  assets
)
parentPort?.on('message', (expression: string) => {
  try {
    parentPort?.postMessage({ value: python.evaluate(expression) })
  } catch (error) {
    parentPort?.postMessage({ error: String(error) })
  }
})
parentPort?.postMessage({ value: 'ready' })
