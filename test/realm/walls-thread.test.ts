// What a guest can do to the thread it runs in, and through Node to the whole process.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { THREAD_OPTIONS } from '../../workers/realm.ts'
import { within } from '../unit/within.ts'

const ENTRY = new URL('attack/thread.ts', import.meta.url)
const LIMIT_MS = 30_000

/** Ways to keep a thread busy for ever. `request_timeout` relies on each of them being ended. */
const ENDLESS: Readonly<Record<string, string>> = {
  'a loop': 'for (;;);',
  microtasks: 'const again = () => Promise.resolve().then(again); again()',
  'microtasks of thenables':
    'const again = { then: (resolve) => resolve(again) }; Promise.resolve(again)',
  'Atomics.wait': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'a regular expression': '/^(a+)+$/.test("a".repeat(60) + "b")',
  'a proxy that leads to itself':
    'const p = new Proxy({}, { getPrototypeOf: () => Object.create(p) }); p instanceof Array',
  'a chain of prototypes without end':
    'const next = () => new Proxy({}, { getPrototypeOf: next }); Array.prototype.isPrototypeOf(next())',
  'wasm that never returns': `
    const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 9, 1, 7,
      0, 3, 64, 12, 0, 11, 11]
    new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)))`
}

/** The thread, once its guest has begun. */
async function begin(source: string): Promise<Worker> {
  const options = { execArgv: [...THREAD_OPTIONS], resourceLimits: { stackSizeMb: 8 } }
  const worker = new Worker(ENTRY, { ...options, workerData: source })
  await once(worker, 'message')
  return worker
}

const test = suite('a thread')

for (const [what, source] of Object.entries(ENDLESS)) {
  test(
    `can be ended when its guest is busy with ${what}`,
    within(LIMIT_MS, async () => {
      const worker = await begin(source)

      const code = await worker.terminate()

      assert.is(code, 1)
    })
  )
}

/** A rejected promise whose ids, which only Node should know of, come from the guest. */
const POISON = (id: string): string => `
  const { promise, reject } = Promise.withResolvers()
  const answer = (target, key) => typeof key === 'symbol' ? ${id} : Reflect.get(target, key)
  Object.setPrototypeOf(promise, new Proxy(Promise.prototype, { get: answer }))
  reject(1)`

for (const id of ['-5', 'NaN', '1', '1n', 'Symbol()', '{ valueOf() { throw 1 } }']) {
  test(
    `lives on, and the process with it, when a promise claims ${id} for an id of Node's`,
    within(LIMIT_MS, async () => {
      const worker = await begin(POISON(id))

      const [message] = await once(worker, 'message')
      await worker.terminate()

      assert.is(message, 'ended')
    })
  )
}

test('would take the process with it, were Node to check', () => {
  const entry = JSON.stringify(fileURLToPath(ENTRY))
  const script = `
    const { Worker } = require('node:worker_threads')
    new Worker(${entry}, { execArgv: [], workerData: ${JSON.stringify(POISON('-5'))} })`

  const { signal, status } = spawnSync(process.execPath, ['-e', script])

  assert.ok(signal === 'SIGABRT' || status === 134, `${signal} ${status}`)
})

test.run()
