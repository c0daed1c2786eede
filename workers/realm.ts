// The bare context an interpreter lives in: a fresh global with nothing of the host in it, no code
// from strings, and the realm scripts of workers/realm evaluated in their order. Node-specific: this
// file and host/ are what another runtime would replace.
import vm from 'node:vm'
import { STRICT } from './boot/source.ts'

/** A function of the realm. The host calls it with primitives and never touches what it returns. */
export type RealmFunction = (...args: unknown[]) => unknown

/**
 * Node's options for a thread that has a realm in it. When a promise is rejected Node looks on it for
 * ids of its own, and ends the process if they are not what it put there; a guest can put others.
 */
export const THREAD_OPTIONS: readonly string[] = ['--no-force-async-hooks-checks']

/** Enough for an interpreter in a thread that has nothing else to do; the default of `stack_size`, too. */
export const STACK_MB = 8

export interface Realm {
  /**
   * Evaluates a classic script in the realm and returns its completion value. `code` is what
   * `codeOf` gave for the same script; it is ignored where it does not fit.
   */
  evaluate(source: string, filename: string, code?: Uint8Array): unknown
  /**
   * Makes a compiled wasm module, which must not be used elsewhere, an object of this realm: nothing
   * of the realm it was compiled or received in can be reached from it.
   */
  adopt(module: object): object
  /** V8's code cache of a script that was evaluated, with the functions that have run since. */
  codeOf(filename: string): Uint8Array
}

/** Makes an empty realm: standard intrinsics only, `eval` and `new Function` refused by V8. */
export function createRealm(): Realm {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    name: 'wasgi',
    codeGeneration: { strings: false, wasm: true }
  })
  const scripts = new Map<string, vm.Script>()
  return {
    evaluate: (source, filename, code) => {
      // Strict, all of it: a sloppy function hands out the global object and its callers. A script
      // that is so already is not copied, since Pyodide's is 1.2 MB in each thread.
      const strict = source.startsWith(STRICT) ? source : STRICT + source
      const options =
        code === undefined ? { filename } : { filename, cachedData: Buffer.from(code) }
      const script = new vm.Script(strict, options)
      scripts.set(filename, script)
      return script.runInContext(context)
    },
    adopt: (module) => {
      const prototype = new vm.Script('WebAssembly.Module.prototype').runInContext(
        context
      ) as object
      return Object.setPrototypeOf(module, prototype)
    },
    codeOf: (filename) => scripts.get(filename)?.createCachedData() ?? new Uint8Array()
  }
}
