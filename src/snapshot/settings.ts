// From a group's options to the source of its snapshots: where they are kept, and under which key.
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InterpreterAssets } from '../../workers/boot/assets.ts'
import { WORKERS_URL } from '../dispatch/assets.ts'
import type { BootTemplate } from '../dispatch/worker.ts'
import { packageVersions } from '../package.ts'
import { codeHash, keyedVariables, snapshotKey } from './key.ts'
import { type SnapshotEvents, SnapshotSource } from './source.ts'
import { SnapshotStore } from './store.ts'

export interface SnapshotSettings {
  /** Absolute. */
  readonly folder: string
  /** Of all files in it together; with 0 nothing is kept. */
  readonly limitBytes: number
  /** Requests such as `GET /`. */
  readonly warmup: readonly string[]
  /** Names whose values may be part of a stored snapshot. */
  readonly storableNames: readonly string[]
}

interface Captured {
  readonly boot: BootTemplate
  readonly memoryLimitBytes: number
}

/** The source of snapshots for a group with these options. */
export function snapshotSource(
  settings: SnapshotSettings,
  group: Captured,
  assets: InterpreterAssets,
  events: SnapshotEvents
): SnapshotSource {
  const { folder, limitBytes, warmup, storableNames } = settings
  const store = limitBytes === 0 ? undefined : new SnapshotStore({ folder, limitBytes })
  const key = keyOf(settings, group, assets)
  return new SnapshotSource({ store, key, warmup, storableNames }, events)
}

function keyOf(settings: SnapshotSettings, group: Captured, assets: InterpreterAssets): string {
  const { env, grants, sysPath, application, siblings, debug, tmpLimitBytes } = group.boot
  const versions = packageVersions()
  // Pyodide's scripts count as we have rewritten them, which its version does not tell.
  const rewritten = hash('sha256', assets.moduleScript + assets.loaderScript)
  const scripts = { ...assets.realmScripts, rewritten }
  return snapshotKey({
    pyodideVersion: versions.pyodide,
    pyodideBuildId: assets.buildId,
    v8Version: process.versions.v8,
    wasgiVersion: versions.wasgi,
    codeHash: codeHash(scripts, join(fileURLToPath(WORKERS_URL), 'python', 'wasgi')),
    memoryLimitBytes: group.memoryLimitBytes,
    tmpLimitBytes,
    debug,
    warmup: settings.warmup,
    application,
    siblings,
    grants,
    sysPath,
    variableNames: Object.keys(env),
    variableValues: keyedVariables(env, settings.storableNames)
  })
}
