// When a worker is given up although it does its work, and in what order.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DeathKind, Ending } from '../../src/dispatch/death.ts'
import type { PoolThread } from '../../src/dispatch/pool.ts'
import {
  isDeadlocked,
  type RecycleLimits,
  shouldRetire,
  shouldSleep,
  watchStillness
} from '../../src/dispatch/recycle.ts'
import { Recycler } from '../../src/dispatch/recycler.ts'
import { type RotatingCrew, Rotation } from '../../src/dispatch/rotation.ts'
import { GroupWorker } from '../../src/dispatch/worker.ts'
import { WasgiError } from '../../src/errors.ts'
import { bench, codeOf, OK, settle } from './dispatch-bench.ts'
import { within } from './within.ts'

const test = suite('recycling')

const NONE: RecycleLimits = {
  restartIntervalMs: 0,
  cpuTimeLimitMs: 0,
  inactivityTimeoutMs: 0,
  deadlockTimeoutMs: 0,
  gracefulTimeoutMs: 0
}

const retirements: ReadonlyArray<
  readonly [ageMs: number, cpuMs: number, limits: Partial<RecycleLimits>, kind?: DeathKind]
> = [
  [1e9, 1e9, {}],
  [999, 0, { restartIntervalMs: 1_000 }],
  [1_000, 0, { restartIntervalMs: 1_000 }, 'restart-interval'],
  [1e9, 499, { cpuTimeLimitMs: 500 }],
  [0, 500, { cpuTimeLimitMs: 500 }, 'cpu-time-limit']
]
for (const [ageMs, cpuMs, limits, kind] of retirements) {
  const what = `${JSON.stringify(limits)}, ${ageMs} ms old, ${cpuMs} ms of processor time`
  test(`${what}: ${kind ?? 'it stays'}`, () => {
    assert.is(shouldRetire({ ageMs, cpuMs }, { ...NONE, ...limits })?.kind, kind)
  })
}

test('a group sleeps once it has been idle for inactivity_timeout, if there is one', () => {
  assert.is(shouldSleep(1e9, NONE), undefined)
  assert.is(shouldSleep(999, { ...NONE, inactivityTimeoutMs: 1_000 }), undefined)
  assert.is(shouldSleep(1_000, { ...NONE, inactivityTimeoutMs: 1_000 })?.kind, 'inactivity-timeout')
})

test('an event loop stands still as long as its beats are the same', () => {
  const limits = { ...NONE, deadlockTimeoutMs: 300 }
  const idle = (beats: number) => ({ beats, suspensions: 0 })
  let stillness = watchStillness(undefined, idle(7), 100, 200)
  const seen: boolean[] = []

  for (const beats of [7, 7, 8, 8, 8, 8]) {
    stillness = watchStillness(stillness, idle(beats), 100, 200)
    seen.push(isDeadlocked(stillness, limits) !== undefined)
  }

  assert.equal(seen, [false, false, false, false, false, true])
})

test('while a request waits it stands still only as long as it is the same wait', () => {
  const limits = { ...NONE, deadlockTimeoutMs: 200 }
  let stillness = watchStillness(undefined, { beats: 7, suspensions: 1 }, 100, 200)
  const seen: (string | undefined)[] = []

  for (const suspensions of [1, 3, 3, 3]) {
    stillness = watchStillness(stillness, { beats: 7, suspensions }, 100, 200)
    seen.push(isDeadlocked(stillness, limits)?.reason)
  }

  const reason =
    'its event loop stood still for deadlock_timeout (200 ms), while its request waited'
  assert.equal(seen, [undefined, undefined, undefined, reason])
})

test('a process that was stopped for an hour has no deadlock', () => {
  const signs = { beats: 7, suspensions: 0 }
  const hour = watchStillness({ signs, stillMs: 0 }, signs, 3_600_000, 200)

  assert.is(hour.stillMs, 200)
})

const RELOAD: Ending = { kind: 'reload', reason: 'the test says so' }

