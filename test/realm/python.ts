// Python in a realm for the tests of what Python sees: the realm's own scripts, no gateway, no
// server. What a test runs are functions of the modules in test/realm/guest.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadAssets, WORKERS_URL } from '../../src/dispatch/assets.ts'
import type { FileGrant } from '../../src/wire/messages.ts'
import type { InterpreterAssets } from '../../workers/boot/assets.ts'
import {
  type FileHost,
  type FileHostOptions,
  type GrantedFiles,
  grantFiles
} from '../../workers/host/files.ts'
import { textHost, timerHost } from '../../workers/host/text.ts'
import { createRealm } from '../../workers/realm.ts'

type Script = (...args: unknown[]) => Record<string, (...args: unknown[]) => unknown>

export interface PythonOptions extends Partial<FileHostOptions> {
  readonly grants: readonly FileGrant[]
  readonly tmpLimitBytes?: number
  /** Puts something between the realm and the host's functions. */
  readonly wrapHost?: (host: FileHost) => FileHost
}

export interface Python {
  readonly files: GrantedFiles
  /** Evaluates an expression, such as a call of a guest module's function; its value as JSON. */
  evaluate(expression: string): unknown
  /** Evaluates JavaScript in the realm. */
  readonly realm: (source: string) => unknown
}

const MEMORY_BYTES = 256 * 1024 * 1024
const GUEST = fileURLToPath(new URL('guest', import.meta.url))

/** A read-only grant with the rules of an application's folder. */
export function readOnly(guestPath: string, hostPath: string): FileGrant {
  return { guestPath, hostPath, writable: false, hideDotNames: true }
}

/** A writable grant with the rules of --data-dir. */
export function writable(guestPath: string, hostPath: string): FileGrant {
  return { guestPath, hostPath, writable: true, hideDotNames: false }
}

export function readAssets(): InterpreterAssets {
  return loadAssets(MEMORY_BYTES)
}

/** Boots Python with the given folders, and test/realm/guest at /guest. */
export async function bootPython(
  options: PythonOptions,
  assets?: InterpreterAssets
): Promise<Python> {
  const { grants, tmpLimitBytes = 67_108_864, warn = () => {} } = options
  const { moduleScript, loaderScript, wasm, stdlib, realmScripts, lockFile } =
    assets ?? readAssets()
  const realm = createRealm()
  const files = grantFiles([...grants, readOnly('/guest', GUEST)], { ...options, warn })
  const host = options.wrapHost?.(files.host) ?? files.host
  const run = (source: string, name: string, ...args: unknown[]) =>
    (realm.evaluate(source, name) as Script)(...args)
  const own = (name: string, ...args: unknown[]) =>
    run(readFileSync(new URL(`realm/${name}.js`, WORKERS_URL), 'utf8'), `realm/${name}.js`, ...args)

  run(realmScripts.lockdown, 'lockdown')
  const primordials = own('primordials')
  let fire: (id: number) => void = () => {}
  const ready = Promise.withResolvers<void>()
  const bytes = [wasm, stdlib]
  const functions = {
    ...textHost(),
    ...timerHost((id) => fire(id)),
    suspended: () => {},
    log: () => {},
    assetLength: (asset: number) => bytes[asset]?.length ?? 0,
    assetRead: (asset: number, buffer: ArrayBuffer) =>
      new Uint8Array(buffer).set(bytes[asset] ?? []),
    ready: () => ready.resolve(),
    failed: (text: string) => ready.reject(new Error(text))
  }
  const face = own('face', primordials, functions, own('wrappers', primordials))
  fire = face.fireTimer as typeof fire
  const memoryFiles = own('memory-files', primordials)
  const parts = {
    createPyodideModule: run(moduleScript, 'module', face.names),
    loadPyodide: run(loaderScript, 'loader', face.names),
    face,
    files: own('files', primordials, host, own('streams', primordials, host)),
    tmp: own('tmp', primordials, memoryFiles.touch),
    syscalls: own('syscalls', primordials, host),
    privateApi: own('private-api')
  }
  const script = readFileSync(new URL('python.js', import.meta.url), 'utf8')
  const controls = run(script, 'python.js', primordials, functions, parts)
  controls.boot?.(lockFile, tmpLimitBytes)
  await ready.promise
  return {
    files,
    evaluate: (expression) => {
      const answer = JSON.parse(String(controls.evaluate?.(expression))) as {
        value?: unknown
        error?: string
      }
      if (answer.error !== undefined) throw new Error(answer.error)
      return answer.value
    },
    realm: (source) => realm.evaluate(source, 'test')
  }
}
