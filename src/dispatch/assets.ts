// Reads Pyodide's files and our realm scripts once per server and prepares what the workers share.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type InterpreterAssets, REALM_SCRIPTS } from '../../workers/boot/assets.ts'
import { buildId, capMemory, loaderScript, moduleScript } from '../../workers/boot/source.ts'

/** The folder of `workers/`, beside this one both in the repository and in the package's dist. */
export const WORKERS_URL: URL = new URL('../../workers/', import.meta.url)

/** Loads the assets for interpreters that may use up to `memoryLimitBytes` of wasm memory. */
export async function loadAssets(memoryLimitBytes: number): Promise<InterpreterAssets> {
  const folder = dirname(createRequire(import.meta.url).resolve('pyodide/package.json'))
  const [module, loader, wasm, stdlib, lock] = await Promise.all([
    readFile(join(folder, 'pyodide.asm.mjs'), 'utf8'),
    readFile(join(folder, 'pyodide.mjs'), 'utf8'),
    readFile(join(folder, 'pyodide.asm.wasm')),
    readFile(join(folder, 'python_stdlib.zip')),
    readFile(join(folder, 'pyodide-lock.json'), 'utf8')
  ])
  const scripts = await Promise.all(
    REALM_SCRIPTS.map(async (name) => {
      const source = await readFile(new URL(`realm/${name}.js`, WORKERS_URL), 'utf8')
      return [name, source] as const
    })
  )
  const { info } = JSON.parse(lock) as { info: { python: string } }
  return {
    moduleScript: moduleScript(module),
    loaderScript: loaderScript(loader),
    wasm: shared(capMemory(wasm, memoryLimitBytes)),
    stdlib: shared(stdlib),
    lockFile: JSON.stringify({ info, packages: {} }),
    buildId: buildId(loader),
    pythonVersion: info.python,
    realmScripts: Object.fromEntries(scripts) as InterpreterAssets['realmScripts']
  }
}

// Node has it; TypeScript knows it only together with browsers.
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> }

/**
 * Compiles the wasm file. As long as the result or a copy of it is held, V8 gives all threads of the
 * process the same machine code for the same bytes, that of functions compiled later included.
 */
export function compiledCode({ wasm }: InterpreterAssets): Promise<object> {
  return WebAssembly.compile(new Uint8Array(wasm)) // V8 compiles no shared memory
}

function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
