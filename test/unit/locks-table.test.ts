// The lock table that workers share: POSIX record locks, flock, and what a dead thread leaves.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { suite, test } from 'uvu'
import * as assert from 'uvu/assert'
import { type LockRange, withRange } from '../../src/wire/lock-ranges.ts'
import { MAX_LOCKS } from '../../src/wire/lock-records.ts'
import { createLockTable, type FileIdentity, LockTable } from '../../src/wire/lock-table.ts'
import { within } from './within.ts'

const FILE: FileIdentity = { dev: 2n, ino: 0x1_0000_0001n }
const OTHER: FileIdentity = { dev: 2n, ino: 0x2_0000_0001n }
const never = { interrupted: () => false }

const shared = (start: number, end: number): LockRange => ({ start, end, exclusive: false })
const exclusive = (start: number, end: number): LockRange => ({ start, end, exclusive: true })

/** Tables of as many owners over one memory. */
function owners(count: number): LockTable[] {
  const memory = createLockTable()
  return Array.from({ length: count }, (_, index) => new LockTable(memory, index + 1))
}

function pair(): [LockTable, LockTable] {
  const [one, two] = owners(2)
  return [one as LockTable, two as LockTable]
}

const ranges = suite('lock ranges')

ranges('a lock in the middle of another splits it', () => {
  const held = withRange([shared(0, 100)], exclusive(40, 60), false)

  assert.equal(held, [shared(0, 40), exclusive(40, 60), shared(60, 100)])
})

ranges('unlocking the middle leaves both ends', () => {
  const held = withRange([exclusive(0, Number.POSITIVE_INFINITY)], shared(10, 20), true)

  assert.equal(held, [exclusive(0, 10), exclusive(20, Number.POSITIVE_INFINITY)])
})

ranges('neighbours of one kind become one lock', () => {
  const held = withRange([shared(0, 10), shared(20, 30)], shared(10, 20), false)

  assert.equal(held, [shared(0, 30)])
})

ranges('a lock over several others replaces what it covers', () => {
  const held = withRange(
    [shared(0, 10), exclusive(15, 20), shared(25, 40)],
    exclusive(5, 30),
    false
  )

  assert.equal(held, [shared(0, 5), exclusive(5, 30), shared(30, 40)])
})

ranges.run()

test('readers share a range and a writer has to wait for all of them', () => {
  const [one, two, three] = owners(3)

  const outcomes = [
    one?.lock(FILE, shared(0, 10)),
    two?.lock(FILE, shared(5, 15)),
    three?.lock(FILE, exclusive(9, 12)),
    three?.lock(FILE, exclusive(15, 20))
  ]

  assert.equal(outcomes, ['granted', 'granted', 'blocked', 'granted'])
})

test('a lock on one file is no lock on a file whose inode number differs in the high half', () => {
  const [one, two] = pair()
  one.lock(FILE, exclusive(0, 10))

  const outcome = two.lock(OTHER, exclusive(0, 10))

  assert.is(outcome, 'granted')
})

test('an owner upgrades and downgrades its own lock in place', () => {
  const [one, two] = pair()
  one.lock(FILE, shared(0, 10))

  const upgraded = one.lock(FILE, exclusive(0, 10))
  const during = two.lock(FILE, shared(0, 10))
  one.lock(FILE, shared(0, 10))
  const after = two.lock(FILE, shared(0, 10))

  assert.equal([upgraded, during, after], ['granted', 'blocked', 'granted'])
})

test('an upgrade is refused while another owner reads, and the read lock stays', () => {
  const [one, two] = pair()
  one.lock(FILE, shared(0, 10))
  two.lock(FILE, shared(0, 10))

  const outcome = one.lock(FILE, exclusive(0, 10))

  assert.is(outcome, 'blocked')
  assert.is(two.lock(FILE, exclusive(0, 10)), 'blocked')
})

