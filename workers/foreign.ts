// Controls of a Pyodide that the host program made: as mod_python took precedence over mod_wsgi, it
// was there first. It is used as it is, without the walls of a realm, and never destroyed.
import { readdirSync, readFileSync } from 'node:fs'
import { GATEWAY_PATH } from '../src/wire/guest-paths.ts'
import type { FileGrant } from '../src/wire/messages.ts'
import type { Controls, HostFunctions, MakeControls } from './controls.ts'

/** As much of Pyodide's public API as is needed. */
export interface ForeignPyodide {
  readonly FS: {
    mkdirTree(path: string): void
    unmount(path: string): void
    writeFile(path: string, data: Uint8Array): void
    readdir(path: string): string[]
  }
  readonly version: string
  registerJsModule(name: string, module: object): void
  mountNodeFS(guestPath: string, hostPath: string): unknown
  pyimport(name: string): unknown
  toPy(value: unknown): unknown
}

/** A Python object. Functions can be called, and called so that they may be suspended. */
interface ForeignProxy {
  (...args: unknown[]): unknown
  callPromising(...args: unknown[]): Promise<unknown>
  getBuffer(type: string): { readonly data: Uint8Array; release(): void }
}

/** The module `wasgi.boundary`. */
type Boundary = Readonly<Record<string, ForeignProxy>>

type Call = (...args: unknown[]) => unknown

const PYTHON_URL = new URL('python/wasgi/', import.meta.url)
/** As in workers/exchange.ts. */
const NOTHING_YET = -3
const BUFFERS = ['request_buffer', 'response_buffer', 'input_buffer']

/** Who serves with which interpreter: it has one gateway, so it can be one at a time. */
const adopted = new WeakMap<ForeignPyodide, ForeignControls>()

/** Controls of `pyodide`, which sees `grants` at their guest paths from its boot on. */
export function foreignControls(
  pyodide: ForeignPyodide,
  grants: readonly FileGrant[]
): MakeControls {
  return (host, own) => new ForeignControls(pyodide, grants, { ...host.functions, ...own })
}

class ForeignControls implements Controls {
  readonly #pyodide: ForeignPyodide
  readonly #grants: readonly FileGrant[]
  readonly #host: Record<string, Call>
  readonly #waiting = new Map<number, (value: number) => void>()
  readonly #mounted: string[] = []
  #lastTicket = 0
  #boundary: Boundary | undefined

  constructor(pyodide: ForeignPyodide, grants: readonly FileGrant[], host: HostFunctions) {
    this.#pyodide = pyodide
    this.#grants = grants
    this.#host = host as Record<string, Call>
  }

  boot(optionsText: string): void {
    this.#reply(async () => {
      const { configure } = JSON.parse(optionsText) as { configure: string }
      if (adopted.has(this.#pyodide)) throw new Error('it serves another application already')
      adopted.set(this.#pyodide, this)
      for (const grant of this.#grants) this.#mount(grant)
      this.#installGateway()
      this.#pyodide.registerJsModule('_wasgi_host', this.#module())
      const boundary = this.#pyodide.pyimport('wasgi.boundary') as Boundary
      this.#boundary = boundary
      boundary.configure?.(configure)
      return BUFFERS.map((name) => {
        const { offset, length } = placeOf(boundary, name)
        return `${offset},${length}`
      }).join(';')
    })
  }

  call(name: string, text: string): void {
    this.#reply(async () => String(await this.#function(name).callPromising(text)))
  }

  capture(): void {
    this.#reply(async () => {
      throw new Error('an interpreter of the host program is not captured')
    })
  }

  wipe(): void {
    this.capture()
  }

  serve(): void {
    const done = this.#host.done
    this.#function('serve')
      .callPromising()
      .then(
        (outcome) => done?.(typeof outcome === 'number' ? outcome : -1, ''),
        (error: unknown) => done?.(-1, String(error))
      )
  }

  settle(ticket: number, value: number): void {
    const resolve = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    resolve?.(value)
  }

  fireTimer(): void {
    // Timers of this interpreter are its own.
  }

