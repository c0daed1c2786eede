// An interpreter under attack: the real one, gateway and all, with a hostile application in it, and
// a walker (test/realm/walk.js) that was in the realm first. No server, no other thread.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compiledCode, loadAssets } from '../../../src/dispatch/assets.ts'
import { createLockTable } from '../../../src/wire/lock-table.ts'
import type { Boot, FromWorker } from '../../../src/wire/messages.ts'
import { encodeRequestHead } from '../../../src/wire/request-head.ts'
import { RequestTable, requestTableBytes } from '../../../src/wire/request-table.ts'
import type { InterpreterAssets, RealmScript } from '../../../workers/boot/assets.ts'
import { readLoadAnswer } from '../../../workers/boundary-answers.ts'
import { realmControls } from '../../../workers/controls.ts'
import { Exchange, splitResponse } from '../../../workers/exchange.ts'
import { hostCapabilities } from '../../../workers/host/capabilities.ts'
import { Interpreter } from '../../../workers/interpreter.ts'
import { createRealm, type Realm } from '../../../workers/realm.ts'
import { hostIntrinsics } from './host-intrinsics.ts'

const HOSTILE = fileURLToPath(new URL('../hostile', import.meta.url))
const GATEWAY = fileURLToPath(new URL('../../../workers/python', import.meta.url))
const WALK = readFileSync(new URL('../walk.js', import.meta.url), 'utf8')
/** Bytes of wasm memory the victim may have. */
export const MEMORY_LIMIT: number = 192 * 1024 * 1024

/** The walker's functions; see test/realm/walk.js. Those that give objects give objects of the realm. */
export interface Walker {
  foreign(value: unknown): string
  know(value: object): void
  keep(name: string, value: unknown): unknown
  kept(name: string): unknown
  walk(...names: string[]): { findings: string; objects: number }
  walkSettled(): { findings: string; objects: number; more: number }
  reached(value: unknown): boolean
  forget(): void
}

export interface Victim {
  readonly walker: Walker
  readonly interpreter: Interpreter
  /** What the worker would have sent to the main thread. */
  readonly posts: FromWorker[]
  /** Evaluates JavaScript in the realm, which no guest can do. */
  run(source: string): unknown
  /** Runs a script of this folder in the realm; its value, often a function. */
  script(name: string): unknown
  /** The same for a script whose value takes the walker and more. Gives an object of the realm. */
  attack(name: string, ...args: unknown[]): Attack
  /** Has the hostile application call one of its functions; its value, or throws its error. */
  python(name: string, ...args: unknown[]): Promise<unknown>
}

/** What an attack in progress tells. */
export interface Attack {
  readonly calls: number
  /** What of another realm came to light, a line each; '' if the wall held. */
  report(): string
  /** hooks.js: handles a rejection that was reported before. */
  handleLate(): void
  /** hooks.js: how many of its finalisers have run. */
  finalised(): number
  /** intrinsics.js: the second half of it. */
  spreadNets(): void
}

export interface VictimOptions {
  /** Shared by the victims of one test file. */
  readonly assets?: InterpreterAssets
  /** A host folder shown as /data. */
  readonly dataDir?: string
  /** A host folder shown as /app instead of test/realm/hostile; it must have an app.py. */
  readonly appDir?: string
  /** Changes one of the realm's scripts, to see that an attack finds the hole. */
  readonly weaken?: Weakness
}

export interface Weakness {
  readonly script: RealmScript
  readonly from: string
  readonly to: string
}

export function loadVictimAssets(): InterpreterAssets {
  return loadAssets(MEMORY_LIMIT)
}

/** Boots with the folder of hostile applications at /app. */
export async function bootVictim(options: VictimOptions = {}): Promise<Victim> {
  const assets = weakened(options.assets ?? loadVictimAssets(), options.weaken)
  const realm = createRealm()
  const walker = makeWalker(realm, hostIntrinsics())
  const module = await compiledCode(assets)
  const interpreter = new Interpreter(
    assets,
    realmControls(assets, observed(realm, walker), { module })
  )
  const posts: FromWorker[] = []
  const table = new RequestTable(new SharedArrayBuffer(requestTableBytes(1)))
  const post = (message: FromWorker): void => {
    posts.push(message)
  }
  const exchange = new Exchange(table, post, interpreter.settle, 262_144)
  const boot = bootMessage(options, assets)
  const host = hostCapabilities(boot, createLockTable(), {
    fireTimer: interpreter.fireTimer,
    settle: interpreter.settle,
    log: (level, stream, text) => post({ kind: 'log', level, stream, text })
  })
  const configure = JSON.stringify({
    env: { HOME: '/tmp' },
    names: [],
    capture: false,
    adopted: false,
    sys_path: ['/app'],
    identity: { process_group: 'test', application_group: '', processes: 1, pid: 1 },
    multiprocess: false,
    run_once: false,
    debug: false,
    worker: 'test/1'
  })
  await interpreter.boot(host, exchange, {
    env: { HOME: '/tmp' },
    tmpLimitBytes: boot.tmpLimitBytes,
    configure,
    gatewayPath: '/usr/lib/wasgi',
    image: undefined
  })
  const answer = readLoadAnswer(await interpreter.call('load', boot.application))
  if (!answer.ok) throw new Error(answer.traceback)
  return victim(realm, walker, interpreter, posts)
}

