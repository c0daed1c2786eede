// What cannot be had when the host program brings its own Pyodide: asked for, it is an error, and
// never silently something else.
import type { ForeignPyodide } from '../../workers/foreign.ts'
import type { ResolvedServer, ResolvedSettings, Settings } from '../config/settings.ts'
import { WasgiError } from '../errors.ts'

const REASONS: Partial<Record<keyof Settings, string>> = {
  isolation: 'it can only be wiped if wasgi has made it',
  maximumRequests: 'it is never wiped or replaced',
  maximumRequestsJitter: 'it is never wiped or replaced',
  restartInterval: 'it is never wiped or replaced',
  inactivityTimeout: 'it is never given up',
  cpuTimeLimit: 'its thread is the main one',
  deadlockTimeout: 'its thread is the main one',
  lazyInitialization: 'it exists already, so that nothing can be put off',
  workers: 'it is one interpreter, in the main thread',
  memoryLimit: 'its memory has the limit it was made with',
  tmpLimit: 'its files in memory are not counted',
  snapshot: 'no snapshot of it is taken',
  snapshotDir: 'no snapshot of it is taken',
  snapshotEnv: 'no snapshot of it is taken',
  dispatchGroups: 'it is the only interpreter',
  warmup: 'no snapshot of it is taken',
  restrictEmbedded: 'it is embedded'
}

/** Values that ask for nothing. */
const HARMLESS: Partial<Record<keyof Settings, unknown>> = {
  isolation: 'worker',
  maximumRequests: 0,
  maximumRequestsJitter: 0,
  restartInterval: 0,
  inactivityTimeout: 0,
  cpuTimeLimit: 0,
  deadlockTimeout: 0,
  lazyInitialization: false,
  workers: 1,
  snapshot: false,
  restrictEmbedded: false
}

/**
 * The settings for an application that runs in `interpreter`. Throws WASGI_ERR_FOREIGN_INTERPRETER
 * for an option that it cannot honour, or if `interpreter` is no Pyodide.
 */
export function adopting(server: ResolvedServer, interpreter: unknown): ResolvedServer {
  if (!isPyodide(interpreter)) {
    throw new WasgiError('WASGI_ERR_CONFIG_INVALID', [
      'interpreter',
      'what loadPyodide() resolves with',
      typeof interpreter,
      'plugin option'
    ])
  }
  const [only, another] = server.mounts
  if (another !== undefined) {
    throw new WasgiError('WASGI_ERR_FOREIGN_INTERPRETER', ['mounts', 'it is for one application'])
  }
  return only === undefined ? server : { ...server, mounts: [adopted(only)] }
}

function adopted(mount: ResolvedSettings): ResolvedSettings {
  const { settings, origins } = mount
  for (const [name, reason] of Object.entries(REASONS) as [keyof Settings, string][]) {
    if (origins[name] === 'default' || settings[name] === HARMLESS[name]) continue
    throw new WasgiError('WASGI_ERR_FOREIGN_INTERPRETER', [name, reason])
  }
  if (origins.mode !== 'default' && settings.mode === 'daemon') {
    throw new WasgiError('WASGI_ERR_FOREIGN_INTERPRETER', ['mode "daemon"', 'it is in this thread'])
  }
  const own = { mode: 'embedded', workers: 1, snapshot: false } as const
  return { ...mount, settings: { ...settings, ...own } }
}

function isPyodide(value: unknown): value is ForeignPyodide {
  if (typeof value !== 'object' || value === null) return false
  const { FS, registerJsModule, mountNodeFS, pyimport } = value as Partial<ForeignPyodide>
  return (
    typeof FS === 'object' &&
    [registerJsModule, mountNodeFS, pyimport].every((member) => typeof member === 'function')
  )
}
