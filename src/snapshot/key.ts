// What a snapshot must never be shared across: all of it goes into one hash, the name of its file.
// What can only be known by looking at the host's files is in the manifest (manifest.ts) instead.

import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { ApplicationSpec, FileGrant } from '../wire/messages.ts'
import { isReadAtStart } from '../wire/start-variables.ts'

/** Everything that decides what a capture would be, besides the content of files. */
export interface KeyParts {
  readonly pyodideVersion: string
  /** BUILD_ID of pyodide.asm.mjs: function table and memory layout are a build's own. */
  readonly pyodideBuildId: string
  /** `process.versions.v8`. */
  readonly v8Version: string
  readonly wasgiVersion: string
  /** Of `codeHash()`. */
  readonly codeHash: string
  readonly memoryLimitBytes: number
  readonly tmpLimitBytes: number
  readonly debug: boolean
  /** Warm-up requests in order, as in `GET /`. */
  readonly warmup: readonly string[]
  readonly application: ApplicationSpec
  readonly siblings?: readonly ApplicationSpec[]
  readonly grants: readonly FileGrant[]
  /** Guest paths, in order. */
  readonly sysPath: readonly string[]
  /** Names of all variables that are passed; their order does not matter. */
  readonly variableNames: readonly string[]
  /** Of `keyedVariables()`. */
  readonly variableValues: Readonly<Record<string, string>>
}

/**
 * SHA-256 of the parts, 64 hex digits: no part can be read from it. Equal parts give equal keys,
 * whatever the order of names and of object keys; the order of grants and paths matters.
 */
export function snapshotKey(parts: KeyParts): string {
  const names = [...new Set(parts.variableNames)].sort()
  return hash('sha256', JSON.stringify(sorted({ ...parts, variableNames: names })))
}

/**
 * The passed variables whose values are part of the key: those of `snapshotEnv`, which may be
 * stored, and those that Python reads on its own. A name that is not passed is left out.
 */
export function keyedVariables(
  passed: Readonly<Record<string, string>>,
  snapshotEnv: readonly string[]
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(passed).filter(([name]) => snapshotEnv.includes(name) || isReadAtStart(name))
  )
}

/**
 * SHA-256 (hex) of wasgi's own code that lies in a capture: `scripts` (name to source; the realm's)
 * and every file below the host folder `gatewayFolder` but for bytecode. Names count as much as
 * contents, the folder's own place does not. Throws the system's error when it cannot be read.
 */
export function codeHash(scripts: Readonly<Record<string, string>>, gatewayFolder: string): string {
  const files = readdirSync(gatewayFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(gatewayFolder, path).includes('__pycache__'))
    .map((path) => [
      relative(gatewayFolder, path).replaceAll(sep, '/'),
      hash('sha256', readFileSync(path))
    ])
  return hash('sha256', JSON.stringify(sorted({ scripts, files: Object.fromEntries(files) })))
}

/** The same value with the keys of every object in order: JSON keeps the order of insertion. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  // Entries, not an object: a key that looks like a number would jump the queue.
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, sorted(each)])
}
