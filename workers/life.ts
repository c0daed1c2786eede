// From boot to boot: how a worker comes by its interpreter (from nothing, or from an image), how an
// image is made, and how the interpreter is put back to it in place. One of these for each worker.
import { randomBytes } from 'node:crypto'
import { pid } from 'node:process'
import { setImmediate } from 'node:timers/promises'
import type { Image, ImageReport } from '../src/snapshot/image.ts'
import { GATEWAY_PATH } from '../src/wire/guest-paths.ts'
import { LogBudget } from '../src/wire/log-budget.ts'
import type {
  Boot,
  BootFailed,
  Build,
  Built,
  FromWorker,
  GroupData,
  Ready,
  Refused
} from '../src/wire/messages.ts'
import { isReadAtStart } from '../src/wire/start-variables.ts'
import {
  type OpenFile,
  readLoadAnswer,
  readPrepareAnswer,
  readResumeAnswer,
  readWarmUpAnswer
} from './boundary-answers.ts'
import { CACHED_SCRIPTS, type HostCapabilities, realmControls } from './controls.ts'
import { type Exchange, TIMED_OUT } from './exchange.ts'
import { foreignControls } from './foreign.ts'
import { hostCapabilities } from './host/capabilities.ts'
import { WatchedFiles } from './host/watched-files.ts'
import { Interpreter } from './interpreter.ts'
import { createRealm, type Realm } from './realm.ts'
import { servesOnce } from './tenure.ts'

/** Characters of one line of the log; what is longer is cut. */
const LOG_LINE_LIMIT = 262_144
const STREAM_NAME_LIMIT = 32
/** pino's level. */
const WARN = 40
/** Wasm memory never shrinks: one that has grown this far beyond its image is better made anew. */
const GROWTH_LIMIT = 64 * 2 ** 20

/** Why a wipe is not even tried. */
export const NO_IMAGE = 'there is no snapshot of it'
export const GROWN = 'its memory has grown'

type Settings = Boot | Build
type Post = (message: FromWorker) => void

export class InterpreterLife {
  readonly #data: GroupData
  readonly #settings: Settings
  readonly #exchange: Exchange
  readonly #post: Post
  readonly #log: (level: number, stream: string, text: string) => void
  #realm: Realm | undefined
  #module: object | undefined
  #interpreter: Interpreter
  #host: HostCapabilities | undefined
  /** Names of the variables whose values Python has asked for. */
  readonly #handedOut = new Set<string>()
  /** What it was restored from. */
  #image: Image | undefined
  /** As `wasgi.snapshot.generation()`: 0 if booted from nothing, 1 once restored, 1 more by wipe. */
  generation = 0
  /** Whether it knows of its end. */
  #stopped = false

  constructor(data: GroupData, settings: Settings, exchange: Exchange, post: Post) {
    this.#data = data
    this.#settings = settings
    this.#exchange = exchange
    this.#post = post
    this.#module = settings.module
    this.#log = limitedLog(settings.logBudget, post)
    this.#interpreter = this.#newInterpreter()
  }

  get interpreter(): Interpreter {
    return this.#interpreter
  }

