// One interpreter and its life: cold, booting (from nothing or from an image), ready, busy, wiping,
// dead. It drives Python through the few functions of its controls, and is what they call back.
// It imports nothing of Node's: everything of the host comes in as plain functions.
import type { CodePlace, Image } from '../src/snapshot/image.ts'
import type { RequestTask } from '../src/wire/messages.ts'
import type { InterpreterAssets } from './boot/assets.ts'
import { type ImageMemory, readMemory, writeMemory } from './boot/memory.ts'
import type { Controls, HostCapabilities, HostFunctions, MakeControls } from './controls.ts'
import { EnvironWriter } from './environ.ts'
import type { Exchange } from './exchange.ts'

export interface BootOptions {
  readonly env: Readonly<Record<string, string>>
  readonly tmpLimitBytes: number
  /** JSON for `wasgi.boundary.configure`. */
  readonly configure: string
  /** Guest path of the gateway's own package. */
  readonly gatewayPath: string
  /** Restores this instead of booting from nothing; `resume` is to be called next. */
  readonly image: Image | undefined
}

/** What of a capture is not Python's own report. */
export interface Captured {
  readonly memory: ImageMemory
  readonly code: readonly CodePlace[]
  /** For the realm that restores it. */
  readonly state: string
  readonly inMemoryFiles: readonly { readonly path: string; readonly bytes: number }[]
}

/**
 * How a request ended, as `wasgi.boundary.serve` tells it; see wasgi/handler.py. The low four bits
 * are one of these, RECYCLE and CLIENT_FAULT may be added.
 */
export const COMPLETE = 0
export const STREAMED = 1
export const FAILED_AFTER_HEAD = 2
export const CLIENT_GONE = 3
export const STALE = 5
export const OUTCOMES = 15
/** The interpreter should be replaced. */
export const RECYCLE = 16
/** The response buffer has the status that the client has earned. */
export const CLIENT_FAULT = 32

/** Characters of a guest's own account of how it died. */
const REASON_LIMIT = 8192

/** Functions of `wasgi.boundary` that take and answer JSON. */
export type BoundaryCall = 'load' | 'warm_up' | 'prepare' | 'stop' | 'resume'

/** Thrown when the interpreter is broken beyond use; the text is the realm's own. */
export class InterpreterDied extends Error {}

type State = 'cold' | 'booting' | 'ready' | 'busy' | 'wiping' | 'dead'

export class Interpreter {
  readonly #assets: InterpreterAssets
  readonly #makeControls: MakeControls
  readonly #environ = new EnvironWriter()
  #controls: Controls | undefined
  #exchange: Exchange | undefined
  #state: State = 'cold'
  #stage = ''
  #image: Image | undefined
  /** Files of memory, while a capture collects them. */
  #kept: Uint8Array[] | undefined
  #view = new Uint8Array()
  #buffers = { request: [0, 0], response: [0, 0], input: [0, 0] }
  #reply: ((ok: boolean, text: string) => void) | undefined
  #done: ((outcome: number, text: string) => void) | undefined

  constructor(assets: InterpreterAssets, makeControls: MakeControls) {
    this.#assets = assets
    this.#makeControls = makeControls
  }

  get state(): State {
    return this.#state
  }

  /** Makes what is suspended fail, when it is nothing that `settle` could end. */
  interrupt(): void {
    this.#controls?.interrupt()
  }

  /** Ends a wait of the guest's, from the exchange or a timer. */
  readonly settle = (ticket: number, value: number): void => {
    this.#controls?.settle(ticket, value)
  }

  readonly fireTimer = (id: number): void => {
    this.#controls?.fireTimer(id)
  }

