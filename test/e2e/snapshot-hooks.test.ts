// Hooks of `wasgi.snapshot` in a server: their order, what they may do, and what becomes of a server
// whose hooks fail.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'
import {
  boots,
  fromEachWorker,
  getJson,
  serveFrom,
  serving,
  storedIn,
  warnings
} from './snapshots.ts'

const LIMIT_MS = 120_000
const APP = testApp('hooked.py')

interface Answer {
  readonly worker: string
  readonly events: ReadonlyArray<readonly [name: string, generation: number, capturing: boolean]>
  readonly generation: number
  readonly capturing: boolean
}

const CAPTURED = [
  ['import', 0, true],
  ['second before', 0, true],
  ['first before', 0, true]
]
const restoredAs = (generation: number) => [
  ...CAPTURED,
  ['first after', generation, false],
  ['second after', generation, false]
]
const COLD = [['import', 0, false]]

const answerOf = (server: TestServer): Promise<Answer> => getJson<Answer>(server, '/')

const test = suite<{ store: string }>('snapshot hooks')

test.before((context) => {
  context.store = temporaryFolder()
})

test(
  'before: last in, first out; after: first in, first out, in each worker; sync and async',
  within(LIMIT_MS, async ({ store }) => {
    for (const from of ['captured', 'loaded']) {
      await serving(serveFrom(store, [APP, '--workers', '2']), async (server) => {
        const { all } = await fromEachWorker<Answer>(server, 2, '/')

        await server.logged(new RegExp(`snapshot ${from}`))
        for (const { events, generation, capturing } of all) {
          assert.equal(events, restoredAs(1))
          assert.equal([generation, capturing], [1, false])
        }
        assert.equal(await warnings(server), [])
      })
    }
  })
)

test(
  'after each wipe the hooks run again, and the generation is one more',
  within(LIMIT_MS, async ({ store }) => {
    await serving(serveFrom(store, [APP, '--isolation', 'request']), async (server) => {
      for (let generation = 1; generation <= 4; generation++) {
        const answer = await answerOf(server)

        assert.equal(answer.events, restoredAs(generation))
        assert.is(answer.generation, generation)
      }
      assert.equal(await boots(server), ['default/1 restored'])
    })
  })
)

test(
  'without a snapshot no hook runs, and nothing is being captured',
  within(LIMIT_MS, async ({ store }) => {
    await serving(serveFrom(store, [APP, '--no-snapshot']), async (server) => {
      const { events, generation, capturing } = await answerOf(server)

      assert.equal([events, generation, capturing], [COLD, 0, false])
    })
  })
)

for (const [name, reason] of [
  [
    'FAIL_BEFORE',
    /The before_snapshot hook hooked\.first_before \(\/app\/hooked\.py:\d+\) raised RuntimeError: no wish to be captured/
  ],
  [
    'LINGER_BEFORE',
    /The before_snapshot hook hooked\.second_before \(\/app\/hooked\.py:\d+\) took longer than its 0\.2 s/
  ]
] as const) {
  test(
    `${name}: the capture is refused by the name of the hook, with one warning, and all boot cold`,
    within(LIMIT_MS, async () => {
      const store = temporaryFolder()
      const args = [APP, '--workers', '2', '--env', `${name}=1`]
      await serving(serveFrom(store, args), async (server) => {
        const { events } = await answerOf(server)

        assert.equal(events, COLD)
        assert.equal(await boots(server), ['default/1 cold', 'default/2 cold'])
        const [warning = '', ...more] = await warnings(server)
        assert.match(warning, reason)
        assert.match(warning, /code=WASGI_ERR_SNAPSHOT_REFUSED$/)
        assert.equal(more, [])
      })
      assert.equal(storedIn(store), [])
    })
  )
}

for (const [name, reason] of [
  ['LINGER_AFTER', /the after_restore hook hooked\.first_after .* took longer than its 0\.2 s/],
  ['BLOCK_AFTER', /the after_restore hook hooked\.second_after .* took longer than its 0\.2 s/]
] as const) {
  test(
    `${name}: a hook beyond its limit sends the worker to a cold boot`,
    within(LIMIT_MS, async () => {
      const args = [APP, '--env', `${name}=1`]
      await serving(serveFrom(temporaryFolder(), args), async (server) => {
        const { events, generation } = await answerOf(server)

        assert.equal([events, generation], [COLD, 0])
        assert.equal(await boots(server), ['default/1 cold'])
        const [warning = '', ...more] = await warnings(server)
        assert.match(warning, /Worker default\/1 could not be restored from the snapshot/)
        await server.logged(/code=WASGI_ERR_SNAPSHOT_RESTORE/)
        await server.logged(reason)
        assert.equal(more, [])
      })
    })
  )
}

test(
  'only the worker whose hook fails boots cold',
  within(LIMIT_MS, async () => {
    const data = ['--data-dir', temporaryFolder()]
    const args = [APP, '--workers', '2', ...data, '--env', 'FAIL_AFTER_ONCE=1']
    await serving(serveFrom(temporaryFolder(), args), async (server) => {
      const { byWorker } = await fromEachWorker<Answer>(server, 2, '/')

      const booted = await boots(server)
      const kinds = booted.map((line) => line.replace(/^\S+ /, ''))
      assert.equal(kinds.sort(), ['cold', 'restored'])
      for (const line of booted) {
        const [worker = '', boot] = line.split(' ')
        assert.equal(byWorker.get(worker)?.events, boot === 'cold' ? COLD : restoredAs(1))
      }
      await server.logged(/LookupError: a database that is not there/)
      assert.is((await server.caughtUp()).match(/code=WASGI_ERR_SNAPSHOT_RESTORE/g)?.length, 1)
    })
  })
)

test(
  'a hook that fails after a wipe costs the worker, and no request',
  within(LIMIT_MS, async () => {
    const args = [APP, '--isolation', 'request', '--env', 'FAIL_AFTER_WIPE=1']
    await serving(serveFrom(temporaryFolder(), args), async (server) => {
      for (let round = 0; round < 3; round++) {
        const { generation, events } = await answerOf(server)

        assert.equal([generation, events], [1, restoredAs(1)])
      }

      await server.logged(/default\/1\] worker ended: it served its request and was recycled/)
      await server.logged(/LookupError: a database that has gone/)
    })
  })
)

test.run()