  interrupt(): void {
    // What suspends besides us is the host program's business.
  }

  memory(): ArrayBuffer {
    if (this.#boundary === undefined) throw new Error('there is no gateway in it yet')
    return placeOf(this.#boundary, 'response_buffer').memory
  }

  end(): void {
    if (adopted.get(this.#pyodide) !== this) return
    adopted.delete(this.#pyodide)
    try {
      const { leave } = this.#pyodide.pyimport('wasgi.adopted') as Record<string, Call>
      leave?.(this.#pyodide.toPy([...this.#mounted]))
      for (const path of this.#mounted) this.#pyodide.FS.unmount(path)
    } catch {
      // It is broken, or never got as far as a gateway: there is nothing to leave, and nobody to tell.
    }
  }

  /** Shows a folder of the host; one that is mounted already, by us or by the host, stays. */
  #mount({ guestPath, hostPath }: FileGrant): void {
    if (guestPath === GATEWAY_PATH) return
    const { FS } = this.#pyodide
    FS.mkdirTree(guestPath)
    if (FS.readdir(guestPath).length > 2) return // `.` and `..`
    this.#pyodide.mountNodeFS(guestPath, hostPath)
    this.#mounted.push(guestPath)
  }

  #installGateway(): void {
    const { FS } = this.#pyodide
    for (const entry of readdirSync(PYTHON_URL, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.py')) continue
      const source = `${entry.parentPath}/${entry.name}`
      const inside = source.slice(source.lastIndexOf('/python/wasgi/') + '/python/'.length)
      const path = `${GATEWAY_PATH}/${inside}`
      FS.mkdirTree(path.slice(0, path.lastIndexOf('/')))
      FS.writeFile(path, readFileSync(source))
    }
    const sys = this.#pyodide.pyimport('sys') as { path: { append: Call; count: Call } }
    if (sys.path.count(GATEWAY_PATH) === 0) sys.path.append(GATEWAY_PATH)
  }

  /** `_wasgi_host`, as realm/channel.js makes it. */
  #module(): Record<string, Call> {
    const host = this.#host
    const { send, log, wake, timedOut, variable, credit, drain, take, pull, suspend } = host
    const { memoryBytes, processorTime } = host
    return {
      send: (...args) => send?.(...args),
      log: (...args) => log?.(...args),
      wake: () => wake?.(),
      timed_out: () => timedOut?.(),
      memory_bytes: () => memoryBytes?.(),
      processor_time: (kind) => processorTime?.(kind),
      variable: (name) => variable?.(name),
      drain: () => credit?.() || this.#ticket((id) => drain?.(id)),
      pull: () => {
        const taken = take?.()
        return taken === NOTHING_YET ? this.#ticket((id) => pull?.(id)) : taken
      },
      suspend: (ms) => this.#ticket((id) => suspend?.(id, ms)),
      flock: () => 0,
      pbkdf2: () => -1,
      scrypt: () => -1
    }
  }

  #ticket(ask: (id: number) => unknown): Promise<number> {
    return new Promise((resolve) => {
      const id = ++this.#lastTicket
      this.#waiting.set(id, resolve)
      ask(id)
    })
  }

  #function(name: string): ForeignProxy {
    const found = this.#boundary?.[name]
    if (found === undefined) throw new Error('there is no gateway in it yet')
    return found
  }

  #reply(work: () => Promise<string>): void {
    const { reply } = this.#host
    work().then(
      (text) => reply?.(1, text),
      (error: unknown) => reply?.(0, String(error))
    )
  }
}

/** Where a bytearray that never moves lies. */
function placeOf(
  boundary: Boundary,
  name: string
): { readonly memory: ArrayBuffer; readonly offset: number; readonly length: number } {
  const view = boundary[name]?.getBuffer('u8')
  if (view === undefined) throw new Error(`wasgi.boundary has no ${name}`)
  const { buffer, byteOffset, byteLength } = view.data
  view.release() // it empties what it gave
  return { memory: buffer as ArrayBuffer, offset: byteOffset, length: byteLength }
}
