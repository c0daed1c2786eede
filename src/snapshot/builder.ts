// Makes a snapshot on behalf of the main thread, in a thread of its own that lives no longer than
// that: neither the main thread's memory nor its event loop is touched.
import { once } from 'node:events'
import { type MessagePort, Worker } from 'node:worker_threads'
import type { InterpreterAssets } from '../../workers/boot/assets.ts'
import { THREAD_OPTIONS } from '../../workers/realm.ts'
import { WORKERS_URL } from '../dispatch/assets.ts'
import { bootError } from '../dispatch/failure.ts'
import type { BootTemplate } from '../dispatch/worker.ts'
import { WasgiError } from '../errors.ts'
import { createLogBudget, LogBudget } from '../wire/log-budget.ts'
import type {
  Build,
  Built,
  FromWorker,
  GroupData,
  Hello,
  LogLine,
  Refused,
  Saw
} from '../wire/messages.ts'

export interface BuildOptions {
  /** As the log names the builder. */
  readonly name: string
  /** Its owner in the lock table. */
  readonly owner: number
  readonly assets: InterpreterAssets
  readonly boot: BootTemplate
  /** Requests such as `GET /` that are answered before the capture. */
  readonly warmup: readonly string[]
  readonly startupTimeoutMs: number
  /** Bytes of its thread's stack. */
  readonly stackSize: number
  /** Captures nothing, and so ends as refused. */
  readonly trial?: boolean
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined
  readonly onLog: (line: LogLine) => void
  readonly onSaw?: ((saw: Saw) => void) | undefined
}

/**
 * Boots, imports the application, warms it up and captures it. Rejects with a WasgiError when the
 * application cannot be loaded, as a worker would have said it. The thread has ended when this settles.
 */
export async function buildSnapshot(
  data: GroupData,
  options: BuildOptions
): Promise<Built | Refused> {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const thread = new Worker(new URL(`main.${suffix}`, WORKERS_URL), {
    workerData: data,
    env: {},
    execArgv: [...THREAD_OPTIONS],
    resourceLimits: { stackSizeMb: options.stackSize / 2 ** 20 }
  })
  const { name, startupTimeoutMs, signal } = options
  const { promise: ended, resolve, reject } = Promise.withResolvers<Refused>()
  const progress = { loaded: false }
  const died = (reason: string): void => {
    // An application that could be imported is served, whatever became of its capture.
    if (progress.loaded) resolve({ kind: 'refused', reasons: [reason], traceback: '' })
    else reject(new WasgiError('WASGI_ERR_WORKER_BOOT', [name, reason]))
  }
  thread.on('error', (error) => died(`its thread failed: ${messageOf(error)}`))
  thread.on('exit', (code) => died(`its thread exited with code ${code}`))
  const givenUp = (): void => died('it was given up')
  signal?.addEventListener('abort', givenUp)
  if (signal?.aborted === true) givenUp()
  const timer = setTimeout(
    () => died(`it was not ready within startup_timeout (${startupTimeoutMs} ms)`),
    startupTimeoutMs
  )
  try {
    return await Promise.race([ended, build(thread, options, progress)])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', givenUp)
    await thread.terminate()
  }
}

interface Progress {
  /** Whether the application has been imported. */
  loaded: boolean
}

async function build(
  thread: Worker,
  options: BuildOptions,
  progress: Progress
): Promise<Built | Refused> {
  const [hello] = (await once(thread, 'message')) as [Hello]
  const logBudget = createLogBudget()
  const message: Build = {
    kind: 'build',
    ...options.boot,
    name: options.name,
    owner: options.owner,
    logBudget,
    gauges: new SharedArrayBuffer(5 * Float64Array.BYTES_PER_ELEMENT),
    signals: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    assets: options.assets,
    image: undefined,
    warmup: options.warmup,
    trial: options.trial === true
  }
  const answer = conclusion(hello.port, new LogBudget(logBudget), options, progress)
  hello.port.postMessage(message)
  return answer
}

function conclusion(
  port: MessagePort,
  budget: LogBudget,
  { boot, onLog, onSaw }: BuildOptions,
  progress: Progress
): Promise<Built | Refused> {
  return new Promise((resolve, reject) => {
    port.on('message', (message: FromWorker) => {
      if (message.kind === 'built' || message.kind === 'refused') resolve(message)
      else if (message.kind === 'saw') onSaw?.(message)
      else if (message.kind === 'loaded') progress.loaded = true
      else if (message.kind === 'boot-failed') reject(bootError(message, boot.grants))
      else if (message.kind === 'log') {
        onLog(message)
        budget.give(message.text.length)
      }
    })
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