/** A walker in a realm with nothing else in it. */
export function bareWalker(known: ReadonlySet<object>): Pick<Victim, 'walker' | 'run'> {
  const realm = createRealm()
  realm.evaluate('Error.stackTraceLimit = 0', 'fast.js')
  return { walker: makeWalker(realm, known), run: (source) => realm.evaluate(source, 'attack.js') }
}

function makeWalker(realm: Realm, known: ReadonlySet<object>): Walker {
  const walker = (realm.evaluate(WALK, 'walk.js') as () => Walker)()
  for (const value of known) walker.know(value)
  walker.keep('global', realm.evaluate('globalThis', 'observe.js'))
  return walker
}

function victim(
  realm: Realm,
  walker: Walker,
  interpreter: Interpreter,
  posts: FromWorker[]
): Victim {
  const run = (source: string): unknown => realm.evaluate(source, 'attack.js')
  const script = (name: string): unknown =>
    realm.evaluate(readFileSync(new URL(name, import.meta.url), 'utf8'), name)
  return {
    walker,
    interpreter,
    posts,
    run,
    script,
    attack: (name, ...args) => (script(name) as (...all: unknown[]) => Attack)(walker, ...args),
    python: async (name, ...args) => {
      const body = new TextEncoder().encode(JSON.stringify([name, args]))
      const head = requestHead(body.length)
      const outcome = await interpreter.serve({ id: 1, slot: 0, head, body, application: 0 })
      const text = new TextDecoder().decode(splitResponse(interpreter.response()).body)
      if (outcome !== 0) throw new Error(`outcome ${outcome}: ${text}`)
      const reply = JSON.parse(text) as { value?: unknown; error?: string }
      if (reply.error !== undefined) throw new Error(reply.error)
      return reply.value
    }
  }
}

/** The realm as the interpreter sees it, with the walker told of everything a guest may get hold of. */
function observed(realm: Realm, walker: Walker): Realm {
  const wrap = (source: string): ((walker: Walker, script: unknown) => unknown) =>
    realm.evaluate(source, 'observe.js') as (walker: Walker, script: unknown) => unknown
  const wrappers: Record<string, string> = {
    'realm/face.js': `(w, make) => (...args) => { const face = make(...args); w.keep('face', face.names); return face }`,
    'realm/channel.js': `(w, make) => (...args) => { const channel = make(...args); w.keep('channel', channel.module); return channel }`,
    'pyodide.mjs': `(w, make) => (face) => {
      const load = make(face)
      return async (config) => w.keep('pyodide', await load(config))
    }`
  }
  return {
    codeOf: realm.codeOf,
    adopt: realm.adopt,
    evaluate: (source, filename) => {
      const script = realm.evaluate(source, filename)
      const wrapper = wrappers[filename]
      return wrapper === undefined ? script : wrap(wrapper)(walker, script)
    }
  }
}

function weakened(assets: InterpreterAssets, weakness: Weakness | undefined): InterpreterAssets {
  if (weakness === undefined) return assets
  const { script, from, to } = weakness
  const source = assets.realmScripts[script]
  if (!source.includes(from)) throw new Error(`realm/${script}.js has no "${from}" to take away`)
  const realmScripts = { ...assets.realmScripts, [script]: source.replace(from, to) }
  return { ...assets, realmScripts }
}

function bootMessage(
  { dataDir, appDir = HOSTILE }: VictimOptions,
  assets: InterpreterAssets
): Boot {
  const grant = (guestPath: string, hostPath: string, writable = false) => ({
    guestPath,
    hostPath,
    writable,
    hideDotNames: !writable
  })
  const grants = [grant('/app', appDir), grant('/usr/lib/wasgi', GATEWAY)]
  if (dataDir !== undefined) grants.push(grant('/data', dataDir, true))
  return {
    kind: 'boot',
    name: 'test/1',
    owner: 1,
    grants,
    sysPath: ['/app'],
    env: {},
    application: {
      target: 'app.py',
      root: '/app',
      file: '/app/app.py',
      module: null,
      callable: null,
      call: false,
      hooks: [],
      dispatched: false,
      consulted: false
    },
    siblings: [],
    identity: { processGroup: 'test', applicationGroup: '', processes: 1, scriptReloading: false },
    multiprocess: false,
    debug: false,
    tmpLimitBytes: 67_108_864,
    windowBytes: 262_144,
    logBudget: new SharedArrayBuffer(8),
    assets,
    gauges: new SharedArrayBuffer(16),
    signals: new SharedArrayBuffer(4),
    image: undefined,
    maximumRequests: 0,
    maximumRequestsJitter: 0,
    isolated: false,
    watch: false
  }
}

function requestHead(length: number): string {
  const line = {
    method: 'POST',
    target: '/',
    httpVersion: '1.1',
    scheme: 'http',
    remoteAddress: '127.0.0.1',
    remotePort: '1',
    serverName: 'localhost',
    serverPort: '80',
    scriptName: ''
  }
  const head = encodeRequestHead(line, ['Host', 'localhost', 'Content-Length', String(length)])
  if (head === undefined) throw new Error('a head that cannot be encoded')
  return head
}
