// Interpreters restored from one snapshot are not twins: nothing random is the same in two of them,
// nor in one before and after a wipe, and each knows where and when it is.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'
import { boots, fromEachWorker, getJson, serveFrom, serving, warnings } from './snapshots.ts'

const LIMIT_MS = 120_000
const APP = testApp('drawing.py')
/** What random.Random(42) draws first. */
const FIRST_OF_42 = 0.6394267984578837
const SECOND_OF_42 = 0.025010755222666936
/** A property of the host, as on every system, and the same wherever it is asked for. */
const DRAWN_ONCE = "uuid1's node"

type Draws = Readonly<Record<string, string | number | null>>

interface Answer {
  readonly worker: string
  readonly draws: Draws
  readonly imported: Draws
  readonly seeded: number
  readonly hash: number
  readonly clocks: Readonly<Record<string, number>>
  readonly clocksAtImport: Readonly<Record<string, number>>
  readonly folder: string
  readonly argv: readonly string[]
}

/** Values that were drawn more than once, each as `kind value`. */
function repeated(all: readonly Answer[]): string[] {
  const [first] = all
  const draws = [...(first === undefined ? [] : [first.imported]), ...all.map((each) => each.draws)]
  const seen = new Set<string>()
  const twice: string[] = []
  for (const each of draws) {
    for (const [kind, value] of Object.entries(each)) {
      const draw = `${kind} ${value}`
      if (seen.has(draw) && value !== null) twice.push(draw)
      seen.add(draw)
    }
  }
  return twice
}

const test = suite<{ store: string }>('what is random after a restore')

test.before((context) => {
  context.store = temporaryFolder()
})

test(
  'eight workers draw nothing that another one drew, and a seeded generator is the same in all',
  within(LIMIT_MS, async ({ store }) => {
    await serving(serveFrom(store, [APP, '--workers', '8']), async (server) => {
      assert.is((await boots(server)).filter((line) => line.endsWith(' restored')).length, 8)

      const { byWorker } = await fromEachWorker<Answer>(server, 8, '/')
      const { all } = await fromEachWorker<Answer>(server, 8, '/')

      const latest = [...byWorker.values(), ...all]
      assert.is(byWorker.size, 8)
      assert.equal(repeated(latest.map(withoutNode)), [])
      assert.is(new Set([...byWorker.values()].map(({ draws }) => draws[DRAWN_ONCE])).size, 8)
    })
  })
)

/** Its node is the same for as long as an interpreter lives. */
function withoutNode(answer: Answer): Answer {
  const { [DRAWN_ONCE]: _, ...draws } = answer.draws
  return { ...answer, draws }
}

test(
  'after a wipe nothing is drawn that was drawn before, and a seeded generator begins again',
  within(LIMIT_MS, async ({ store }) => {
    const isolated = [APP, '--workers', '2', '--isolation', 'request']
    await serving(serveFrom(store, isolated), async (server) => {
      const { all } = await fromEachWorker<Answer>(server, 2, '/')
      for (let round = 0; round < 10; round++) {
        all.push(...(await fromEachWorker<Answer>(server, 2, '/')).all)
      }

      assert.ok(all.length >= 22)
      assert.equal(repeated(all), [])
      for (const { seeded } of all) assert.is(seeded, FIRST_OF_42)
    })
  })
)

test(
  'a generator that was seeded on purpose goes on from where it was captured',
  within(LIMIT_MS, async ({ store }) => {
    await serving(serveFrom(store, [APP]), async (server) => {
      const [one, two] = [await getJson<Answer>(server, '/'), await getJson<Answer>(server, '/')]

      assert.equal([one.seeded, two.seeded], [FIRST_OF_42, SECOND_OF_42])
    })
  })
)

test(
  'a token drawn at import is a warning with module and line, at each start',
  within(LIMIT_MS, async ({ store }) => {
    const line = 1 + readFileSync(APP, 'utf8').split('\n').indexOf('TOKEN = secrets.token_hex(16)')
    const expected = `by drawing (/app/drawing.py:${line}), 1 times`

    // Once from a capture and once from the store.
    for (const from of [temporaryFolder(), store]) {
      await serving(serveFrom(from, [APP]), async (server) => {
        const said = (await warnings(server)).filter((text) => text.includes(expected))
        assert.is(said.length, 1, server.log())
      })
    }
  })
)

test(
  'each snapshot that is built has hashes of its own',
  within(LIMIT_MS, async () => {
    const hashes = new Set<number>()
    for (let built = 0; built < 2; built++) {
      await serving(serveFrom(temporaryFolder(), [APP]), async (server) => {
        await server.logged(/snapshot captured/)
        hashes.add((await getJson<Answer>(server, '/')).hash)
      })
    }

    assert.is(hashes.size, 2)
  })
)

test(
  'time is now and never runs backwards; the folder is where the import went, as without a snapshot',
  within(LIMIT_MS, async ({ store }) => {
    for (const isolation of ['worker', 'request']) {
      await serving(serveFrom(store, [APP, '--isolation', isolation]), async (server) => {
        await server.logged(/snapshot loaded/)
        let last: Readonly<Record<string, number>> | undefined
        for (let round = 0; round < 3; round++) {
          const before = Date.now() / 1000
          const { clocks, clocksAtImport, folder, argv } = await getJson<Answer>(server, '/')
          const after = Date.now() / 1000

          assert.ok(before - 0.1 <= (clocks.time ?? 0) && (clocks.time ?? 0) <= after + 0.1)
          for (const [name, value] of Object.entries(clocks)) {
            const past = (last ?? clocksAtImport)[name] ?? 0
            assert.ok(value >= past, `${name} went from ${past} to ${value}`)
          }
          last = clocks
          assert.equal([folder, argv], ['/tmp', ['wasgi']])
        }
      })
    }
  })
)

test.run()
