// A wipe, looked at from both sides: the memory, the table of references, descriptors and files of an
// interpreter that has served are compared with what was captured.
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compiledCode, loadAssets } from '../../src/dispatch/assets.ts'
import type { Image } from '../../src/snapshot/image.ts'
import { createLockTable } from '../../src/wire/lock-table.ts'
import { createLogBudget } from '../../src/wire/log-budget.ts'
import type { Boot, Build, FromWorker } from '../../src/wire/messages.ts'
import { encodeRequestHead } from '../../src/wire/request-head.ts'
import { RequestTable, requestTableBytes } from '../../src/wire/request-table.ts'
import { readMemory } from '../../workers/boot/memory.ts'
import { realmControls } from '../../workers/controls.ts'
import { Exchange } from '../../workers/exchange.ts'
import { hostCapabilities } from '../../workers/host/capabilities.ts'
import { Interpreter } from '../../workers/interpreter.ts'
import { InterpreterLife } from '../../workers/life.ts'
import { createRealm, type Realm } from '../../workers/realm.ts'

const MEMORY_LIMIT = 512 * 2 ** 20
const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const assets = loadAssets(MEMORY_LIMIT)

const settings: Omit<Boot, 'kind'> = {
  assets,
  name: 'test/1',
  owner: 1,
  grants: [
    { guestPath: '/app', hostPath: folder('../apps'), writable: false, hideDotNames: true },
    {
      guestPath: '/usr/lib/wasgi',
      hostPath: folder('../../workers/python'),
      writable: false,
      hideDotNames: true
    }
  ],
  sysPath: ['/app'],
  env: {},
  application: {
    target: 'littering.py',
    root: '/app',
    file: '/app/littering.py',
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
  tmpLimitBytes: 64 * 2 ** 20,
  windowBytes: 262_144,
  logBudget: createLogBudget(),
  gauges: new SharedArrayBuffer(24),
  signals: new SharedArrayBuffer(4),
  image: undefined,
  maximumRequests: 0,
  maximumRequestsJitter: 0,
  isolated: false,
  watch: false
}

const requests = new SharedArrayBuffer(requestTableBytes(1))
const locks = createLockTable()
const post = (message: FromWorker): void => {
  if (message.kind === 'log') console.error(message.text)
}

async function captured(): Promise<Image> {
  const exchange = new Exchange(new RequestTable(requests), post, () => {}, 262_144)
  const build: Build = { kind: 'build', ...settings, warmup: ['GET /'], trial: false }
  const life = new InterpreterLife({ requests, locks }, build, exchange, post)
  const built = await life.build(build)
  if (built.kind !== 'built') throw new Error(JSON.stringify(built))
  return built.image
}

interface Context {
  image: Image
  interpreter: Interpreter
  /** Evaluates in the realm, where `pyodide` is the interpreter. */
  look: (expression: string) => unknown
}

/** A realm that shows its Pyodide to the test. */
function transparent(realm: Realm): Realm {
  const evaluate: Realm['evaluate'] = (source, filename, code) => {
    const value = realm.evaluate(source, filename, code)
    if (filename !== 'pyodide.mjs') return value
    const wrap = realm.evaluate(
      '(make) => (face) => { const load = make(face); return async (config) => (globalThis.pyodide = await load(config)) }',
      'wrap.js'
    ) as (make: unknown) => unknown
    return wrap(value)
  }
  return { ...realm, evaluate }
}

const test = suite<Context>('a wipe')
test.before(async (context) => {
  context.image = await captured()
  const realm = createRealm()
  const module = await compiledCode(assets)
  const interpreter = new Interpreter(assets, realmControls(assets, transparent(realm), { module }))
  const { settle, fireTimer } = interpreter
  const sinks = { settle, fireTimer, log: () => {} }
  const boot: Boot = { kind: 'boot', ...settings, image: context.image }
  const exchange = new Exchange(new RequestTable(requests), post, settle, 262_144)
  await interpreter.boot(hostCapabilities(boot, locks, sinks), exchange, {
    env: { HOME: '/tmp' },
    tmpLimitBytes: settings.tmpLimitBytes,
    configure: '',
    gatewayPath: '/usr/lib/wasgi',
    image: context.image
  })
  const looking = {
    values: { HOME: '/tmp' },
    names: [],
    generation: 1,
    identity: { process_group: 'test', application_group: '', processes: 1, pid: 1 },
    multiprocess: false,
    run_once: false
  }
  await interpreter.call('resume', { ...looking, worker: 'test/1', fresh: true })
  context.interpreter = interpreter
  context.look = (expression) => realm.evaluate(`(${expression})`, 'look.js')
})

const LOOKS = {
  references: `(() => {
    let held = 0
    for (let i = 0; ; i++) {
      try {
        if (pyodide._module.__hiwire_get(i) !== null) held++
      } catch {
        return held
      }
    }
  })()`,
  descriptors: 'pyodide.FS.streams.filter((stream) => stream).length',
  files: `(function list(path) {
    return pyodide.FS.readdir(path).filter((name) => name[0] !== '.').map((name) => {
      const { mode, size, mtime } = pyodide.FS.stat(path + '/' + name)
      const below = pyodide.FS.isDir(mode) ? list(path + '/' + name) : ''
      return [path + '/' + name, mode, size, mtime.getTime(), below].join()
    }).join(';')
  })('/tmp')`,
  folder: 'pyodide.FS.cwd()'
}

async function litter(interpreter: Interpreter): Promise<void> {
  const line = {
    method: 'GET',
    target: '/litter',
    httpVersion: '1.1',
    scheme: 'http',
    remoteAddress: '127.0.0.1',
    remotePort: '1',
    serverName: 'localhost',
    serverPort: '80',
    scriptName: ''
  }
  const head = encodeRequestHead(line, ['Host', 'localhost']) ?? ''
  const outcome = await interpreter.serve({ id: 1, slot: 0, head, body: undefined, application: 0 })
  assert.is(outcome, 0, new TextDecoder().decode(interpreter.response().subarray(0, 2000)))
}

test('leaves the memory as it was captured, byte for byte, and nothing of the realm`s behind', async ({
  image,
  interpreter,
  look
}) => {
  const looked = (): unknown[] => Object.values(LOOKS).map(look)
  assert.is(look(LOOKS.folder), '/tmp/kept', 'the folder that it was captured in')
  const before = looked()
  for (let round = 0; round < 3; round++) {
    await litter(interpreter)
    const littered = looked()
    for (const [index, name] of Object.keys(LOOKS).entries()) {
      assert.is.not(littered[index], before[index], `the application changes its ${name}`)
    }

    assert.is(await interpreter.wipe(), '')

    const memory = look('pyodide._module.HEAPU8.buffer') as ArrayBuffer
    const again = readMemory(memory.slice(0, image.memoryBytes), [])
    assert.is(Buffer.compare(again.pages, image.pages), 0)
    assert.equal([...again.runs], [...image.runs])
    const resumed = {
      values: { HOME: '/tmp' },
      names: [],
      generation: 2,
      identity: { process_group: 'test', application_group: '', processes: 1, pid: 1 },
      multiprocess: false,
      run_once: false
    }
    await interpreter.call('resume', { ...resumed, worker: 'test/1', fresh: false })
    assert.equal(looked(), before)
  }
})

test.run()