test('the lock in the way is described with its range, its kind and its owner', () => {
  const [one, two] = pair()
  one.lock(FILE, exclusive(5, Number.POSITIVE_INFINITY))

  const holder = two.test(FILE, shared(0, 10))

  assert.equal(holder, { ...exclusive(5, Number.POSITIVE_INFINITY), owner: 1 })
  assert.is(two.test(FILE, shared(0, 5)), undefined)
  assert.is(one.test(FILE, exclusive(0, 10)), undefined)
})

test('dropping the locks of one file leaves those of other files and owners', () => {
  const [one, two] = pair()
  one.lock(FILE, exclusive(0, 10))
  one.lock(OTHER, exclusive(0, 10))
  two.lock(FILE, exclusive(20, 30))

  one.unlockFile(FILE)

  assert.is(two.lock(FILE, exclusive(0, 10)), 'granted')
  assert.is(two.lock(OTHER, exclusive(0, 10)), 'blocked')
  assert.is(one.lock(FILE, exclusive(20, 30)), 'blocked')
})

test('two descriptions of one worker exclude each other with flock', () => {
  const [one] = pair()

  const first = one.flock(FILE, 1, true)
  const second = one.flock(FILE, 2, false)
  one.unflock(FILE, 1)
  const third = one.flock(FILE, 2, false)

  assert.equal([first, second, third], ['granted', 'blocked', 'granted'])
})

test('flock and record locks do not see each other', () => {
  const [one, two] = pair()
  one.flock(FILE, 1, true)

  const outcome = two.lock(FILE, exclusive(0, 10))
  two.unlockFile(FILE)

  assert.is(outcome, 'granted')
  assert.is(two.flock(FILE, 1, false), 'blocked')
})

test('a flock conversion that fails gives up the old lock, as on Linux', () => {
  const [one, two] = pair()
  one.flock(FILE, 1, false)
  two.flock(FILE, 1, false)

  const outcome = one.flock(FILE, 1, true)

  assert.is(outcome, 'blocked')
  assert.is(two.flock(FILE, 1, true), 'granted')
})

test('a full table refuses a new lock and keeps the old ones', () => {
  const [one, two] = pair()
  for (let i = 0; i < MAX_LOCKS; i++) one.lock(FILE, exclusive(2 * i, 2 * i + 1))

  const outcome = two.lock(OTHER, shared(0, 1))
  const split = one.unlock(FILE, 0, 1)
  const then = two.lock(OTHER, shared(0, 1))

  assert.equal([outcome, split, then], ['full', 'granted', 'granted'])
  assert.is(two.lock(FILE, shared(2, 3)), 'blocked')
})

test('unlocking that would need room for a second half fails whole when there is none', () => {
  const [one, two] = pair()
  one.lock(OTHER, exclusive(0, 10))
  for (let i = 1; i < MAX_LOCKS; i++) one.lock(FILE, exclusive(2 * i, 2 * i + 1))

  const outcome = one.unlock(OTHER, 4, 5)

  assert.is(outcome, 'full')
  assert.is(two.lock(OTHER, shared(4, 5)), 'blocked')
})

test('an interrupt ends a wait, and nothing of the wait stays behind', () => {
  const [one, two] = pair()
  one.lock(FILE, exclusive(0, 10))

  const outcome = two.lock(FILE, shared(0, 10), { interrupted: () => true })
  one.unlock(FILE, 0, 10)

  assert.is(outcome, 'interrupted')
  assert.is(one.lock(FILE, exclusive(0, 10)), 'granted')
})

test('releasing a dead owner frees its locks, its waits and the mutex it died with', () => {
  const memory = createLockTable()
  const dead = new LockTable(memory, 7)
  const alive = new LockTable(memory, 8)
  dead.lock(FILE, exclusive(0, 10))
  dead.flock(FILE, 1, true)
  const MUTEX_WORD = 0
  Atomics.store(new Int32Array(memory), MUTEX_WORD, 7)

  alive.releaseOwner(7)

  assert.is(alive.lock(FILE, exclusive(0, 10)), 'granted')
  assert.is(alive.flock(FILE, 1, true), 'granted')
})

