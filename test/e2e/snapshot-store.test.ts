// Whatever has become of a store, a server serves: what is wrong is in its log, by code, and the
// next snapshot takes the place of the bad one.
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SnapshotStore } from '../../src/snapshot/store.ts'
import type { ServeOptions, TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder } from './places.ts'
import { boots, serveFrom, serving, storedIn, warnings } from './snapshots.ts'

const LIMIT_MS = 120_000
const APP = [example('hello.py')]
const OTHER_APP = [...APP, '--env', 'OTHER=1']
const IS_ROOT = process.geteuid?.() === 0

interface Context {
  /** A good snapshot of APP. */
  readonly good: string
  /** A good snapshot of OTHER_APP. */
  readonly other: string
}

const test = suite<Context>('a store that is not as it should be')

test.before(async (context) => {
  const [one, two] = [temporaryFolder(), temporaryFolder()]
  await Promise.all([
    serving(serveFrom(one, APP), () => {}),
    serving(serveFrom(two, OTHER_APP), () => {})
  ])
  Object.assign(context, { good: onlyFile(one), other: onlyFile(two) })
})

/** The only file of a store. */
function onlyFile(store: string): string {
  const [file, ...more] = storedIn(store)
  if (file === undefined || more.length > 0) throw new Error(`not one file: ${storedIn(store)}`)
  return file
}

/** A store of its own with the good snapshot in it, and the path of that. */
function storeWith(good: string): { store: string; file: string } {
  const store = temporaryFolder()
  const file = join(store, basename(good))
  copyFileSync(good, file)
  chmodSync(file, 0o600)
  return { store, file }
}

/** A server on this store serves with a captured snapshot; gives its only warning. */
function onlyWarning(store: string, options?: ServeOptions): Promise<string> {
  return serving(serveFrom(store, APP, options), async (server) => {
    await isServed(server)
    const [warning = '', ...more] = await warnings(server)
    assert.equal(more, [])
    return warning
  })
}

async function isServed(server: TestServer): Promise<void> {
  assert.is((await server.request('/you')).text, 'Hello, you!\n')
  assert.equal(await boots(server), ['default/1 restored'])
}

async function isSound(store: string): Promise<void> {
  const verdicts = await new SnapshotStore({ folder: store }).verify()
  assert.equal(
    verdicts.map(({ state }) => state),
    ['ok']
  )
  assert.ok(lstatSync(onlyFile(store)).isFile())
}

const DAMAGES: ReadonlyArray<readonly [string, string, (file: string, context: Context) => void]> =
  [
    ['cut in half', 'CORRUPT', (file) => truncateSync(file, Math.floor(lstatSync(file).size / 2))],
    ['empty', 'CORRUPT', (file) => truncateSync(file, 0)],
    ['no snapshot at all', 'CORRUPT', (file) => writeFileSync(file, 'some text\n')],
    [
      'one bit off in its content',
      'CORRUPT',
      (file) => flipBit(file, lstatSync(file).size - 1_000)
    ],
    ['one bit off in its header', 'CORRUPT', (file) => flipBit(file, 200)],
    ['of another version of the format', 'VERSION', (file) => writeVersion(file, 2_000)],
    ["another application's", 'FOREIGN', (file, { other }) => copyFileSync(other, file)],
    ['open for others to write', 'FOREIGN', (file) => chmodSync(file, 0o666)]
  ]

for (const [what, code, damage] of DAMAGES) {
  test(
    `a snapshot that is ${what} is ${code}, and made again`,
    within(LIMIT_MS, async (context) => {
      const { store, file } = storeWith(context.good)
      damage(file, context)

      const warning = await onlyWarning(store)

      assert.match(warning, new RegExp(`code=WASGI_ERR_SNAPSHOT_${code}$`))
      assert.ok(warning.includes(file), warning)
      await isSound(store)
    })
  )
}

function flipBit(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
  writeFileSync(file, bytes)
}

function writeVersion(file: string, version: number): void {
  const bytes = readFileSync(file)
  bytes.writeUInt32LE(version, 8)
  writeFileSync(file, bytes)
}

