// The gateway inside Pyodide, as it comes: the boundary to the host, and all that differs between
// the guest's Python and a native one. The realm and the rest of the server have no part in it.
import { pbkdf2Sync, scryptSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { loadPyodide, type PyodideAPI } from 'pyodide'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from '../unit/within.ts'

interface Reply {
  readonly outcome: number
  readonly text: string
  readonly sends: number
}

interface Guest {
  readonly python: PyodideAPI
  /** What the boundary answered when it loaded the application. */
  readonly loaded: unknown
  /** Body pieces for `pull`, then its last answer. */
  pieces: Array<string | number>
  /** What `send` answers in turn, then plenty. */
  credits: number[]
  drains: number
  lockAnswers: number[]
  readonly logs: string[]
  request(path: string, body?: string | null): Promise<Reply>
}

const PYTHON = fileURLToPath(new URL('../../workers/python', import.meta.url))
const TESTS = fileURLToPath(new URL('.', import.meta.url))

function copy(python: PyodideAPI, from: string, to: string): void {
  python.FS.mkdirTree(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === '__pycache__') continue
    const path = join(from, entry.name)
    if (entry.isDirectory()) copy(python, path, `${to}/${entry.name}`)
    else python.FS.writeFile(`${to}/${entry.name}`, readFileSync(path))
  }
}

async function boot(): Promise<Guest> {
  const python = await loadPyodide()
  copy(python, PYTHON, '/usr/lib/wasgi')
  copy(python, join(TESTS, 'guest'), '/app')
  const sent: Uint8Array[] = []
  const guest = {
    python,
    loaded: undefined as unknown,
    pieces: [] as Array<string | number>,
    credits: [] as number[],
    drains: 0,
    lockAnswers: [] as number[],
    logs: [] as string[]
  }
  const memory = (): Uint8Array => Reflect.get(Reflect.get(python, '_module'), 'HEAPU8')
  const at: Record<string, number> = {}
  const env: Record<string, string> = { GREETING: 'hello' }
  const addressOf = (name: string): number => at[name] ?? 0
  const derived = (derive: () => Buffer): Uint8Array | number => {
    try {
      return new Uint8Array(derive())
    } catch {
      return -1
    }
  }
  python.registerJsModule('_wasgi_host', {
    send: (_kind: number, length: number) => {
      const start = addressOf('response_buffer')
      sent.push(memory().slice(start, start + length))
      return guest.credits.shift() ?? 65536
    },
    drain: async () => {
      guest.drains++
      return 65536
    },
    pull: async () => {
      const piece = guest.pieces.shift() ?? 0
      if (typeof piece === 'number') return piece
      memory().set(Buffer.from(piece), addressOf('input_buffer'))
      return piece.length
    },
    log: (level: number, stream: string, text: string) =>
      guest.logs.push(`${level} ${stream} ${text}`),
    suspend: (ms: number) => after(ms, 0),
    wake: () => 0,
    timed_out: () => 0,
    memory_bytes: () => memory().length,
    processor_time: () => 0,
    pbkdf2: (digest: string, password: Uint8Array, salt: Uint8Array, n: number, length: number) =>
      derived(() => pbkdf2Sync(password, salt, n, length, digest)),
    scrypt: (
      password: Uint8Array,
      salt: Uint8Array,
      N: number,
      r: number,
      p: number,
      _maxmem: number,
      length: number
    ) => derived(() => scryptSync(password, salt, length, { N, r, p })),
    variable: (name: string) => env[name],
    flock: () => guest.lockAnswers.shift() ?? 0
  })
  python.runPython('import sys; sys.path.insert(0, "/usr/lib/wasgi")')
  const boundary = python.pyimport('wasgi.boundary')
  for (const name of ['request_buffer', 'response_buffer', 'input_buffer']) {
    at[name] = boundary[name].getBuffer('u8').data.byteOffset
  }
  boundary.configure(
    JSON.stringify({
      env: {},
      names: Object.keys(env),
      sys_path: ['/app'],
      identity: { process_group: 'test', application_group: '', processes: 1, pid: 1 },
      multiprocess: true,
      run_once: false,
      worker: 'default/1',
      capture: false,
      adopted: false
    })
  )
  const target = {
    target: 'app.py',
    file: '/app/app.py',
    module: null,
    callable: null,
    call: false,
    hooks: [],
    dispatched: false,
    consulted: false
  }
  guest.loaded = JSON.parse(await boundary.load.callPromising(JSON.stringify(target)))
  const { dumps } = python.pyimport('tools')

  const request = async (path: string, body: string | null = ''): Promise<Reply> => {
    const environ = { REQUEST_METHOD: 'GET', PATH_INFO: path }
    const data: Uint8Array = dumps(JSON.stringify(environ), body).toJs()
    memory().set(data, addressOf('request_buffer'))
    sent.length = 0
    const outcome: number = await boundary.serve.callPromising()
    const start = addressOf('response_buffer')
    const whole = outcome === 1 ? [] : [memory().slice(start, start + 65536)]
    const [first, ...rest] = [...sent, ...whole]
    return { outcome, text: bodyOf(first) + Buffer.concat(rest).toString(), sends: sent.length }
  }
  return Object.assign(guest, { request })
}

function bodyOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return ''
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const start = 8 + view.getUint32(0, true)
  return Buffer.from(bytes.subarray(start, start + view.getUint32(4, true))).toString()
}

const test = suite<{ guest: Guest }>('the gateway inside Pyodide')
test.before(async (context) => {
  context.guest = await boot()
})
test.before.each(({ guest }) => {
  Object.assign(guest, { pieces: [], credits: [], drains: 0, lockAnswers: [] })
  guest.logs.length = 0
})

test('the application is loaded and named', ({ guest }) => {
  assert.equal(guest.loaded, { ok: true, callable: 'app.py:application' })
})

test('synchronous code sees no running loop', async ({ guest }) => {
  const { text } = await guest.request('/running_loop')

  assert.is(text, '"no running event loop"')
})

test(
  'a body is waited for piece by piece',
  within(60_000, async ({ guest }) => {
    guest.pieces = ['abc', 'defg', 'h']

    const { outcome, text } = await guest.request('/length', null)

    assert.equal([outcome, text], [0, '8'])
  })
)

test(
  'a body whose client left ends the request',
  within(60_000, async ({ guest }) => {
    guest.pieces = ['abc', -1]

    const { outcome } = await guest.request('/length', null)

    assert.is(outcome, 3)
  })
)

test(
  'chunks are sent one by one while the application sleeps between them',
  within(60_000, async ({ guest }) => {
    const { outcome, text, sends } = await guest.request('/sleepy_chunks')

    assert.equal([outcome, text, sends], [1, '012', 3])
  })
)

test(
  'without credit the application waits until there is some',
  within(60_000, async ({ guest }) => {
    guest.credits = [0, 0]

    const { text } = await guest.request('/sleepy_chunks')

    assert.equal([text, guest.drains], ['012', 2])
  })
)

test(
  'coroutines may do all that suspends, and run coroutines in threads that are none',
  within(60_000, async ({ guest }) => {
    guest.pieces = ['one', 'two']

    const { text } = await guest.request('/coroutines', null)

    const once = (body: string): unknown[] => [1, 2, body, 'nested', 'timeout']
    assert.equal(JSON.parse(text), [...once('one'), ...once('two')])
  })
)

test(
  'a loop that the application makes works as well',
  within(60_000, async ({ guest }) => {
    const { text } = await guest.request('/loop_of_old')

    assert.is(text, '7')
  })
)

test('keys are derived as everywhere', async ({ guest }) => {
  const { text } = await guest.request('/keys')

  assert.equal(JSON.parse(text), [
    'ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43',
    '77d6576238657b203b19ca42c18a0497'
  ])
})

test('a digest that the host lacks is a ValueError', async ({ guest }) => {
  const { text } = await guest.request('/unknown_digest')

  assert.is(text, '"unsupported hash type nonsense"')
})

test('every time zone is there', async ({ guest }) => {
  const { text } = await guest.request('/zones')

  assert.equal(JSON.parse(text), ['UTC', '2026-07-01 12:00:00+02:00', true])
})

test('locks are the ones of the host', async ({ guest }) => {
  guest.lockAnswers = [0, 6] // EAGAIN, as Emscripten numbers it

  const { text } = await guest.request('/flock')

  assert.equal(JSON.parse(text), ['free', 'BlockingIOError'])
})

test('the process has the environment, path and streams it was given', async ({ guest }) => {
  const { text } = await guest.request('/process')

  assert.equal(JSON.parse(text), [{ GREETING: 'hello' }, '/app', ['wasgi'], true, ''])
  assert.equal(guest.logs, ['30 stdout to the log', '40 stderr problem'])
})

test('a call that may not be suspended is told so', ({ guest }) => {
  const tried: string = guest.python.pyimport('tools').try_to_sleep()

  assert.match(tried, 'Python cannot wait here')
})

test.run()

const native = suite('the tests of a native Python')

native(
  'pass in the guest as well',
  within(300_000, async () => {
    const python = await loadPyodide()
    copy(python, PYTHON, '/repository/workers/python')
    copy(python, TESTS, '/repository/test/python')

    python.runPython('import sys; sys.path.insert(0, "/repository/test/python/guest")')

    const { run_tests: runTests } = python.pyimport('tools')
    const report: string = await runTests.callPromising('/repository/test/python')

    assert.is(report, '')
  })
)

native.run()