/** Workers whose lives the test decides. */
class FakeCrew implements RotatingCrew {
  readonly workers: GroupWorker[] = []
  readonly size: number
  replacesFirst: boolean
  failedBoots = 0
  bootError: WasgiError | undefined
  mayBoot = true
  readonly done: string[] = []
  #last = 0

  constructor(size: number, replacesFirst = false) {
    this.size = size
    this.replacesFirst = replacesFirst
    for (let i = 0; i < size; i++) this.boot()
  }

  get ready(): number {
    return this.workers.filter(({ state }) => state === 'ready').length
  }

  get isWhole(): boolean {
    return this.ready >= this.size
  }

  get surplus(): number {
    return Math.max(0, this.ready - this.size)
  }

  boot(): GroupWorker {
    const number = ++this.#last
    const thread = { terminate: () => {} } as unknown as PoolThread
    const worker = new GroupWorker(`test/${number}`, number, number, thread)
    worker.state = 'ready'
    this.workers.push(worker)
    return worker
  }

  retire(worker: GroupWorker): void {
    worker.state = 'retiring'
    this.done.push(`retire ${worker.number}`)
  }

  end(number: number): void {
    const index = this.workers.findIndex((each) => each.number === number)
    const [worker] = this.workers.splice(index, 1)
    if (worker !== undefined) worker.state = 'dead'
  }

  grow(): void {
    this.done.push('grow')
  }

  shrink(): void {
    this.done.push('shrink')
  }
}

const rotationOf = (crew: FakeCrew): Rotation => new Rotation(crew, (worker) => crew.retire(worker))

test(
  'workers are replaced one after another, each when the one before has its replacement',
  within(60_000, async () => {
    const crew = new FakeCrew(2)
    const rotation = rotationOf(crew)

    const done = rotation.all(RELOAD)
    assert.equal(crew.done, ['retire 1'])
    crew.end(1)
    rotation.advance()
    assert.equal(crew.done, ['retire 1'])
    crew.boot()
    rotation.advance()
    assert.equal(crew.done, ['retire 1', 'retire 2'])
    crew.end(2)
    crew.boot()
    rotation.advance()

    await done
    assert.is(crew.ready, 2)
  })
)

test(
  'the only worker goes when its replacement is ready',
  within(60_000, async () => {
    const crew = new FakeCrew(1, true)
    const rotation = rotationOf(crew)

    const done = rotation.all(RELOAD)
    rotation.advance()
    assert.equal(crew.done, ['grow'])
    crew.boot()
    rotation.advance()
    assert.equal(crew.done, ['grow', 'retire 1'])
    crew.end(1)
    rotation.advance()

    await done
    assert.is(crew.ready, 1)
  })
)

test(
  'if a replacement cannot boot, the others stay and the caller is told',
  within(60_000, async () => {
    const crew = new FakeCrew(2)
    const rotation = rotationOf(crew)
    const done = rotation.all(RELOAD)

    crew.end(1)
    crew.failedBoots = 1
    crew.bootError = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'ImportError'])
    rotation.advance()

    const error = await done.catch((reason: unknown) => reason)
    assert.is(error, crew.bootError)
    rotation.advance()
    assert.equal(crew.done, ['retire 1'])
  })
)

test(
  'a replacement that an accident takes is waited for: nobody is told that all have been replaced',
  within(60_000, async () => {
    const crew = new FakeCrew(2)
    const rotation = rotationOf(crew)
    let settled = false
    const done = rotation.all(RELOAD).then(() => {
      settled = true
    })

    crew.end(1)
    crew.failedBoots = 1 // and no bootError: it is tried again
    rotation.advance()
    await settle()
    assert.is(settled, false)
    crew.boot()
    rotation.advance()
    assert.equal(crew.done, ['retire 1', 'retire 2'])
    crew.end(2)
    crew.boot()
    rotation.advance()

    await done
  })
)

