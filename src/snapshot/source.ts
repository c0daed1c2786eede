// Where a group's interpreters are restored from: the store if it has a snapshot that fits, else a
// new one, which is then stored. Nothing that goes wrong here keeps a server from starting: it is
// logged by its code, and interpreters boot from nothing.
import type { WasgiError as Failure } from '../errors.ts'
import { WasgiError } from '../errors.ts'
import type { Built, GroupData, LogLine, Refused } from '../wire/messages.ts'
import { type BuildOptions, buildSnapshot } from './builder.ts'
import type { Image } from './image.ts'
import { makeManifest } from './manifest.ts'
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

export class SnapshotSource {
  readonly #options: SnapshotOptions
  readonly #events: SnapshotEvents

  constructor(options: SnapshotOptions, events: SnapshotEvents) {
    this.#options = options
    this.#events = events
  }

  /** The stored snapshot, if there is one that may be restored. */
  async stored(): Promise<Image | undefined> {
    const { store, key } = this.#options
    const startedAt = performance.now()
    try {
      const found = await store?.load(key)
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
  async make(
    data: GroupData,
    options: Omit<BuildOptions, 'warmup' | 'onLog'>
  ): Promise<Image | undefined> {
    const startedAt = performance.now()
    const since = Date.now()
    const { warmup } = this.#options
    const onLog = (line: LogLine): void => this.#events.onLog(options.name, line)
    const built = await buildSnapshot(data, { ...options, warmup, onLog })
    if (built.kind === 'refused') {
      this.#events.onSnapshotFailure(refusal(options.boot.application.target, built))
      return undefined
    }
    this.#tell('capture', built.image, startedAt, await this.#store(built, since))
    return built.image
  }

  /** Stores what may be stored. Gives the reason why it was not, '' if it was. */
  async #store({ image, dependencies }: Built, since: number): Promise<string> {
    const { store, key, storableNames } = this.#options
    if (store === undefined) return ''
    const secret = image.report.variables.filter(({ name }) => !storableNames.includes(name))
    if (secret.length > 0) {
      const reads = secret.map(({ name, where }) => `${name} (${where})`).join(', ')
      return `the application read ${reads} while it was imported, and the value may be a secret; snapshot_env lists names that are none`
    }
    try {
      await store.save(key, image, await makeManifest(dependencies, since))
      return ''
    } catch (error) {
      this.#events.onSnapshotFailure(asFailure(error))
      return 'it could not be written'
    }
  }

  #tell(from: SnapshotEvent['from'], image: Image, startedAt: number, unsaved: string): void {
    const random = image.report.random.map(({ where, count }) => `${where}, ${count} times`)
    const bytes = image.pages.length + image.files.length
    const ms = performance.now() - startedAt
    this.#events.onSnapshot({ from, id: image.id, bytes, ms, unsaved, random })
  }
}

function refusal(target: string, { reasons, traceback }: Refused): WasgiError {
  const options = traceback === '' ? {} : { traceback }
  return new WasgiError('WASGI_ERR_SNAPSHOT_REFUSED', [target, reasons.join('; ')], options)
}

function asFailure(error: unknown): Failure {
  if (error instanceof WasgiError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new WasgiError('WASGI_ERR_INTERNAL', [text], { cause: error })
}