// The other side of each test below: a thread that does one thing and tells when it did.
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData.module).then(({ LockTable }) => {
    const table = new LockTable(workerData.memory, workerData.owner)
    const file = { dev: 2n, ino: workerData.ino }
    const range = { start: 0, end: 10, exclusive: true }
    parentPort.on('message', ({ call, ino }) => {
      const wait = { interrupted: () => false }
      const target = { dev: 2n, ino }
      if (call === 'lock') parentPort.postMessage(table.lock(target, range))
      if (call === 'wait') parentPort.postMessage(table.lock(target, range, wait))
      if (call === 'flock') parentPort.postMessage(table.flock(target, 1, true, wait))
      if (call === 'churn') for (;;) { table.lock(target, range); table.unlock(target, 2, 4) }
    })
    parentPort.postMessage('ready')
  })`

interface Thread {
  readonly worker: Worker
  ask(call: string, file: FileIdentity): Promise<unknown>
}

async function startThread(memory: SharedArrayBuffer, owner: number): Promise<Thread> {
  const module = new URL('../../src/wire/lock-table.ts', import.meta.url).href
  const worker = new Worker(THREAD, { eval: true, workerData: { memory, owner, module } })
  await once(worker, 'message')
  const ask = async (call: string, file: FileIdentity): Promise<unknown> => {
    const answer = once(worker, 'message')
    worker.postMessage({ call, ino: file.ino })
    return (await answer)[0]
  }
  return { worker, ask }
}

/** Until `owner` is registered as waiting: the only trace a wait leaves is its record. */
async function waitingFor(memory: SharedArrayBuffer, owner: number): Promise<void> {
  const words = new Int32Array(memory)
  const firstWaiter = 16 + 12 * MAX_LOCKS
  while (!words.subarray(firstWaiter).some((word, at) => at % 12 === 0 && word === owner)) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const threads = suite('locks between threads')

threads(
  'a thread that waits gets the lock when its holder lets go',
  within(20_000, async () => {
    const memory = createLockTable()
    const main = new LockTable(memory, 1)
    main.lock(FILE, exclusive(0, 10))
    const { worker, ask } = await startThread(memory, 2)

    const waited = ask('wait', FILE)
    await waitingFor(memory, 2)
    main.unlock(FILE, 0, 10)
    const outcome = await waited

    assert.is(outcome, 'granted')
    assert.is(main.lock(FILE, shared(0, 1)), 'blocked')
    await worker.terminate()
  })
)

threads(
  'two threads that would wait for each other: the second is told of the deadlock',
  within(20_000, async () => {
    const memory = createLockTable()
    const main = new LockTable(memory, 1)
    const { worker, ask } = await startThread(memory, 2)
    main.lock(FILE, exclusive(0, 10))
    await ask('lock', OTHER)

    const waited = ask('wait', FILE)
    await waitingFor(memory, 2)
    const outcome = main.lock(OTHER, exclusive(0, 10), never)
    main.unlock(FILE, 0, 10)

    assert.is(outcome, 'deadlock')
    assert.is(await waited, 'granted')
    await worker.terminate()
  })
)

threads(
  'a thread that is terminated while it waits for a lock ends',
  within(20_000, async () => {
    const memory = createLockTable()
    const main = new LockTable(memory, 1)
    main.lock(FILE, exclusive(0, 10))
    const { worker, ask } = await startThread(memory, 2)
    ask('wait', FILE)
    await waitingFor(memory, 2)

    const exitCode = await worker.terminate()

    assert.is(exitCode, 1)
  })
)

threads(
  'a thread terminated at any instruction leaves a table that works',
  within(60_000, async () => {
    const memory = createLockTable()
    const main = new LockTable(memory, 1)

    for (let owner = 2; owner < 7; owner++) {
      const { worker, ask } = await startThread(memory, owner)
      ask('churn', FILE)
      while (main.test(FILE, shared(0, 10)) === undefined) await undefined
      await worker.terminate()
      main.releaseOwner(owner)

      assert.is(main.lock(FILE, exclusive(0, 100)), 'granted')
      main.unlockFile(FILE)
    }
  })
)

threads.run()
test.run()