test(
  'who waits for all to be replaced is told when a worker that was missing cannot boot',
  within(60_000, async () => {
    const crew = new FakeCrew(2)
    const rotation = rotationOf(crew)
    crew.end(1)
    crew.boot().state = 'booting'
    const done = rotation.all(RELOAD)

    crew.end(3)
    crew.failedBoots = 1
    crew.bootError = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'before'])
    rotation.advance()
    crew.failedBoots = 2
    crew.bootError = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'after'])
    rotation.advance()

    const error = await done.catch((reason: unknown) => reason)
    assert.is(error, crew.bootError)
    assert.equal(crew.done, [])
  })
)

test('nobody is replaced while another one is missing, whatever took it', () => {
  const crew = new FakeCrew(2)
  const rotation = rotationOf(crew)
  const [, second] = crew.workers
  assert.ok(second)
  crew.end(1)

  rotation.add(second, RELOAD)
  rotation.advance()
  assert.equal(crew.done, [])
  crew.boot()
  rotation.advance()

  assert.equal(crew.done, ['retire 2'])
})

test('a worker that has gone for another reason loses its turn', () => {
  const crew = new FakeCrew(2)
  const rotation = rotationOf(crew)
  for (const worker of crew.workers) rotation.add(worker, RELOAD)

  crew.end(1)
  crew.boot()
  rotation.advance()

  assert.equal(crew.done, ['retire 2'])
})

test(
  'a worker that is to go takes nothing new, gives back what it has not started, and finishes',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(2)
    const exchanges = [await send(), await send(), await send()]
    const [worker] = workers
    const [first, second] = threads
    assert.ok(worker && first && second)
    first.start(first.tasks[0])

    dispatcher.retire(worker, RELOAD)
    await settle()
    const late = await send()

    assert.is(first.terminated, false)
    assert.equal(
      second.tasks.map(({ id }) => id),
      [exchanges[1]?.id, exchanges[2]?.id, late.id]
    )
    first.answer(first.tasks[0], OK)
    assert.ok(exchanges[0])
    assert.is(await codeOf(exchanges[0]), 'answered')
    await settle()
    assert.equal(first.sent, [{ kind: 'stop', reason: 'script_reload' }])
    assert.is(first.terminated, true)
    assert.is(worker.ending?.kind, 'reload')
  })
)

test(
  'a worker that is being told of its end is not ended for anything else meanwhile',
  within(60_000, async () => {
    const { dispatcher, threads, workers } = bench(1)
    const [worker] = workers
    const [thread] = threads
    assert.ok(worker && thread)
    thread.onStop = () => {}
    const limits = { ...NONE, gracefulTimeoutMs: 0, deadlockTimeoutMs: 1 }
    const options = { limits, sweepMs: 1, workers: () => workers, sleep: () => {} }
    const recycler = new Recycler(options, dispatcher, new Rotation(new FakeCrew(1), () => {}))

    dispatcher.retire(worker, RELOAD)
    recycler.sweep()

    assert.equal([worker.isLeaving, thread.terminated], [true, false])
    worker.heard()
    await settle()
    assert.is(thread.terminated, true)
  })
)

test(
  'what is not done when graceful_timeout is over is a 503 that may be tried again',
  within(60_000, async () => {
    const { dispatcher, threads, workers, send } = bench(1)
    const exchange = await send('GET /long')
    const [worker] = workers
    const [thread] = threads
    assert.ok(worker && thread)
    thread.start(thread.tasks[0])
    dispatcher.retire(worker, RELOAD)

    worker.cut(1_000)
    thread.die()

    const error = await exchange.response.catch((reason: unknown) => reason as WasgiError)
    assert.instance(error, WasgiError)
    const { code, statusCode, headers } = error as WasgiError
    assert.equal([code, statusCode], ['WASGI_ERR_WORKER_RECYCLED', 503])
    assert.equal(headers, { 'retry-after': '1' })
    assert.is(worker.ending?.kind, 'reload')
  })
)

test.run()
