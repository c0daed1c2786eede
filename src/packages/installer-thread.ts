// The installer's thread as the main thread sees it: it is started with everything its interpreter
// needs, runs jobs, and is terminated. It must not touch the target folder.
import { readdir, readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type {
  FromInstaller,
  GuestFile,
  InstallAnswer,
  InstallerData,
  ProgressMessage,
  RunMessage
} from '../../workers/packages/messages.ts'
import { STACK_MB, THREAD_OPTIONS } from '../../workers/realm.ts'
import { loadAssets, WORKERS_URL } from '../dispatch/assets.ts'

/** Wheels are unpacked in memory, one at a time. */
const MEMORY_LIMIT = 1024 * 2 ** 20
const GUEST_FOLDER = '/lib/wasgi'

export type OnProgress = (message: ProgressMessage) => void

export class InstallerThread {
  readonly #worker: Worker
  #answer: ((answer: InstallAnswer) => void) | undefined
  #onProgress: OnProgress = () => {}
  #death: string | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (message: FromInstaller) => {
      if (message.kind === 'progress') this.#onProgress(message)
      else this.#answer?.(message.answer)
    })
    worker.on('error', (error: unknown) => this.#died(error instanceof Error ? error.message : ''))
    worker.on('exit', (code) => this.#died(`its thread exited with code ${code}`))
  }

  static async start(): Promise<InstallerThread> {
    const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`packages/main.${suffix}`, WORKERS_URL), {
      workerData: await installerData(),
      env: {},
      execArgv: [...THREAD_OPTIONS],
      resourceLimits: { stackSizeMb: STACK_MB }
    })
    return new InstallerThread(worker)
  }

  /** One job at a time. Never rejects: a thread that dies is an answer, too. */
  async run(message: RunMessage, onProgress: OnProgress): Promise<InstallAnswer> {
    if (this.#death !== undefined) return { ok: false, code: 'broken', text: this.#death }
    this.#onProgress = onProgress
    return new Promise((resolve) => {
      this.#answer = resolve
      this.#worker.postMessage(message)
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #died(reason: string): void {
    this.#death ??= reason
    this.#answer?.({ ok: false, code: 'broken', text: this.#death })
  }
}

async function installerData(): Promise<InstallerData> {
  const assets = loadAssets(MEMORY_LIMIT)
  const [script, wheels, modules] = await Promise.all([
    readFile(new URL('packages/installer.js', WORKERS_URL), 'utf8'),
    guestFiles('python/wasgi_install/wheels/', '', /\.whl$/),
    guestFiles('python/wasgi_install/', 'wasgi_install/', /\.py$/)
  ])
  const searchPath = [GUEST_FOLDER, ...wheels.map(({ path }) => path)]
  return { assets, script, files: [...wheels, ...modules], searchPath }
}

async function guestFiles(folder: string, under: string, wanted: RegExp): Promise<GuestFile[]> {
  const url = new URL(folder, WORKERS_URL)
  const names = (await readdir(url)).filter((name) => wanted.test(name)).sort()
  return Promise.all(
    names.map(async (name) => ({
      path: `${GUEST_FOLDER}/${under}${name}`,
      bytes: await readFile(new URL(name, url))
    }))
  )
}
