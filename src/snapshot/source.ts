// Where a group's interpreters are restored from: the store if it has a snapshot that fits, else a
// new one, which is then stored. Nothing that goes wrong here keeps a server from starting: it is
// logged by its code, and interpreters boot from nothing.
import type { WasgiError as Failure } from '../errors.ts'
import { WasgiError } from '../errors.ts'
import type { Built, GroupData, LogLine, Refused, Saw } from '../wire/messages.ts'
import { type BuildOptions, buildSnapshot } from './builder.ts'
import type { Image } from './image.ts'
import { makeManifest } from './manifest.ts'
import { SnapshotUnsaved } from './rejected.ts'
import type { SnapshotStore } from './store.ts'

/** How snapshots are made and kept for one group. */
export interface SnapshotOptions {
  /** Absent when nothing is kept from one start to the next. */
  readonly store: SnapshotStore | undefined
  readonly key: string
  readonly warmup: readonly string[]
  /** Names whose values may be part of a stored snapshot. */
  readonly storableNames: readonly string[]
}

/** What there is to tell; the server logs it. */
export interface SnapshotEvents {
  onLog(worker: string, line: LogLine): void
  /** What Python reads, if `watch` was asked for. */
  readonly onSaw?: ((saw: Saw) => void) | undefined
  /** There is a snapshot to restore from. */
  onSnapshot(event: SnapshotEvent): void
  /** A stored one was not used, a new one could not be stored, or none could be made. */
  onSnapshotFailure(error: Failure): void
}

export interface SnapshotEvent {
  readonly from: 'store' | 'capture'
  readonly id: string
  /** Of the image in memory. */
  readonly bytes: number
  readonly ms: number
  /** Why a new one was not stored, as a sentence; '' when it was, or came from the store. */
  readonly unsaved: string
  /** Places that drew random numbers whose results all interpreters now share. */
  readonly random: readonly string[]
}

/** Bytes of the image in memory. */
export function sizeOf(image: Image): number {
  return image.pages.length + image.files.length
}

/** A capture, and when it was begun. */
export interface Captured extends Built {
  /** Milliseconds of the epoch. */
  readonly since: number
  /** Of `performance.now()`. */
  readonly startedAt: number
}

type MakeOptions = Omit<BuildOptions, 'warmup' | 'onLog' | 'onSaw'>

export class SnapshotSource {
  readonly key: string
  /** Absent when nothing is kept. */
  readonly store: SnapshotStore | undefined
  readonly #options: SnapshotOptions
  readonly #events: SnapshotEvents

  constructor(options: SnapshotOptions, events: SnapshotEvents) {
    this.key = options.key
    this.store = options.store
    this.#options = options
    this.#events = events
  }

  /** The stored snapshot, if there is one that may be restored. */
  async stored(): Promise<Image | undefined> {
    const startedAt = performance.now()
    try {
      const found = await this.store?.load(this.key)
      if (found === undefined) return undefined
      this.#tell('store', found.image, startedAt, '')
      return found.image
    } catch (error) {
      this.#events.onSnapshotFailure(asFailure(error))
      return undefined
    }
  }

  /**
   * Makes a snapshot. Gives undefined, and says why, when the application cannot be captured; rejects
   * with a WasgiError when it cannot even be loaded.
   */
  async make(data: GroupData, options: MakeOptions): Promise<Image | undefined> {
    const captured = await this.capture(data, options)
    if (captured.kind === 'refused') {
      this.#events.onSnapshotFailure(refusal(options.boot.application.target, captured))
      return undefined
    }
    const { image, startedAt } = captured
    this.#tell('capture', image, startedAt, await this.#keep(captured))
    return image
  }

  /** Makes a snapshot and stores nothing. Rejects as `make()` does. */
  async capture(data: GroupData, options: MakeOptions): Promise<Captured | Refused> {
    const startedAt = performance.now()
    const since = Date.now()
    const { warmup } = this.#options
    const onLog = (line: LogLine): void => this.#events.onLog(options.name, line)
    const { onSaw } = this.#events
    const built = await buildSnapshot(data, { ...options, warmup, onLog, onSaw })
    return built.kind === 'refused' ? built : { ...built, since, startedAt }
  }

  /**
   * Stores a snapshot and tells of it. Gives the size of the file; rejects with SnapshotUnsaved when
   * it may not be stored, or cannot be.
   */
  async save(captured: Captured): Promise<number> {
    const reason = this.#forbidden(captured.image)
    if (reason !== '') throw new SnapshotUnsaved(reason)
    const bytes = await this.#write(captured)
    this.#tell('capture', captured.image, captured.startedAt, '')
    return bytes
  }

  /** Why it may not be stored, as a sentence; '' if it may. Whether the disk lets it is not asked. */
  async obstacle(captured: Captured): Promise<string> {
    const reason = this.#forbidden(captured.image)
    if (reason !== '') return reason
    try {
      await makeManifest(captured.dependencies, captured.since)
      return ''
    } catch (error) {
      if (error instanceof SnapshotUnsaved) return error.reason
      throw error
    }
  }

  /** Stores what may be stored. Gives the reason why it was not, '' if it was, or if nothing ever is. */
  async #keep(captured: Captured): Promise<string> {
    if (this.store === undefined) return ''
    const reason = this.#forbidden(captured.image)
    if (reason !== '') return reason
    try {
      await this.#write(captured)
      return ''
    } catch (error) {
      this.#events.onSnapshotFailure(asFailure(error))
      return 'it could not be written'
    }
  }

  async #write({ image, dependencies, since }: Captured): Promise<number> {
    const manifest = await makeManifest(dependencies, since)
    return (await this.store?.save(this.key, image, manifest)) ?? 0
  }

  #forbidden(image: Image): string {
    if (this.store === undefined) return 'snapshot_limit is 0, so nothing is kept'
    const { storableNames } = this.#options
    const secret = image.report.variables.filter(({ name }) => !storableNames.includes(name))
    if (secret.length === 0) return ''
    const reads = secret.map(({ name, where }) => `${name} (${where})`).join(', ')
    return `the application read ${reads} while it was imported, and the value may be a secret; snapshot_env lists names that are none`
  }

  #tell(from: SnapshotEvent['from'], image: Image, startedAt: number, unsaved: string): void {
    const random = image.report.random.map(({ where, count }) => `${where}, ${count} times`)
    const bytes = sizeOf(image)
    const ms = performance.now() - startedAt
    this.#events.onSnapshot({ from, id: image.id, bytes, ms, unsaved, random })
  }
}

/** Loads the application once, and keeps nothing of it. Rejects as `SnapshotSource.make()` does. */
export async function tryApplication(
  data: GroupData,
  options: MakeOptions,
  events: Pick<SnapshotEvents, 'onLog' | 'onSaw'>
): Promise<void> {
  const onLog = (line: LogLine): void => events.onLog(options.name, line)
  const { onSaw } = events
  await buildSnapshot(data, { ...options, warmup: [], trial: true, onLog, onSaw })
}

/** The error for an application that runs, but cannot be captured. */
export function refusal(target: string, { reasons, traceback }: Refused): WasgiError {
  const options = traceback === '' ? {} : { traceback }
  return new WasgiError('WASGI_ERR_SNAPSHOT_REFUSED', [target, reasons.join('; ')], options)
}

function asFailure(error: unknown): Failure {
  if (error instanceof WasgiError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new WasgiError('WASGI_ERR_INTERNAL', [text], { cause: error })
}
