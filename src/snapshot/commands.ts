// What `wasgi snapshot ...` does, without its command line: makes, looks at and removes what servers
// restore. It must not print.
import { homedir } from 'node:os'
import type {
  ApplicationInspection,
  BuildOutcome,
  SnapshotInspection,
  StorePlace
} from '../cli/surroundings.ts'
import type { ResolvedMounts, ResolvedSettings } from '../config/settings.ts'
import { loadAssets } from '../dispatch/assets.ts'
import { SharedLocks } from '../dispatch/shared-locks.ts'
import { WasgiError } from '../errors.ts'
import { groupEvents } from '../server/group-log.ts'
import { poolOptions } from '../server/group-options.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { Refused } from '../wire/messages.ts'
import { requestTableBytes } from '../wire/request-table.ts'
import type { Header } from './header.ts'
import { type Dependency, type ImageReport, PAGE_BYTES } from './image.ts'
import { SnapshotRejected } from './rejected.ts'
import { snapshotSource } from './settings.ts'
import { shelved } from './shelf.ts'
import { type Captured, refusal, type SnapshotSource, sizeOf } from './source.ts'
import {
  defaultStoreFolder,
  type Pruned,
  SnapshotStore,
  type StoredHeader,
  type StoredSnapshot,
  type Verdict
} from './store.ts'

/** An application whose snapshot is to be made, or may be there. */
interface Subject {
  readonly target: string
  readonly source: SnapshotSource
  capture(): Promise<Captured | Refused>
  warn(error: SnapshotRejected): void
}

/**
 * Stores the snapshot that a server with these settings restores; with `ifMissing` only if there is
 * none, or none that may be restored. Rejects with the WasgiError that keeps it from being stored.
 */
export async function build(resolved: ResolvedMounts, ifMissing: boolean): Promise<BuildOutcome> {
  assertKept(resolved)
  const startedAt = performance.now()
  const { target, source, capture, warn } = await subjectOf(resolved)
  const { key } = source
  const before = ifMissing ? await valid(source, warn) : undefined
  if (before !== undefined) {
    const { header, bytes } = before
    const ms = performance.now() - startedAt
    return { key, made: false, memoryBytes: memoryBytesOf(header), fileBytes: bytes, ms }
  }
  const captured = await capture()
  if (captured.kind === 'refused') throw refusal(target, captured)
  const fileBytes = await source.save(captured)
  const ms = performance.now() - startedAt
  return { key, made: true, memoryBytes: sizeOf(captured.image), fileBytes, ms }
}

/** Every stored snapshot, most recently used first. */
export async function list(place: StorePlace): Promise<readonly StoredSnapshot[]> {
  return storeAt(place).list()
}

/** What is known of the stored snapshot whose key begins with `prefix`. */
export async function inspectStored(
  place: StorePlace,
  prefix: string
): Promise<SnapshotInspection> {
  const store = storeAt(place)
  const key = await keyFrom(store, prefix)
  const found = await store.read(key)
  if (found === undefined) throw noSuchKey(store, prefix)
  const { header, bytes, usedAt } = found
  const [verdict] = await store.verify(key)
  const { state, message } = verdict ?? { state: 'ok', message: undefined }
  return {
    kind: 'snapshot',
    key,
    report: largestFirst(header.report),
    memoryBytes: memoryBytesOf(header),
    heapBytes: header.memoryBytes,
    dependencies: header.manifest.entries.map(({ path, kind }) => ({ path, kind })),
    stored: { bytes, usedAt, state, message },
    obstacle: ''
  }
}

/** Captures the application, to tell what a snapshot of it is or would be. Stores nothing. */
export async function inspectApplication(resolved: ResolvedMounts): Promise<ApplicationInspection> {
  // Who has turned snapshots off may want to know what stands in their way.
  const settings = { ...resolved.settings, snapshot: true }
  const { target, source, capture } = await subjectOf({ ...resolved, settings })
  const captured = await capture()
  if (captured.kind === 'refused') {
    const { reasons, traceback } = captured
    return { kind: 'refused', target, reasons, traceback }
  }
  const { image, dependencies } = captured
  return {
    kind: 'snapshot',
    key: source.key,
    report: largestFirst(image.report),
    memoryBytes: sizeOf(image),
    heapBytes: image.memoryBytes,
    dependencies: [...dependencies].sort(byPath),
    stored: undefined,
    obstacle: await source.obstacle(captured)
  }
}

