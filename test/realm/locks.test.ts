// Locks on files of the writable folder, between worker threads with Python in them.
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createLockTable, LockTable } from '../../src/wire/lock-table.ts'
import { within } from '../unit/within.ts'
import { readAssets } from './python.ts'

const WORKERS = 4
const ROWS = 200
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wasgi-realm-locks-')))
const locks = createLockTable()
const main = new LockTable(locks, 1000)
const assets = readAssets()

interface PythonWorker {
  readonly worker: Worker
  readonly owner: number
  run(call: string, ...args: readonly unknown[]): Promise<unknown>
}

async function startPython(owner: number): Promise<PythonWorker> {
  const worker = new Worker(new URL('python-worker.ts', import.meta.url), {
    workerData: { assets: await assets, locks, owner, folder }
  })
  const answer = async (): Promise<unknown> => {
    const [{ value, error }] = (await once(worker, 'message')) as [
      { value?: unknown; error?: string }
    ]
    if (error !== undefined) throw new Error(error)
    return value
  }
  await answer()
  return {
    worker,
    owner,
    run: (call, ...args) => {
      const next = answer()
      worker.postMessage(`databases.${call}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)
      return next
    }
  }
}

let pythons: PythonWorker[] = []
const python = (index: number): PythonWorker => pythons[index] as PythonWorker

/** Ends a worker's thread as the server does: at once, then what it held is given up. */
async function end({ worker, owner }: PythonWorker): Promise<void> {
  await worker.terminate()
  main.releaseOwner(owner)
}

test.before(async () => {
  pythons = await Promise.all(Array.from({ length: WORKERS }, (_, index) => startPython(index + 1)))
})

test.after(async () => {
  await Promise.all(pythons.map(({ worker }) => worker.terminate()))
  rmSync(folder, { recursive: true, force: true })
})

test(
  'four workers write one SQLite database, and no row, count or page is lost',
  within(120_000, async () => {
    await python(0).run('create', '/data/shared.db')

    await Promise.all(pythons.map((one, at) => one.run('write_rows', '/data/shared.db', at, ROWS)))

    const checked = await python(1).run('check', '/data/shared.db')
    assert.equal(checked, ['ok', WORKERS * ROWS, WORKERS * ROWS])
  })
)

test(
  'a worker that dies inside a transaction neither blocks the others nor leaves half of it',
  within(60_000, async () => {
    await python(0).run('create', '/data/dying.db')
    await python(0).run('write_rows', '/data/dying.db', 0, 3)
    await python(3).run('hold_transaction', '/data/dying.db')
    const during = await python(0).run('is_locked', '/data/dying.db')

    await end(python(3))

    const after = await python(0).run('is_locked', '/data/dying.db')
    assert.equal([during, after], [true, false])
    assert.equal(await python(1).run('check', '/data/dying.db'), ['ok', 3, 3])
  })
)

test(
  "SQLite's WAL mode is refused, and the database stays usable",
  within(60_000, async () => {
    await python(0).run('create', '/data/wal.db')

    const outcome = await python(0).run('enter_wal', '/data/wal.db')

    assert.is(outcome, 'disk I/O error; written; ok')
    assert.equal(await python(1).run('check', '/data/wal.db'), ['ok', 0, 0])
  })
)

test(
  'fcntl.flock excludes another worker until the file is closed',
  within(60_000, async () => {
    await python(0).run('hold_flock', '/data/flock')

    const during = await python(1).run('try_flock', '/data/flock')
    await python(0).run('let_go')

    assert.is(during, 'BlockingIOError')
    assert.is(await python(1).run('try_flock', '/data/flock'), 'taken')
  })
)

test(
  'fcntl.lockf excludes another worker from its bytes and from no others',
  within(60_000, async () => {
    writeFileSync(join(folder, 'ranges'), 'x'.repeat(100))
    await python(0).run('hold_range', '/data/ranges', 10, 10)

    const outcomes = [
      await python(1).run('try_range', '/data/ranges', 0, 10),
      await python(1).run('try_range', '/data/ranges', 19, 1),
      await python(1).run('try_range', '/data/ranges', 20, 0),
      await python(0).run('try_range', '/data/ranges', 10, 1)
    ]

    assert.equal(outcomes, ['taken', 'BlockingIOError', 'taken', 'taken'])
    await python(0).run('let_go')
  })
)

test(
  'F_GETLK says which bytes are locked and by whom',
  within(60_000, async () => {
    writeFileSync(join(folder, 'asked'), 'x'.repeat(100))
    await python(0).run('hold_range', '/data/asked', 2 ** 33, 0)

    const holder = await python(1).run('who_holds', '/data/asked', 2 ** 33 + 5)
    const nobody = await python(1).run('who_holds', '/data/asked', 5)

    const WRITE_LOCK = 1
    const UNLOCKED = 2
    assert.equal(holder, [WRITE_LOCK, 2 ** 33, 0, python(0).owner])
    assert.equal(nobody, [UNLOCKED, 5, 1, 0])
    await python(0).run('let_go')
  })
)

test(
  'closing any descriptor of a file gives up its record locks, as POSIX has it',
  within(60_000, async () => {
    writeFileSync(join(folder, 'closed'), 'x'.repeat(100))
    await python(0).run('hold_range', '/data/closed', 0, 10)
    const before = await python(1).run('try_range', '/data/closed', 0, 10)

    await python(0).run('close_another', '/data/closed')

    assert.is(before, 'BlockingIOError')
    assert.is(await python(1).run('try_range', '/data/closed', 0, 10), 'taken')
    await python(0).run('let_go')
  })
)

test(
  'a worker that waits for bytes gets them when their holder dies',
  within(60_000, async () => {
    writeFileSync(join(folder, 'waited'), 'x'.repeat(100))
    await python(2).run('hold_range', '/data/waited', 0, 10)
    const waiting = python(1).run('wait_range', '/data/waited', 0, 10)

    await end(python(2))

    assert.is(await waiting, 'taken')
  })
)

test.run()