  /** Boots Python in the realm. Rejects with InterpreterDied and the stage it died in. */
  async boot(host: HostCapabilities, exchange: Exchange, options: BootOptions): Promise<void> {
    this.#state = 'booting'
    this.#exchange = exchange
    this.#controls = this.#makeControls(host, this.#ownFunctions())
    const { env, tmpLimitBytes, configure, gatewayPath, image } = options
    this.#image = image
    const optionsText = JSON.stringify({
      env,
      tmpLimitBytes,
      configure,
      gatewayPath: JSON.stringify(gatewayPath), // a JSON string is a Python literal, too
      lockFile: this.#assets.lockFile,
      state: image?.state,
      memoryBytes: image?.memoryBytes
    })
    const addresses = await this.#ask((controls) => controls.boot(optionsText))
    const [request, response, input] = addresses
      .split(';')
      .map((pair) => pair.split(',').map(Number))
    if (this.#controls === undefined) throw this.#died('it was given up')
    this.#buffers = { request: request ?? [], response: response ?? [], input: input ?? [] }
    this.#state = 'ready'
  }

  /**
   * Calls a function of `wasgi.boundary` with a JSON text and resolves with the JSON it answers:
   * its failures are answers, too (workers/boundary-answers.ts).
   */
  call(name: BoundaryCall, argument: unknown): Promise<string> {
    return this.#ask((controls) => controls.call(name, JSON.stringify(argument)))
  }

  /**
   * Takes an image of this interpreter, which must be at rest, with the code caches of its scripts.
   * Gives the reasons if that cannot be; nothing has changed then.
   */
  async capture(
    code: readonly { readonly script: string; readonly bytes: Uint8Array }[]
  ): Promise<Captured | readonly string[]> {
    this.#kept = []
    const answer = JSON.parse(await this.#ask((controls) => controls.capture())) as {
      reasons?: string[]
      state?: string
      files?: { path: string; size?: number }[]
    }
    const { reasons, state, files = [] } = answer
    if (reasons !== undefined) return reasons.map(String)
    const kept = this.#kept
    this.#kept = undefined
    let at = kept.reduce((sum, file) => sum + file.length, 0)
    const places = code.map(({ script, bytes }) => {
      at += bytes.length
      return { script, at: at - bytes.length, bytes: bytes.length }
    })
    const all = [...kept, ...code.map(({ bytes }) => bytes)]
    const memory = readMemory(this.#require().memory(), all)
    const inMemoryFiles = files.flatMap(({ path, size }) =>
      size === undefined ? [] : [{ path: String(path), bytes: Number(size) }]
    )
    return { memory, code: places, state: String(state), inMemoryFiles }
  }

  /**
   * Puts the interpreter back to its image, in place; `resume` is to be called next. Gives the
   * reason if that cannot be, and nothing has changed then. Nothing may be running.
   */
  async wipe(): Promise<string> {
    const image = this.#image
    if (image === undefined) return 'it was not restored from a snapshot'
    this.#state = 'wiping'
    const controls = this.#require()
    const answer = await this.#answerOf((each) => each.wipe())
    if (answer.ok) {
      writeMemory(controls.memory(), image)
      this.#environ.forget()
    }
    this.#state = 'ready'
    return answer.text
  }

  /**
   * Runs one request and tells how it ended. Only one at a time. Rejects with InterpreterDied when
   * the interpreter broke, and throws EnvironError for a head that cannot be written.
   */
  serve(task: RequestTask): Promise<number> {
    const controls = this.#require()
    const { head, body, application } = task
    this.#environ.write(this.#region('request'), head, body, application)
    this.#state = 'busy'
    this.#exchange?.open(task)
    return new Promise<number>((resolve, reject) => {
      this.#done = (outcome, text) => {
        this.#done = undefined
        this.#exchange?.close()
        if (outcome < 0) {
          reject(this.#died(text))
          return
        }
        this.#state = 'ready'
        resolve(outcome)
      }
      try {
        controls.serve()
      } catch {
        this.#done?.(-1, 'the realm could not start the request')
      }
    })
  }

  /** Takes no further call. What it runs cannot be stopped. */
  end(): void {
    this.#controls?.end?.()
    this.#controls = undefined // nothing enters it any more
    this.#died('it was given up')
  }

  /** Bytes of the wasm memory. It never shrinks. */
  get heapBytes(): number {
    this.#region('response') // finds the memory again if it has grown
    return this.#view.length
  }

  /** The bytes Python left in the response buffer: valid until the next call into Python. */
  response(): Uint8Array {
    return this.#region('response')
  }

  /** Copies a piece of the request body to where Python's `wsgi.input` takes it from. */
  readonly fillInput = (chunk: Uint8Array): void => {
    this.#region('input').set(chunk)
  }

  /** The host functions that belong to this object rather than to the platform. */
  #ownFunctions(): HostFunctions {
    const assets = [this.#assets.wasm, this.#assets.stdlib] as const
    return {
      assetLength: (asset: number) =>
        this.#state === 'booting' ? (assets[asset]?.length ?? 0) : 0,
      assetRead: (asset: number, buffer: ArrayBuffer) => {
        const bytes = assets[asset]
        if (bytes !== undefined && this.#state === 'booting') new Uint8Array(buffer).set(bytes)
      },
      stage: (name: string) => {
        this.#stage = name
      },
      ...this.#imageFunctions(),
      memoryBytes: () => this.heapBytes,
      timedOut: () => (this.#exchange?.takeTimeout() === true ? 1 : 0),
      reply: (ok: number, text: string) => {
        const reply = this.#reply
        this.#reply = undefined
        reply?.(ok === 1, text)
      },
      done: (outcome: number, text: string) => this.#done?.(outcome, text),
      send: (kind: number, length: number) =>
        this.#exchange?.send(kind, this.#region('response').subarray(0, length)) ?? -1,
      credit: () => this.#exchange?.credit() ?? -1,
      drain: (ticket: number) => this.#exchange?.drain(ticket),
      take: () => this.#exchange?.take(this.fillInput) ?? -1,
      pull: (ticket: number) => this.#exchange?.pull(ticket)
    }
  }

  /** What a realm fills from an image, or keeps for one. */
  #imageFunctions(): HostFunctions {
    return {
      fillMemory: () => {
        const image = this.#image
        const memory = this.#controls?.memory()
        if (this.#state !== 'booting' || image === undefined || memory === undefined) return
        writeMemory(memory, image)
      },
      fillFile: (at: number, buffer: ArrayBuffer) => {
        const bytes = new Uint8Array(buffer)
        bytes.set(this.#image?.files.subarray(at, at + bytes.length) ?? [])
      },
      keepFile: (buffer: ArrayBuffer, offset: number, length: number) => {
        this.#kept?.push(new Uint8Array(buffer, offset, length).slice())
      }
    }
  }

  async #ask(call: (controls: Controls) => void): Promise<string> {
    const answer = await this.#answerOf(call)
    if (!answer.ok) throw this.#died(answer.text)
    return answer.text
  }

  #answerOf(call: (controls: Controls) => void): Promise<{ ok: boolean; text: string }> {
    const controls = this.#require()
    return new Promise((resolve) => {
      this.#reply = (ok, text) => resolve({ ok, text })
      try {
        call(controls)
      } catch {
        resolve({ ok: false, text: 'the realm could not start' })
      }
    })
  }

  #require(): Controls {
    if (this.#controls === undefined || this.#state === 'dead') {
      throw new InterpreterDied('there is no interpreter')
    }
    return this.#controls
  }

  #died(text: string): InterpreterDied {
    const where = this.#state === 'booting' ? ` (stage ${this.#stage})` : ''
    this.#state = 'dead'
    return new InterpreterDied(`${text.slice(0, REASON_LIMIT)}${where}`)
  }

  /** A host view of one of the shared buffers. The memory moves when it grows, the address stays. */
  #region(name: 'request' | 'response' | 'input'): Uint8Array<ArrayBuffer> {
    // Memory that grew has left its old buffer detached, and so without a length.
    if (this.#view.length === 0) this.#view = new Uint8Array(this.#require().memory())
    const [address = 0, length = 0] = this.#buffers[name]
    return this.#view.subarray(address, address + length) as Uint8Array<ArrayBuffer>
  }
}
