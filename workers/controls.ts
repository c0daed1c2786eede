// What drives Python, and where it comes from: the scripts of workers/realm, evaluated in a realm of
// their own with the host's functions. It imports nothing of Node's.
import { type InterpreterAssets, REALM_SCRIPTS, type RealmScript } from './boot/assets.ts'
import type { Realm } from './realm.ts'

export type HostFunctions = Readonly<Record<string, (...args: never[]) => unknown>>
type RealmParts = Record<string, unknown>
type Evaluated = (...args: unknown[]) => RealmParts

/** What drives one Python. Primitives in, primitives out; all ends in functions of the host. */
export interface Controls {
  boot(optionsText: string): void
  call(name: string, text: string): void
  capture(): void
  wipe(): void
  serve(): void
  settle(ticket: number, value: number): void
  fireTimer(id: number): void
  /** Makes whatever is suspended fail. */
  interrupt(): void
  memory(): ArrayBuffer
  /** Lets go of an interpreter that is not ours. */
  end?(): void
}

/** The host's half: see workers/host. All of them take and return primitives. */
export interface HostCapabilities {
  /** Text, clock, randomness, timers, hashes and logging, by the names realm/face.js uses. */
  readonly functions: HostFunctions
  /** The host's half of the file system and of its locks (workers/host/files.ts). */
  readonly files: HostFunctions
  /** Whether Python sleeps, and what ends that with a number. */
  readonly isSleeping: () => boolean
  readonly endSleep: (value: number) => void
  /** Closes every file that Python left open. */
  readonly closeFiles: () => void
  /** The same, and drops all timers: the interpreter is given up while its thread goes on. */
  readonly end: () => void
}

/** Makes the controls of one Python. `own` are functions of the interpreter that is driven. */
export type MakeControls = (host: HostCapabilities, own: HostFunctions) => Controls

/** Scripts that are worth a code cache: all others together are a hundredth of them. */
export const CACHED_SCRIPTS = ['pyodide.asm.mjs', 'pyodide.mjs'] as const

/** What may spare a realm some of its work. */
export interface Prepared {
  /** V8's code cache of a script, if there is one. */
  readonly codeOf?: (script: string) => Uint8Array | undefined
  /** `pyodide.asm.wasm` compiled; an object that nobody else has. */
  readonly module?: object | undefined
}

/** Controls of a Pyodide in this realm, with nothing of the host in it. */
export function realmControls(
  assets: InterpreterAssets,
  realm: Realm,
  { codeOf = () => undefined, module }: Prepared = {}
): MakeControls {
  return (host, own) => {
    const functions = { ...host.functions, closeFiles: host.closeFiles, ...own }
    const run = (name: RealmScript, ...args: unknown[]): RealmParts => {
      const script = realm.evaluate(assets.realmScripts[name], `realm/${name}.js`)
      return (script as Evaluated)(...args)
    }
    const [first] = REALM_SCRIPTS
    run(first)
    const compiled = module === undefined ? undefined : realm.adopt(module)
    const primordials = run('primordials')
    const face = run('face', primordials, functions, run('wrappers', primordials), compiled)
    const files = run('files', primordials, host.files, run('streams', primordials, host.files))
    const syscalls = run('syscalls', primordials, host.files)
    const memoryFiles = run('memory-files', primordials)
    const channel = run('channel', primordials, functions, syscalls.flock)
    const privateApi = run('private-api')
    const linker = run('linker', primordials, privateApi)
    const snapshotParts = { privateApi, memoryFiles, linker, channel, face }
    const parts = {
      ...pyodide(assets, realm, face.names, codeOf),
      face,
      files,
      tmp: run('tmp', primordials, memoryFiles.touch),
      syscalls,
      channel,
      privateApi,
      snapshot: run('snapshot', primordials, functions, snapshotParts)
    }
    return { ...run('interpreter', primordials, functions, parts) } as unknown as Controls
  }
}

function pyodide(
  assets: InterpreterAssets,
  realm: Realm,
  faceNames: unknown,
  codeOf: (script: string) => Uint8Array | undefined
): RealmParts {
  const [moduleName, loaderName] = CACHED_SCRIPTS
  const script = (source: string, name: string): unknown =>
    (realm.evaluate(source, name, codeOf(name)) as (face: unknown) => unknown)(faceNames)
  return {
    createPyodideModule: script(assets.moduleScript, moduleName),
    loadPyodide: script(assets.loaderScript, loaderName)
  }
}
