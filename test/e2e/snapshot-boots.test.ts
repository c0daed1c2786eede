// Where interpreters come from: the store, a new capture, or nothing; and when a stored snapshot is
// out of date.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SnapshotStore } from '../../src/snapshot/store.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'
import { boots, fromEachWorker, serveFrom, serving, storedIn, warnings } from './snapshots.ts'

const LIMIT_MS = 120_000
const HELLO = example('hello.py')
const test = suite('where interpreters come from')

test(
  'a first start captures and stores, the next one loads, and each interpreter is told of once',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    const two = [HELLO, '--workers', '2']
    const restored = ['default/1 restored', 'default/2 restored']

    await serving(serveFrom(store, two), async (server) => {
      assert.is((await server.request('/')).text, 'Hello, world!\n')
      await server.logged(/INFO {2}snapshot captured id=/)
      assert.equal(await boots(server), restored)
    })
    const stored = storedIn(store)
    await serving(serveFrom(store, two), async (server) => {
      assert.is((await server.request('/')).text, 'Hello, world!\n')
      await server.logged(/INFO {2}snapshot loaded id=/)
      assert.not.match(await server.caughtUp(), /snapshot captured/)
      assert.equal(await boots(server), restored)
      assert.equal(await warnings(server), [])
    })

    assert.is(stored.length, 1)
    assert.equal(storedIn(store), stored)
  })
)

test(
  '--no-snapshot boots from nothing, and neither reads nor writes the store',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()

    await serving(serveFrom(store, [HELLO, '--no-snapshot']), async (server) => {
      assert.is((await server.request('/')).text, 'Hello, world!\n')
      assert.equal(await boots(server), ['default/1 cold'])
      assert.not.match(await server.caughtUp(), /snapshot (loaded|captured)/)
    })

    assert.equal(storedIn(store), [])
  })
)

const IMPORTING = `
import colorsys
import greeting

def application(environ, start_response):
    start_response("200 OK", [])
    return [f"{greeting.TEXT} {getattr(colorsys, 'MINE', 'library')} {1}".encode()]
`

for (const [what, name, source, before, after] of [
  [
    'the application',
    'app.py',
    IMPORTING.replace('{1}', '{2}'),
    'hello library 1',
    'hello library 2'
  ],
  ['what it imports', 'greeting.py', 'TEXT = "salve"\n', 'hello library 1', 'salve library 1'],
  ['what an import finds', 'colorsys.py', 'MINE = "mine"\n', 'hello library 1', 'hello mine 1']
] as const) {
  test(
    `a change of ${what} is a warning, and the new code is served`,
    within(LIMIT_MS, async () => {
      const [store, folder] = [temporaryFolder(), temporaryFolder()]
      const app = join(folder, 'app.py')
      writeFileSync(app, IMPORTING)
      writeFileSync(join(folder, 'greeting.py'), 'TEXT = "hello"\n')
      await serving(serveFrom(store, [app]), async (server) => {
        assert.is((await server.request('/')).text, before)
        assert.equal(await warnings(server), [])
      })

      writeFileSync(join(folder, name), source)

      await serving(serveFrom(store, [app]), async (server) => {
        assert.is((await server.request('/')).text, after)
        const [warning = '', ...more] = await warnings(server)
        assert.match(warning, /code=WASGI_ERR_SNAPSHOT_STALE$/)
        assert.ok(warning.includes(folder), warning)
        assert.equal(more, [])
        assert.equal(await boots(server), ['default/1 restored'])
      })
      assert.is(storedIn(store).length, 1)
      assert.is((await new SnapshotStore({ folder: store }).verify())[0]?.message, undefined)
    })
  )
}

test(
  'a file that is written again as it was keeps the snapshot',
  within(LIMIT_MS, async () => {
    const [store, folder] = [temporaryFolder(), temporaryFolder()]
    const app = join(folder, 'app.py')
    const source = IMPORTING.replace('import greeting', 'class greeting: TEXT = "own"')
    writeFileSync(app, source)
    await serving(serveFrom(store, [app]), () => {})

    writeFileSync(app, source)

    await serving(serveFrom(store, [app]), async (server) => {
      assert.is((await server.request('/')).text, 'own library 1')
      await server.logged(/snapshot loaded/)
    })
  })
)

test(
  'another name in the environment is another snapshot, another value is not',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    await serving(serveFrom(store, [HELLO, '--env', 'FIRST=1']), () => {})
    const first = storedIn(store)

    await serving(serveFrom(store, [HELLO, '--env', 'FIRST=2']), async (server) => {
      await server.logged(/snapshot loaded/)
    })
    assert.equal(storedIn(store), first)
    await serving(
      serveFrom(store, [HELLO, '--env', 'FIRST=1', '--env', 'SECOND=1']),
      async (server) => {
        await server.logged(/snapshot captured/)
        assert.equal(await warnings(server), [])
      }
    )

    assert.is(storedIn(store).length, 2)
  })
)

test(
  'a lazy server boots from nothing and stores nothing, unless there is a snapshot already',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    const lazy = [HELLO, '--lazy', '--workers', '2']

    await serving(serveFrom(store, lazy), async (server) => {
      assert.equal(await boots(server), [])
      assert.is((await server.request('/')).status, 200)
      await server.logged(/interpreter ready/) // written after the response, it may be
      assert.match((await boots(server)).join(), /^default\/\d cold$/)
    })
    assert.equal(storedIn(store), [])

    await serving(serveFrom(store, [HELLO]), () => {})
    await serving(serveFrom(store, lazy), async (server) => {
      assert.equal(await boots(server), [])
      assert.is((await server.request('/')).text, 'Hello, world!\n')
      await server.logged(/interpreter ready/)
      assert.match((await boots(server)).join(), /^default\/\d restored$/)
      await server.logged(/snapshot loaded/)
    })
  })
)

interface Seen {
  readonly worker: string
  readonly warmed: readonly unknown[]
}

test(
  'a warm-up request is answered before the capture, and its effect is in every worker',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    const requests = [
      '--warmup',
      'GET /warm?a=b',
      '--warmup',
      'GET /failing',
      '--warmup',
      'HEAD /x'
    ]
    const args = [testApp('warmed.py'), '--workers', '2', ...requests]
    const expected = [
      ['GET', '/warm', 'a=b', true],
      ['GET', '/failing', '', true],
      ['HEAD', '/x', '', true]
    ]

    await serving(serveFrom(store, args), async (server) => {
      const { all } = await fromEachWorker<Seen>(server, 2, '/seen')
      for (const { warmed } of all) assert.equal(warmed, expected)
      const [warning = '', ...more] = await warnings(server)
      assert.match(warning, /The warm-up request GET \/failing: raised ZeroDivisionError/)
      assert.equal(more, [])
    })
    await serving(serveFrom(store, args), async (server) => {
      await server.logged(/snapshot loaded/)
      const { all } = await fromEachWorker<Seen>(server, 2, '/seen')
      for (const { warmed } of all) assert.equal(warmed, expected)
      assert.equal(await warnings(server), [])
    })
    await serving(serveFrom(store, args.slice(0, -2)), async (server) => {
      await server.logged(/snapshot captured/)
    })
  })
)

test.run()
