// Reads Pyodide's files and our realm scripts once per server and prepares what the workers share.
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type InterpreterAssets, REALM_SCRIPTS } from '../../workers/boot/assets.ts'
import { buildId, capMemory, loaderScript, moduleScript } from '../../workers/boot/source.ts'

/** The folder of `workers/`, beside this one both in the repository and in the package's dist. */
export const WORKERS_URL: URL = new URL('../../workers/', import.meta.url)

/**
 * Loads the assets for interpreters that may use up to `memoryLimitBytes` of wasm memory. Blocks for
 * the 13 ms that it takes: read in pieces, beside the modules that a starting process loads, they
 * would be there 50 ms later.
 */
export function loadAssets(memoryLimitBytes: number): InterpreterAssets {
  const folder = dirname(createRequire(import.meta.url).resolve('pyodide/package.json'))
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const loader = text('pyodide.mjs')
  const { info } = JSON.parse(text('pyodide-lock.json')) as { info: { python: string } }
  const scripts = REALM_SCRIPTS.map((name) => {
    const source = readFileSync(new URL(`realm/${name}.js`, WORKERS_URL), 'utf8')
    return [name, source] as const
  })
  return {
    moduleScript: moduleScript(text('pyodide.asm.mjs')),
    loaderScript: loaderScript(loader),
    wasm: capMemory(sharedFile(join(folder, 'pyodide.asm.wasm')), memoryLimitBytes),
    stdlib: sharedFile(join(folder, 'python_stdlib.zip')),
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

/** A whole file in memory that all threads can have. */
function sharedFile(path: string): Uint8Array<SharedArrayBuffer> {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer(fstatSync(file).size))
    let at = 0
    while (at < bytes.length) {
      const count = readSync(file, bytes, at, bytes.length - at, at)
      if (count === 0) throw new Error(`${path} became shorter while it was read`)
      at += count
    }
    return bytes
  } finally {
    closeSync(file)
  }
}
