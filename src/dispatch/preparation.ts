// What a group's interpreters are made from, for its start and for each reload: Python's code, compiled
// once, and the image of the imported application.
import type { InterpreterAssets } from '../../workers/boot/assets.ts'
import type { Image } from '../snapshot/image.ts'
import { snapshotSource } from '../snapshot/settings.ts'
import { type SnapshotEvents, tryApplication } from '../snapshot/source.ts'
import type { GroupData } from '../wire/messages.ts'
import { requestTableBytes } from '../wire/request-table.ts'
import { compiledCode, loadAssets } from './assets.ts'
import type { Recipe } from './request-group.ts'
import type { SharedLocks } from './shared-locks.ts'
import type { Prepared } from './worker.ts'

export interface PreparationOptions extends Recipe {
  readonly name: string
  readonly lazy: boolean
  readonly memoryLimitBytes: number
  readonly startupTimeoutMs: number
  /** Bytes of the stack of a thread. */
  readonly stackSize: number
}

/** For the start: the store, or if the group is eager, a new capture. */
export async function prepare(
  options: PreparationOptions,
  locks: SharedLocks,
  events: SnapshotEvents
): Promise<Prepared> {
  const assets = loadAssets(options.memoryLimitBytes)
  // Both at a time: one works in other threads, the other one mostly waits.
  const [module, image] = await Promise.all([
    compiledCode(assets),
    options.snapshot && imageOf(options, assets, locks, events, options.lazy ? 'store' : 'either')
  ])
  return { assets, module, image }
}

/** Where an image may be from: the store alone, a new capture alone, or a capture if nothing stored fits. */
export type ImageFrom = 'store' | 'either' | 'capture'

/**
 * For a reload: the application as it is now. Unless `from` is the store it has been imported when this
 * resolves, now or when a stored image was made of the same files. Rejects with a WasgiError when it
 * cannot be.
 */
export async function prepareAnew(
  before: Prepared,
  options: PreparationOptions & { readonly from: ImageFrom; readonly signal: AbortSignal },
  locks: SharedLocks,
  events: SnapshotEvents
): Promise<Prepared> {
  const image = await imageOf(options, before.assets, locks, events, options.from)
  return { ...before, image }
}

async function imageOf(
  options: PreparationOptions & { readonly signal?: AbortSignal },
  assets: InterpreterAssets,
  locks: SharedLocks,
  events: SnapshotEvents,
  from: ImageFrom
): Promise<Image | undefined> {
  const { snapshot, name, boot, startupTimeoutMs, stackSize, signal } = options
  const source = snapshot && snapshotSource(snapshot, options, assets, events)
  const stored = from === 'capture' ? undefined : await source?.stored()
  if (stored !== undefined || from === 'store') return stored
  const owner = locks.newOwner()
  const requests = new SharedArrayBuffer(requestTableBytes(1))
  const data: GroupData = { requests, locks: locks.buffer }
  const limits = { startupTimeoutMs, stackSize }
  const building = { assets, name: `${name}/builder`, owner, boot, ...limits, signal }
  try {
    if (source !== undefined) return await source.make(data, building)
    await tryApplication(data, building, events)
    return undefined
  } finally {
    locks.release(owner)
  }
}
