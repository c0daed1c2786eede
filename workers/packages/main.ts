// Entry of the installer's thread: one interpreter whose only grants are the index and the staging
// folder. It boots at once, then runs one job after the other. Node-specific.
import { parentPort, workerData } from 'node:worker_threads'
import { textHost, timerHost } from '../host/text.ts'
import { createRealm } from '../realm.ts'
import { type GetKind, IndexClient } from './index-client.ts'
import { InstallerInterpreter } from './interpreter.ts'
import type {
  FromInstaller,
  IndexGrant,
  InstallAnswer,
  InstallerData,
  ProgressMessage,
  RunMessage
} from './messages.ts'
import { Staging } from './staging.ts'

type Step = ProgressMessage['step']
const STEPS: ReadonlySet<string> = new Set<Step>(['resolving', 'downloading', 'building'])
const MAX_TEXT = 200
/** A range as HTTP writes it. */
const PART = /^range:(\d+-\d+|-\d+)$/

class InstallerThread {
  readonly #interpreter: InstallerInterpreter
  readonly #post: (message: FromInstaller) => void
  readonly #defaults: Promise<readonly string[]>
  readonly #bodies = new Map<number, Buffer>()
  #client: IndexClient | undefined
  #staging: Staging | undefined

  constructor(data: InstallerData, post: (message: FromInstaller) => void) {
    this.#post = post
    this.#interpreter = new InstallerInterpreter(data, createRealm())
    this.#defaults = this.#interpreter.boot(this.#host())
    // Whoever asks for a run is told; until then nobody listens.
    this.#defaults.catch(() => {})
  }

  async run(message: RunMessage): Promise<void> {
    this.#post({ kind: 'answer', answer: await this.#answer(message) })
    this.#client?.close()
    this.#client = undefined
    this.#staging = undefined
    this.#bodies.clear()
  }

  async #answer({ job, grant, staging }: RunMessage): Promise<InstallAnswer> {
    try {
      // Asked for before anything was downloaded, so this answer is still our own code's.
      const defaults = (await this.#defaults).map((url) => ({ url }))
      const indexes = grant.addDefaults ? [...defaults, ...grant.indexes] : grant.indexes
      const whole: IndexGrant = { ...grant, indexes }
      this.#client = new IndexClient(whole)
      this.#staging = new Staging(staging)
      const text = JSON.stringify({ ...job, indexes: indexes.map(({ url }) => url) })
      return JSON.parse(await this.#interpreter.run(text)) as InstallAnswer
    } catch (error) {
      return { ok: false, code: 'broken', text: error instanceof Error ? error.message : 'unknown' }
    }
  }

  #host(): Record<string, (...args: never[]) => unknown> {
    return {
      ...textHost(),
      ...timerHost(this.#interpreter.fireTimer),
      log: () => {}, // nothing that it prints is for the operator
      get: (id: number, url: string, kind: string) => void this.#get(id, url, kind),
      take: (id: number, buffer: ArrayBuffer) => {
        const body = this.#bodies.get(id)
        this.#bodies.delete(id)
        if (body !== undefined) new Uint8Array(buffer).set(body)
      },
      write: (path: string, buffer: ArrayBuffer, at: number, length: number, mode: number) =>
        this.#staging?.write(path, new Uint8Array(buffer, at, length), mode === 1),
      progress: (step: string, name: string, version: string, detail: string) => {
        if (!STEPS.has(step)) return
        const texts = { name: plain(name), version: plain(version), detail: plain(detail) }
        this.#post({ kind: 'progress', step: step as Step, ...texts })
      }
    }
  }

  async #get(id: number, url: string, kind: string): Promise<void> {
    const getKind: GetKind = kind === 'page' ? 'page' : 'file'
    const [, part] = PART.exec(kind) ?? []
    const client = this.#client
    const reply = await (client?.get(url, getKind, part) ?? { url, problem: 'no job runs' })
    // An answer to a job that has ended meanwhile is nobody's.
    if (client !== this.#client) return
    if ('problem' in reply) {
      this.#interpreter.settle(id, JSON.stringify(reply))
      return
    }
    const { body, ...about } = reply
    this.#bodies.set(id, body)
    this.#interpreter.settle(id, JSON.stringify({ ...about, id, length: body.length }))
  }
}

/** Names and versions come from an index; a terminal must not be steered by them. */
function plain(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/\p{Cc}/gu, '?')
}

const port = parentPort
if (port !== null) {
  const thread = new InstallerThread(workerData as InstallerData, (message) =>
    port.postMessage(message)
  )
  port.on('message', (message: RunMessage) => void thread.run(message))
}