test(
  'a symbolic link is not followed, and what it leads to stays as it is',
  within(LIMIT_MS, async ({ good }) => {
    const { store, file } = storeWith(good)
    const elsewhere = join(temporaryFolder(), 'elsewhere')
    renameSync(file, elsewhere)
    symlinkSync(elsewhere, file)
    const before = readFileSync(elsewhere)

    const warning = await onlyWarning(store)

    assert.match(warning, /symbolic link.* code=WASGI_ERR_SNAPSHOT_FOREIGN$/)
    assert.ok(before.equals(readFileSync(elsewhere)))
    await isSound(store)
  })
)

test(
  'a folder that others may write to is not believed, and nothing is written there',
  within(LIMIT_MS, async ({ good }) => {
    const { store } = storeWith(good)
    chmodSync(store, 0o777)

    await serving(serveFrom(store, APP), async (server) => {
      await isServed(server)
      await server.logged(/WARN .*code=WASGI_ERR_SNAPSHOT_FOREIGN/)
      await server.logged(/WARN .*code=WASGI_ERR_SNAPSHOT_UNSAVED/)
      await server.logged(/snapshot captured, but not stored/)
    })

    // Ours, so it was removed as any rejected file is; what matters is that none was written.
    assert.equal(storedIn(store), [])
  })
)

test(
  'a folder that cannot be written to is UNSAVED, and the snapshot is used from memory',
  within(LIMIT_MS, async () => {
    const store = join(temporaryFolder(), 'store')
    mkdirSync(store, { mode: 0o555 })
    // Whoever the server is must get as far as that folder.
    for (const above of [join(store, '..'), join(store, '../..')]) {
      chmodSync(above, statSync(above).mode | 0o055)
    }
    // Root may write to any folder.
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

    await serving(serveFrom(store, APP, { through: IS_ROOT ? nobody : [] }), async (server) => {
      await isServed(server)
      const [failure = '', captured = '', ...more] = await warnings(server)
      assert.match(failure, /EACCES.* code=WASGI_ERR_SNAPSHOT_UNSAVED$/)
      assert.match(captured, /snapshot captured, but not stored: it could not be written/)
      assert.equal(more, [])
    })

    assert.equal(storedIn(store), [])
  })
)

test(
  'a snapshot that does not fit on the disk is UNSAVED, and nothing of it is left',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    // Writing fails in the middle of the file, as on a disk that is full.
    const limited = ['prlimit', '--fsize=1000000']

    await serving(serveFrom(store, APP, { through: limited }), async (server) => {
      await isServed(server)
      const [failure = '', captured = '', ...more] = await warnings(server)
      assert.match(failure, /EFBIG.* code=WASGI_ERR_SNAPSHOT_UNSAVED$/)
      assert.match(captured, /snapshot captured, but not stored/)
      assert.equal(more, [])
    })

    assert.equal(storedIn(store), [])
  })
)

test(
  'a snapshot larger than the limit is UNSAVED, and a limit of 0 keeps none without a word',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()

    await serving(serveFrom(store, [...APP, '--snapshot-limit', '1M']), async (server) => {
      await isServed(server)
      assert.match((await warnings(server))[0] ?? '', /code=WASGI_ERR_SNAPSHOT_UNSAVED$/)
    })
    await serving(serveFrom(store, [...APP, '--snapshot-limit', '0']), async (server) => {
      await isServed(server)
      assert.equal(await warnings(server), [])
    })

    assert.equal(storedIn(store), [])
  })
)

test(
  'two servers that start at once on an empty store both serve, and leave one good snapshot',
  within(LIMIT_MS, async () => {
    const store = join(temporaryFolder(), 'made', 'by', 'them')
    const starting = [serveFrom(store, APP), serveFrom(store, APP)] as const
    await Promise.all(
      starting.map((each) =>
        serving(each, async (server) => {
          await isServed(server)
          assert.equal(await warnings(server), [])
        })
      )
    )

    await isSound(store)
    assert.is(lstatSync(onlyFile(store)).mode & 0o777, 0o600)
    await serving(serveFrom(store, APP), async (server) => {
      await isServed(server)
      await server.logged(/snapshot loaded/)
    })
  })
)

test.run()
