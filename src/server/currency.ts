// Whether a group's interpreters have the code that is on disk: asked before each request, which waits
// while they get it. Two ways to know: every file that Python has read (`reload`, for development), or
// only the application's own file (`script_reloading`, as mod_wsgi has it).
import { globSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { stampOf } from '../../workers/host/seen-files.ts'
import { PATIENCE_MS, patiently } from '../dispatch/patience.ts'
import { WasgiError } from '../errors.ts'
import type { Saw } from '../wire/messages.ts'

/** Asked by the gateway. */
export interface Currency {
  /** Settles once requests are answered by what is on disk; undefined if they are. Rejects with `failure`. */
  current(): Promise<void> | undefined
  /** Why they cannot be, to be shown to whoever asks. */
  readonly failure: WasgiError | undefined
  /** Somebody else is about to have the group loaded. */
  renewing(): void
  /** What has become of that. */
  renewed(failure: unknown): void
  close(): void
}

export interface CurrencyOptions {
  /** The applications' own files, as the host knows them. */
  readonly files: () => readonly string[]
  /**
   * Loads the group anew, so that no request from then on gets old code. Rejects with a WasgiError. What
   * takes long may be given up by `signal`.
   */
  readonly reload: (signal?: AbortSignal) => Promise<void>
  /** Told of what cannot be loaded. */
  readonly onFailure: (error: WasgiError) => void
  /** Told before it is loaded, with the files that have changed, as far as they are known. */
  readonly onChange: (files: readonly string[]) => void
  readonly now?: () => number
}

/** Between two looks, so that what saves several files is done before they are read. */
const QUIET_MS = 50
/** A reload begins even if nobody asks. */
const LOOK_MS = 500

export interface SeenCurrencyOptions extends CurrencyOptions {
  /** Patterns of host paths. */
  readonly extra: readonly string[]
  /** For how long a reload follows changes. */
  readonly limitMs: number
  readonly patienceMs?: number
}

/** `reload`. Looks at each request: a watcher's news may come later than the request after the change. */
export class SeenCurrency implements Currency {
  failure: WasgiError | undefined
  readonly #options: SeenCurrencyOptions
  /** `file /srv/app.py` and so on, to what it was. */
  readonly #seen = new Map<string, Saw>()
  #extra = ''
  #turn: Promise<void> | undefined
  /** Whether what is on disk was not loaded to an end, though it is as it was then. */
  #givenUp = false
  readonly #timer: NodeJS.Timeout

  constructor(options: SeenCurrencyOptions) {
    this.#options = options
    this.renewing()
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
    this.#givenUp = false
    this.#seen.clear()
    // Known even if nothing of it is ever read, and a link to it may come to lead elsewhere.
    for (const path of this.#options.files()) {
      this.saw({ kind: 'saw', what: 'file', path, stamp: stampOf(path, 'file') })
    }
    this.#extra = this.#extraNow()
  }

  renewed(failure: unknown): void {
    this.failure = failure instanceof WasgiError ? failure : undefined
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #renew(): Promise<void> {
    const { limitMs, onFailure, onChange, now = () => performance.now() } = this.#options
    const until = now() + limitMs
    do {
      await this.#settled()
      onChange(this.#changed())
      this.renewing()
      const outcome = await this.#load()
      this.#givenUp = outcome === 'given up'
      if (outcome === 'given up') continue
      this.failure = outcome
      if (outcome !== undefined) onFailure(outcome)
    } while (this.#changes() !== '' && now() < until)
    if (this.failure !== undefined) throw this.failure
  }

  /** What hangs while it is imported is given up as soon as it has changed. */
  async #load(): Promise<WasgiError | undefined | 'given up'> {
    const { reload, patienceMs = PATIENCE_MS } = this.#options
    const superseded = new AbortController()
    const since = performance.now()
    const look = setInterval(() => {
      const late = performance.now() - since > patienceMs
      if (late && this.#changes() !== '') superseded.abort()
    }, LOOK_MS)
    try {
      await reload(superseded.signal)
      return undefined
    } catch (error) {
      return superseded.signal.aborted ? 'given up' : (error as WasgiError)
    } finally {
      clearInterval(look)
    }
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
    let changes = this.#givenUp ? 'given up\n' : ''
    for (const { path, what, stamp } of this.#seen.values()) {
      const now = stampOf(path, what)
      if (now !== stamp) changes += `${path} ${now}\n`
    }
    const extra = this.#extraNow()
    return extra === this.#extra ? changes : changes + extra
  }

  #changed(): readonly string[] {
    const seen = [...this.#seen.values()].filter(
      ({ path, what, stamp }) => stampOf(path, what) !== stamp
    )
    const before = new Set(this.#extra.split('\n'))
    const extra = this.#extraNow()
      .split('\n')
      .filter((line) => !before.has(line))
    const paths = extra.map((line) => line.slice(0, line.lastIndexOf(' ')))
    return [...new Set([...seen.map(({ path }) => path), ...paths])]
  }

  #extraNow(): string {
    if (this.#options.extra.length === 0) return ''
    const files = globSync([...this.#options.extra]).sort()
    return files.map((path) => `${path} ${stampOf(path, 'file')}\n`).join('')
  }
}

/** mod_wsgi looks at each request; here one file, once a second, is what every request pays for together. */
const SCRIPT_LOOK_MS = 1_000

export interface ScriptCurrencyOptions extends CurrencyOptions {
  /** How many requests may wait; whoever else comes is answered by old code. */
  readonly waitingLimit: number
  readonly patienceMs?: number
}

/** `script_reloading`. What cannot be loaded, or not soon, is told of once, and old code goes on. */
export class ScriptCurrency implements Currency {
  readonly failure: undefined = undefined
  readonly #options: ScriptCurrencyOptions
  #loaded: string
  #lookAt = 0
  #loading = false
  /** What requests wait for. */
  #turn: Promise<void> | undefined
  #waiting = 0

  /** To be made before anything is loaded. */
  constructor(options: ScriptCurrencyOptions) {
    this.#options = options
    this.#loaded = this.#stamps()
  }

  current(): Promise<void> | undefined {
    if (this.#turn === undefined && this.#isChanged()) this.#renew()
    if (this.#turn === undefined || this.#waiting >= this.#options.waitingLimit) return undefined
    this.#waiting++
    return this.#turn
  }

  renewing(): void {
    this.#loaded = this.#stamps()
  }

  renewed(): void {}

  close(): void {}

  #isChanged(): boolean {
    const { now = () => performance.now() } = this.#options
    const at = now()
    if (this.#loading || at < this.#lookAt) return false
    this.#lookAt = at + SCRIPT_LOOK_MS
    return this.#stamps() !== this.#loaded
  }

  #renew(): void {
    const { files, reload, onFailure, onChange, patienceMs } = this.#options
    onChange(files())
    this.renewing()
    this.#loading = true
    const loaded = reload()
      .catch(onFailure)
      .finally(() => {
        this.#loading = false
      })
    this.#waiting = 0
    this.#turn = patiently(loaded, patienceMs).finally(() => {
      this.#turn = undefined
    })
  }

  #stamps(): string {
    return this.#options
      .files()
      .map((file) => stampOf(file, 'script'))
      .join(' ')
  }
}
