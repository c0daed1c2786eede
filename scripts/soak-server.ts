// The server of `npm run soak`, in a process of its own so that its memory can be weighed: kills a
// worker thread when it is told to, reloads when it is told to, and passes on what its log says.
import { EventEmitter } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import Fastify, { LogController } from 'fastify'
import { wasgi } from '../src/index.ts'
import { temporaryFolder, testApp } from '../test/e2e/places.ts'
import type { LoggedDeath } from '../test/fault/events.ts'

/** What the server tells: where it listens, each death, and each request that it failed. */
export type SoakNews =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'death'; readonly why: string; readonly request: string | undefined }
  | { readonly kind: 'failure'; readonly code: string; readonly request: string | undefined }
  | { readonly kind: 'reloaded'; readonly error: string | undefined }
  | { readonly kind: 'ready'; readonly workers: number }

/** What it is told: `count` asks how many workers are ready. */
export type SoakOrder = 'kill' | 'reload' | 'count' | 'close'

const WORKERS = 3

interface LogRecord extends Partial<LoggedDeath> {
  readonly code?: string
  readonly request_id?: string
}

function tell(news: SoakNews): void {
  process.send?.(news)
}

/** One line of the log. Nothing is kept here: an hour of it would look like a leak. */
function read(line: string): void {
  const record = JSON.parse(line) as LogRecord
  if (record.msg?.startsWith('worker ended: ') && record.kind !== undefined) {
    tell({ kind: 'death', why: record.kind, request: record.request?.id })
  } else if (record.code !== undefined) {
    tell({ kind: 'failure', code: record.code, request: record.request_id })
  }
}

const app = Fastify({
  logger: { level: 'info', stream: { write: read } },
  logController: new LogController({ disableRequestLogging: true }),
  requestIdHeader: 'x-request-id',
  pluginTimeout: 0
})
const threads = new Set<Worker>()
process.on('worker', (worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})
// A copy, since each reload is to find something new.
const file = join(temporaryFolder(), 'app.py')
const source = readFileSync(testApp('soaking.py'), 'utf8')
let edition = 0
const write = (): void => writeFileSync(file, `${source}\n# edition ${++edition}\n`)
write()
await app.register(wasgi, {
  app: file,
  workers: WORKERS,
  memoryLimit: '128M',
  requestTimeout: '1s',
  interruptTimeout: '1s',
  maximumRequests: 200,
  maximumRequestsJitter: 50,
  scriptReloading: false
})
const url = await app.listen({ port: 0 })
const orders = new EventEmitter<{ [Order in SoakOrder]: [] }>()
process.on('message', (order: SoakOrder) => orders.emit(order))
orders.on('kill', () => {
  const all = [...threads]
  void all[Math.floor(Math.random() * all.length)]?.terminate()
})
orders.on('reload', () => {
  write()
  app.wasgi.reload().then(
    () => tell({ kind: 'reloaded', error: undefined }),
    (error: unknown) => tell({ kind: 'reloaded', error: String(error) })
  )
})
orders.on('count', () => {
  const ready = app.wasgi.interpreters().filter(({ state }) => state === 'ready')
  tell({ kind: 'ready', workers: ready.length })
})
orders.on('close', () => {
  void app.close().then(() => process.exit())
})
tell({ kind: 'listening', url })
