// Everything an interpreter is built from, read and rewritten once by the main thread and shared
// with every worker. The bytes live in SharedArrayBuffers, so N workers hold one copy of them.

/** Sent in workerData. All of it is read-only by agreement; the guest never sees these buffers. */
export interface InterpreterAssets {
  /** Value: `(face) => createPyodideModule` (boot/source.ts). */
  readonly moduleScript: string
  /** Value: `(face) => loadPyodide`. */
  readonly loaderScript: string
  /** `pyodide.asm.wasm` with the memory ceiling written into it. */
  readonly wasm: Uint8Array<SharedArrayBuffer>
  /** `python_stdlib.zip`. */
  readonly stdlib: Uint8Array<SharedArrayBuffer>
  /** A lock file with no packages: nothing is ever loaded from Pyodide's own distribution. */
  readonly lockFile: string
  /** Pyodide's own name for its build, 64 hex digits. */
  readonly buildId: string
  /** CPython's, such as `3.14.2`. */
  readonly pythonVersion: string
  /** Sources of the scripts in workers/realm, by file name without its ending. */
  readonly realmScripts: Readonly<Record<RealmScript, string>>
}

/** The realm's scripts in the order of their evaluation. */
export const REALM_SCRIPTS = [
  'lockdown',
  'primordials',
  'wrappers',
  'face',
  'streams',
  'files',
  'memory-files',
  'tmp',
  'syscalls',
  'channel',
  'private-api',
  'linker',
  'snapshot',
  'interpreter'
] as const

export type RealmScript = (typeof REALM_SCRIPTS)[number]