  /** Restores the image if there is one, else, or if that fails, boots and imports. */
  async begin(): Promise<Ready | BootFailed> {
    const startedAt = performance.now()
    const { image } = this.#settings
    const restored = image !== undefined && (await this.#restore(image))
    if (restored) {
      const { callable } = image.report
      return { kind: 'ready', callable, boot: 'restored', bootMs: performance.now() - startedAt }
    }
    const answer = await this.#load()
    if (!answer.ok) return bootFailed(answer)
    const { callable } = answer
    const boot = this.#data.foreign === undefined ? 'cold' : 'adopted'
    return { kind: 'ready', callable, boot, bootMs: performance.now() - startedAt }
  }

  /** Tells the application, once, that its interpreter ends here, or is put back to its image. */
  async stop(reason: string): Promise<void> {
    if (this.#stopped || this.#interpreter.state !== 'ready') return
    // A request of its own is no life that ends, nor is a while in an interpreter of the host program's.
    if (this.#settings.isolated || this.#data.foreign !== undefined) return
    this.#stopped = true
    await this.#interpreter.call('stop', { reason })
  }

  /** Puts the interpreter back to its image, in place. Gives the reason if that cannot be. */
  async wipe(): Promise<string> {
    const interpreter = this.#interpreter
    const image = this.#image
    if (image === undefined || interpreter.state !== 'ready') return NO_IMAGE
    // What the request left for the next turn of the event loop still belongs to the old state.
    await setImmediate()
    if (interpreter.heapBytes > image.memoryBytes + GROWTH_LIMIT) return GROWN
    const obstacle = await interpreter.wipe()
    if (obstacle !== '') return obstacle
    const failure = await this.#resume(false)
    this.#stopped = false
    if (failure === '') this.generation++
    return failure
  }

  /**
   * Makes Python look up from the request it runs, which takes too long: ends what that waits for, if
   * it waits, with news of the timeout. Once for each request: what it waits for after it has been told
   * is how it ends.
   */
  interrupt(id: number): void {
    const exchange = this.#exchange
    if (!exchange.isFor(id) || !exchange.isTimedOut() || exchange.onInterrupt()) return
    if (this.#host?.isSleeping() !== true) this.#interpreter.interrupt()
    else if (exchange.takeTimeout()) this.#host.endSleep(TIMED_OUT)
  }

  /** Closes what the interpreter has open: it is given up while its thread goes on. */
  end(): void {
    this.#interpreter.end()
    this.#host?.end()
  }

  /** Boots, imports, warms up and captures. */
  async build(settings: Build): Promise<Built | Refused | BootFailed> {
    const watched = settings.trial ? undefined : new WatchedFiles(settings.grants, [GATEWAY_PATH])
    const answer = await this.#load(watched)
    if (!answer.ok) return bootFailed(answer)
    this.#post({ kind: 'loaded' })
    if (watched === undefined) return { kind: 'refused', reasons: [], traceback: '' }
    try {
      return await this.#capture(settings, watched, answer.callable)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { kind: 'refused', reasons: [reason], traceback: '' }
    }
  }

  async #capture(
    settings: Build,
    watched: WatchedFiles,
    callable: string
  ): Promise<Built | Refused> {
    const interpreter = this.#interpreter
    for (const line of readWarmUpAnswer(await interpreter.call('warm_up', settings.warmup))) {
      this.#log(WARN, 'gateway', `The warm-up request ${line}`)
    }
    const prepared = readPrepareAnswer(await interpreter.call('prepare', {}))
    if (!prepared.ok) return { kind: 'refused', ...prepared }
    // Finalisers and what was scheduled have had their turn.
    await setImmediate()
    const code = CACHED_SCRIPTS.map((script) => ({
      script,
      bytes: this.#realm?.codeOf(script) ?? new Uint8Array()
    }))
    const captured = await interpreter.capture(code)
    const { open, javascript, ...report } = prepared.report
    if (!('state' in captured)) {
      const reasons = captured.map((reason) => withHolder(reason, open))
      if (javascript.length > 0) {
        reasons.push(`objects of JavaScript are in ${javascript.join(', ')}`)
      }
      return { kind: 'refused', reasons, traceback: '' }
    }
    const { memory, state, inMemoryFiles, code: places } = captured
    const whole = {
      ...report,
      variables: [...report.variables, ...this.#unrecorded(report.variables)],
      createdAt: new Date().toISOString(),
      target: [settings.application, ...settings.siblings].map(({ target }) => target).join(', '),
      callable,
      openFiles: open.map(({ what }) => what),
      inMemoryFiles,
      warmup: settings.warmup
    }
    const image = {
      id: randomBytes(16).toString('hex'),
      state,
      report: whole,
      code: places,
      ...memory
    }
    return { kind: 'built', image, dependencies: watched.dependencies() }
  }

  /** The thread's copy of the compiled module, once: it belongs to one realm. */
  #takeModule(): object | undefined {
    const module = this.#module
    this.#module = undefined
    return module
  }

  #newRealm(): Realm {
    const realm = createRealm()
    this.#realm = realm
    return realm
  }

  #codeOf(script: string): Uint8Array | undefined {
    const { image } = this.#settings
    const place = image?.code.find((each) => each.script === script)
    return place && image?.files.subarray(place.at, place.at + place.bytes)
  }

  #newInterpreter(): Interpreter {
    const { foreign } = this.#data
    const { assets } = this.#settings
    const controls =
      foreign === undefined
        ? realmControls(assets, this.#newRealm(), {
            codeOf: (script) => this.#codeOf(script),
            module: this.#takeModule()
          })
        : foreignControls(foreign, this.#settings.grants)
    return new Interpreter(assets, controls)
  }

  /** Variables that were handed out, and that Python does not say it has read. */
  #unrecorded(variables: ImageReport['variables']): ImageReport['variables'] {
    const recorded = new Set(variables.map(({ name }) => name))
    const unrecorded = [...this.#handedOut].filter((name) => !recorded.has(name))
    return unrecorded.map((name) => ({ name, where: 'unknown' }))
  }

