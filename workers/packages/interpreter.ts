// The installer's interpreter: Pyodide in a bare realm whose only ways out are the functions given
// to it here. It imports nothing of Node's.
import type { InterpreterAssets, RealmScript } from '../boot/assets.ts'
import type { Realm } from '../realm.ts'
import type { InstallerData } from './messages.ts'

type HostFunctions = Readonly<Record<string, (...args: never[]) => unknown>>
type Evaluated = (...args: unknown[]) => Record<string, unknown>

/** What the realm's script gives the host. Primitives in, primitives out. */
interface RealmControls {
  boot(lockFile: string, searchPath: string, fileCount: number): void
  run(text: string): void
  settle(id: number, text: string): void
  fireTimer(id: number): void
}

export class InstallerInterpreter {
  readonly #data: InstallerData
  readonly #realm: Realm
  #controls: RealmControls | undefined
  #reply: ((ok: boolean, text: string) => void) | undefined

  constructor(data: InstallerData, realm: Realm) {
    this.#data = data
    this.#realm = realm
  }

  /** Ends a wait of the guest's with a text. */
  readonly settle = (id: number, text: string): void => {
    this.#controls?.settle(id, text)
  }

  readonly fireTimer = (id: number): void => {
    this.#controls?.fireTimer(id)
  }

  /** Boots Python with the given host functions; resolves with the default indexes. */
  async boot(host: HostFunctions): Promise<readonly string[]> {
    const { assets, files, searchPath } = this.#data
    this.#controls = this.#evaluate(host)
    const text = await this.#ask((controls) =>
      controls.boot(assets.lockFile, JSON.stringify(searchPath), files.length)
    )
    return JSON.parse(text) as string[]
  }

  /** Runs one job, given and answered as JSON. */
  run(job: string): Promise<string> {
    return this.#ask((controls) => controls.run(job))
  }

  #evaluate(host: HostFunctions): RealmControls {
    const { assets, script } = this.#data
    const functions = { ...host, ...this.#ownFunctions(assets) }
    const evaluate = (source: string, name: string, ...args: unknown[]): Record<string, unknown> =>
      (this.#realm.evaluate(source, name) as Evaluated)(...args)
    const run = (name: RealmScript, ...args: unknown[]): Record<string, unknown> =>
      evaluate(assets.realmScripts[name], `realm/${name}.js`, ...args)
    run('lockdown')
    const primordials = run('primordials')
    const face = run('face', primordials, functions, run('wrappers', primordials))
    const parts = {
      createPyodideModule: evaluate(assets.moduleScript, 'pyodide.asm.mjs', face.names),
      loadPyodide: evaluate(assets.loaderScript, 'pyodide.mjs', face.names),
      face,
      privateApi: run('private-api')
    }
    const controls = evaluate(script, 'packages/installer.js', primordials, functions, parts)
    return controls as unknown as RealmControls
  }

  #ownFunctions(assets: InterpreterAssets): HostFunctions {
    const { files } = this.#data
    const binaries = [assets.wasm, assets.stdlib] as const
    const copy = (bytes: Uint8Array | undefined, buffer: ArrayBuffer): void => {
      if (bytes !== undefined) new Uint8Array(buffer).set(bytes)
    }
    return {
      assetLength: (asset: number) => binaries[asset]?.length ?? 0,
      assetRead: (asset: number, buffer: ArrayBuffer) => copy(binaries[asset], buffer),
      fileName: (index: number) => files[index]?.path ?? '',
      fileLength: (index: number) => files[index]?.bytes.length ?? 0,
      fileRead: (index: number, buffer: ArrayBuffer) => copy(files[index]?.bytes, buffer),
      reply: (ok: number, text: string) => {
        const reply = this.#reply
        this.#reply = undefined
        reply?.(ok === 1, text)
      }
    }
  }

  #ask(call: (controls: RealmControls) => void): Promise<string> {
    const controls = this.#controls
    if (controls === undefined) return Promise.reject(new Error('there is no interpreter'))
    return new Promise((resolve, reject) => {
      this.#reply = (ok, text) => (ok ? resolve(text) : reject(new Error(text)))
      try {
        call(controls)
      } catch {
        reject(new Error('the realm could not start'))
      }
    })
  }
}