/** Checks the snapshots whose keys begin with these prefixes, or all, as a server would. */
export async function verify(
  place: StorePlace,
  prefixes: readonly string[]
): Promise<readonly Verdict[]> {
  const store = storeAt(place)
  if (prefixes.length === 0) return store.verify()
  const keys = new Set<string>()
  for (const prefix of prefixes) keys.add(await keyFrom(store, prefix))
  const verdicts: Verdict[] = []
  for (const key of keys) verdicts.push(...(await store.verify(key)))
  return verdicts
}

/** Removes what no server would restore and what is beyond the limit, or everything. */
export async function prune(place: StorePlace, all: boolean): Promise<readonly Pruned[]> {
  return storeAt(place).prune({ all })
}

function storeAt({ snapshotDir, snapshotLimit }: StorePlace): SnapshotStore {
  const folder = snapshotDir ?? defaultStoreFolder(process.env, homedir())
  return new SnapshotStore({ folder, limitBytes: snapshotLimit })
}

async function keyFrom(store: SnapshotStore, prefix: string): Promise<string> {
  const keys = (await shelved(store.folder)).map(({ key }) => key)
  const [found, ...others] = keys.filter((key) => key.startsWith(prefix))
  if (found === undefined) throw noSuchKey(store, prefix)
  if (others.length === 0) return found
  const reason = `${others.length + 1} keys begin with "${prefix}"; give more of its digits`
  throw new WasgiError('WASGI_ERR_USAGE', [reason])
}

function noSuchKey(store: SnapshotStore, prefix: string): WasgiError {
  const reason = `no snapshot in ${store.folder} has a key that begins with "${prefix}"`
  return new WasgiError('WASGI_ERR_USAGE', [reason])
}

/** What is not restored, or not kept, cannot be built for a server. */
function assertKept({ settings, origins }: ResolvedSettings): void {
  const { snapshot, snapshotLimit } = settings
  if (!snapshot) {
    const args = ['snapshot', 'on, or no server restores what is built', 'off', origins.snapshot]
    throw new WasgiError('WASGI_ERR_CONFIG_INVALID', args)
  }
  if (snapshotLimit === 0) {
    const args = ['snapshot_limit', 'more than 0, or nothing is kept', '0', origins.snapshotLimit]
    throw new WasgiError('WASGI_ERR_CONFIG_INVALID', args)
  }
}

async function subjectOf(resolved: ResolvedMounts): Promise<Subject> {
  const pool = { ...resolved, name: resolved.settings.processGroup }
  const { options, applications } = await poolOptions(pool, [])
  const { name, boot, memoryLimitBytes, startupTimeoutMs, stackSize, snapshot } = options
  if (snapshot === undefined) throw new TypeError('these settings make no snapshot')
  const { logLevel: level, logFormat: format } = resolved.settings
  const events = groupEvents(createLogger({ level, format }))
  const assets = loadAssets(memoryLimitBytes)
  const source = snapshotSource(snapshot, options, assets, events)
  const capture = (): Promise<Captured | Refused> => {
    const locks = new SharedLocks()
    const requests = new SharedArrayBuffer(requestTableBytes(1))
    const data = { requests, locks: locks.buffer }
    const owner = locks.newOwner()
    const limits = { startupTimeoutMs, stackSize }
    return source.capture(data, { assets, name: `${name}/builder`, owner, boot, ...limits })
  }
  const target = applications.map((application) => application.target).join(', ')
  return { target, source, capture, warn: (error) => events.onSnapshotFailure(error) }
}

/** The stored snapshot if it may be restored. Says why one may not. */
async function valid(
  { store, key }: SnapshotSource,
  warn: Subject['warn']
): Promise<StoredHeader | undefined> {
  try {
    // In this order: what is loaded counts as used, and is removed when it is rejected.
    const loaded = await store?.load(key)
    return loaded === undefined ? undefined : await store?.read(key)
  } catch (error) {
    if (!(error instanceof SnapshotRejected)) throw error
    warn(error)
    return undefined
  }
}

function memoryBytesOf({ pageCount, fileBytes }: Header): number {
  return pageCount * PAGE_BYTES + fileBytes
}

function largestFirst(report: ImageReport): ImageReport {
  return { ...report, modules: report.modules.toSorted((a, b) => b.bytes - a.bytes) }
}

function byPath(a: Dependency, b: Dependency): number {
  return a.path < b.path ? -1 : 1
}