  async #load(watched?: WatchedFiles) {
    await this.#boot(undefined, watched)
    const { application, siblings } = this.#settings
    const callables: string[] = []
    for (const [number, spec] of [application, ...siblings].entries()) {
      const answer = readLoadAnswer(await this.#interpreter.call('load', { ...spec, number }))
      if (!answer.ok) return answer
      callables.push(answer.callable)
    }
    return { ok: true, callable: callables.join(', ') } as const
  }

  async #restore(image: Image): Promise<boolean> {
    let reason: string
    try {
      await this.#boot(image)
      this.#image = image
      reason = await this.#resume(true)
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error)
    }
    if (reason === '') {
      this.generation++
      return true
    }
    this.#post({ kind: 'restore-failed', reason })
    this.#interpreter.end()
    this.#image = undefined
    this.#interpreter = this.#newInterpreter()
    return false
  }

  async #resume(fresh: boolean): Promise<string> {
    const { multiprocess, name } = this.#settings
    const { env: values, names } = this.#variables()
    const generation = this.generation + 1
    const settings = { values, names, generation, multiprocess, worker: name, fresh }
    const identity = this.#identity()
    const resume = { ...settings, identity, run_once: servesOnce(this.#settings) }
    return readResumeAnswer(await this.#interpreter.call('resume', resume))
  }

  #boot(image: Image | undefined, watched?: WatchedFiles): Promise<void> {
    const settings = this.#settings
    const { settle, fireTimer } = this.#interpreter
    const onVariable = (name: string): unknown => this.#handedOut.add(name)
    const interrupted = (): boolean => this.#exchange.isTimedOut()
    const sinks = { fireTimer, settle, log: this.#log, onSaw: this.#post, onVariable, interrupted }
    this.#host?.end()
    const host = hostCapabilities(settings, this.#data.locks, sinks, watched)
    this.#host = host
    const variables = this.#variables()
    const configure = JSON.stringify({
      ...variables,
      sys_path: settings.sysPath,
      identity: this.#identity(),
      multiprocess: settings.multiprocess,
      run_once: servesOnce(this.#settings),
      debug: settings.debug,
      worker: settings.name,
      capture: watched !== undefined,
      adopted: this.#data.foreign !== undefined
    })
    return this.#interpreter.boot(host, this.#exchange, {
      // What Python reads as it starts; the application's folders are read-only, so no bytecode is kept.
      env: { PYTHONDONTWRITEBYTECODE: '1', ...variables.env },
      tmpLimitBytes: settings.tmpLimitBytes,
      configure,
      gatewayPath: GATEWAY_PATH,
      image
    })
  }

  #identity(): object {
    const { processGroup, applicationGroup, processes, scriptReloading } = this.#settings.identity
    const groups = { process_group: processGroup, application_group: applicationGroup }
    return { ...groups, processes, pid, script_reloading: scriptReloading }
  }

  /** Values that Python must have at its start, and the names of all others. */
  #variables(): { env: Record<string, string>; names: string[] } {
    const env: Record<string, string> = { HOME: '/tmp' }
    const names: string[] = []
    for (const [name, value] of Object.entries(this.#settings.env)) {
      // In an interpreter of the host program's nothing has been read by us.
      if (isReadAtStart(name) && this.#data.foreign === undefined) env[name] = value
      else names.push(name)
    }
    return { env, names }
  }
}

function bootFailed(answer: {
  readonly code: string
  readonly args: readonly string[]
  readonly traceback: string
}): BootFailed {
  const { code, args, traceback } = answer
  return { kind: 'boot-failed', code, args, traceback }
}

/** Adds to `descriptor 3 is open on ...` which object that is, and which module has it. */
function withHolder(reason: string, open: readonly OpenFile[]): string {
  const fd = /^descriptor (\d+) /.exec(reason)?.[1]
  const held = open.find((file) => String(file.fd) === fd)
  if (held === undefined) return reason
  return held.where === '' ? `${reason}, ${held.what}` : `${reason}, ${held.what} of ${held.where}`
}

/** A log that a guest can call, too, and not only with what the gateway would. */
function limitedLog(shared: SharedArrayBuffer, post: Post) {
  const budget = new LogBudget(shared)
  return (level: number, name: string, line: string): void => {
    const stream = name.slice(0, STREAM_NAME_LIMIT)
    const text = line.length > LOG_LINE_LIMIT ? `${line.slice(0, LOG_LINE_LIMIT)} ...` : line
    const dropped = budget.take(text.length)
    if (dropped > 0) {
      post({ kind: 'log', level: WARN, stream, text: `${dropped} lines were dropped` })
    }
    if (dropped >= 0) post({ kind: 'log', level, stream, text })
  }
}
