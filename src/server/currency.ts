// Whether a group's interpreters have the code that is on disk: asked before each request, which waits
// while they get it. Two ways to know: every file that Python has read (`reload`, for development), or
// only the application's own file (`script_reloading`, as mod_wsgi has it).
import { globSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { stampOf } from '../../workers/host/seen-files.ts'
import type { WasgiError } from '../errors.ts'
import type { Saw } from '../wire/messages.ts'

/** Asked by the gateway. */
export interface Currency {
  /** Settles once requests are answered by what is on disk; undefined if they are. Rejects with `failure`. */
  current(): Promise<void> | undefined
  /** Why they cannot be, to be shown to whoever asks. */
  readonly failure: WasgiError | undefined
  /** The group is about to be loaded, for whatever reason. */
  renewing(): void
  close(): void
}

export interface CurrencyOptions {
  /** Loads the group anew, so that no request from then on gets old code. Rejects with a WasgiError. */
  readonly reload: () => Promise<void>
  /** Told of what cannot be loaded. */
  readonly onFailure: (error: WasgiError) => void
  readonly now?: () => number
}

/** Between two looks, so that what saves several files is done before they are read. */
const QUIET_MS = 50
/** A reload begins even if nobody asks. */
const LOOK_MS = 500

/** `reload`. Looks at each request: a watcher's news may come later than the request after the change. */
export class SeenCurrency implements Currency {
  failure: WasgiError | undefined
  readonly #options: CurrencyOptions & {
    readonly extra: readonly string[]
    readonly limitMs: number
  }
  /** `file /srv/app.py` and so on, to what it was. */
  readonly #seen = new Map<string, Saw>()
  #extra = ''
  #turn: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout

  /** `extra` are patterns of host paths; a reload follows changes for at most `limitMs`. */
  constructor(
    options: CurrencyOptions & { readonly extra: readonly string[]; readonly limitMs: number }
  ) {
    this.#options = options
    this.#extra = this.#extraNow()
    const look = (): unknown => this.current()?.catch(() => {})
    this.#timer = setInterval(look, LOOK_MS).unref()
  }

  /** Of the builder, and of every worker. */
  saw(saw: Saw): void {
    const key = `${saw.what} ${saw.path}`
    if (!this.#seen.has(key)) this.#seen.set(key, saw)
  }

  current(): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn
    if (this.#changes() === '') return this.failure && Promise.reject(this.failure)
    this.#turn = this.#renew().finally(() => {
      this.#turn = undefined
    })
    return this.#turn
  }

  renewing(): void {
    this.#seen.clear()
    this.#extra = this.#extraNow()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #renew(): Promise<void> {
    const { limitMs, reload, onFailure, now = () => performance.now() } = this.#options
    const until = now() + limitMs
    do {
      await this.#settled()
      this.renewing()
      this.failure = await reload().then(
        () => undefined,
        (error: WasgiError) => error
      )
      if (this.failure !== undefined) onFailure(this.failure)
    } while (this.#changes() !== '' && now() < until)
    if (this.failure !== undefined) throw this.failure
  }

  async #settled(): Promise<void> {
    for (let count = 0; count < 20; count++) {
      const before = this.#changes()
      await pause(QUIET_MS)
      if (this.#changes() === before) return
    }
  }

  /** What is not as it was, and how it is now; '' if nothing is. */
  #changes(): string {
    let changes = ''
    for (const { path, what, stamp } of this.#seen.values()) {
      const now = stampOf(path, what)
      if (now !== stamp) changes += `${path} ${now}\n`
    }
    const extra = this.#extraNow()
    return extra === this.#extra ? changes : changes + extra
  }

  #extraNow(): string {
    if (this.#options.extra.length === 0) return ''
    const files = globSync([...this.#options.extra]).sort()
    return files.map((path) => `${path} ${stampOf(path, 'file')}\n`).join('')
  }
}

/** mod_wsgi looks at each request; here one file, once a second, is what every request pays for together. */
const SCRIPT_LOOK_MS = 1_000

/** `script_reloading`. What cannot be loaded is told of once, and old code goes on. */
export class ScriptCurrency implements Currency {
  readonly failure: undefined = undefined
  readonly #options: CurrencyOptions
  readonly #files: readonly string[]
  #loaded: string
  #lookAt = 0
  #turn: Promise<void> | undefined

  /** `files` are the applications' own, as the host knows them. To be made before they are loaded. */
  constructor(files: readonly string[], options: CurrencyOptions) {
    this.#options = options
    this.#files = files
    this.#loaded = this.#stamps()
  }

  current(): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn
    const { now = () => performance.now() } = this.#options
    const at = now()
    if (at < this.#lookAt) return undefined
    this.#lookAt = at + SCRIPT_LOOK_MS
    if (this.#stamps() === this.#loaded) return undefined
    this.renewing()
    const { reload, onFailure } = this.#options
    this.#turn = reload()
      .catch(onFailure)
      .finally(() => {
        this.#turn = undefined
      })
    return this.#turn
  }

  renewing(): void {
    this.#loaded = this.#stamps()
  }

  close(): void {}

  #stamps(): string {
    return this.#files.map((file) => stampOf(file, 'file')).join(' ')
  }
}
