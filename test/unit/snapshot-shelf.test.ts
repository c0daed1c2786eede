// What lies in the folder of snapshots: what is told of it, and what goes when.
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeManifest } from '../../src/snapshot/manifest.ts'
import { removeOwn } from '../../src/snapshot/shelf.ts'
import { SnapshotStore } from '../../src/snapshot/store.ts'
import { fileOf, imageOf, KEY, keyOf, temporaryFolder } from './snapshot-fixtures.ts'
import { within } from './within.ts'

interface Context {
  /** Exists; `folder` is below it and does not. */
  readonly base: string
  readonly folder: string
  readonly store: SnapshotStore
  readonly remove: () => void
}

const test = suite<Context>('snapshot shelf')

const CORRUPT = 'WASGI_ERR_SNAPSHOT_CORRUPT'
const FOREIGN = 'WASGI_ERR_SNAPSHOT_FOREIGN'
const STALE = 'WASGI_ERR_SNAPSHOT_STALE'
const EMPTY = { entries: [] }
const HOUR_MS = 3_600_000

/** Makes it look as if it had been used that long ago. */
function age(path: string, ms: number): void {
  const then = (Date.now() - ms) / 1000
  utimesSync(path, then, then)
}

test.before.each((context) => {
  const { folder: base, remove } = temporaryFolder()
  const folder = join(base, 'cache', 'snapshots')
  Object.assign(context, { base, folder, remove, store: new SnapshotStore({ folder }) })
})
test.after.each(({ remove }) => remove())

test(
  'a file that took the place of a rejected one is not removed in its stead',
  within(60_000, async ({ folder, store }) => {
    await store.save(KEY, imageOf(), EMPTY)
    const rejected = openSync(fileOf(folder), 'r')
    const { ino } = fstatSync(rejected)
    await store.save(KEY, imageOf(), EMPTY)

    await removeOwn(fileOf(folder), ino)
    closeSync(rejected)

    assert.ok(await store.load(KEY))
    await removeOwn(fileOf(folder), statSync(fileOf(folder)).ino)
    assert.is(await store.load(KEY), undefined)
  })
)

test(
  'the least recently used go first, a load counts as use, and the new one stays',
  within(60_000, async ({ folder }) => {
    const unlimited = new SnapshotStore({ folder })
    const keys = ['1', '2', '3'].map(keyOf)
    for (const [index, key] of keys.entries()) {
      await unlimited.save(key, imageOf(), EMPTY)
      age(fileOf(folder, key), (10 - index) * HOUR_MS)
    }
    const each = statSync(fileOf(folder, keyOf('1'))).size
    const store = new SnapshotStore({ folder, limitBytes: Math.floor(each * 2.5) })

    await store.load(keyOf('1'))
    await store.save(KEY, imageOf(), EMPTY)

    const left = readdirSync(folder).sort()
    assert.equal(left, [`${keyOf('1')}.snapshot`, `${KEY}.snapshot`].sort())
  })
)

test(
  'the new one stays even when clocks say that it is the oldest',
  within(60_000, async ({ folder, store }) => {
    for (const key of ['1', '2'].map(keyOf)) {
      await store.save(key, imageOf(), EMPTY)
      age(fileOf(folder, key), -HOUR_MS)
    }
    const each = statSync(fileOf(folder, keyOf('1'))).size
    const small = new SnapshotStore({ folder, limitBytes: Math.floor(each * 1.5) })

    await small.save(KEY, imageOf(), EMPTY)

    assert.equal(readdirSync(folder), [`${KEY}.snapshot`])
  })
)

test(
  'temporary files of dead writers are removed, young ones and strangers are not',
  within(60_000, async ({ folder, store }) => {
    mkdirSync(folder, { recursive: true })
    const names = ['0', '1'].map((digit) => `${KEY}.${digit.repeat(16)}.tmp`)
    const [old, young] = names.map((name) => join(folder, name)) as [string, string]
    const stranger = join(folder, 'notes.tmp')
    for (const path of [old, young, stranger]) writeFileSync(path, 'half')
    for (const path of [old, stranger]) age(path, 2 * HOUR_MS)

    await store.save(KEY, imageOf(), EMPTY)

    assert.equal([old, young, stranger].map(existsSync), [false, true, true])
  })
)

test(
  'a list tells of each snapshot, latest use first, and removes nothing',
  within(60_000, async ({ folder, store }) => {
    const [older, newer] = [keyOf('1'), keyOf('2')]
    for (const key of [older, newer]) await store.save(key, imageOf(), EMPTY)
    truncateSync(fileOf(folder, older), statSync(fileOf(folder, older)).size - 1)
    age(fileOf(folder, older), HOUR_MS)
    writeFileSync(fileOf(folder), 'nonsense', { mode: 0o600 })
    age(fileOf(folder), 2 * HOUR_MS)

    const [first, second, third, ...rest] = await store.list()

    assert.equal([first?.key, first?.state, first?.target], [newer, 'ok', 'app.py:application'])
    assert.is(first?.bytes, statSync(fileOf(folder, newer)).size)
    assert.is(first?.usedAt, new Date(statSync(fileOf(folder, newer)).mtimeMs).toISOString())
    assert.equal([second?.key, second?.state], [older, CORRUPT])
    assert.is(second?.createdAt, '2026-07-01T12:00:00.000Z')
    assert.equal([third?.key, third?.state, third?.createdAt], [KEY, CORRUPT, undefined])
    assert.equal([rest.length, readdirSync(folder).length], [0, 3])
  })
)

test(
  'verifying finds what a header does not show, and removes nothing',
  within(60_000, async ({ base, folder, store }) => {
    const [damaged, stale] = [keyOf('1'), keyOf('2')]
    const path = join(base, 'local.py')
    await store.save(damaged, imageOf(), EMPTY)
    await store.save(stale, imageOf(), await makeManifest([{ path, kind: 'absent' }]))
    await store.save(KEY, imageOf(), EMPTY)
    const bytes = readFileSync(fileOf(folder, damaged))
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1
    writeFileSync(fileOf(folder, damaged), bytes)
    writeFileSync(path, '')

    const verdicts = new Map((await store.verify()).map((each) => [each.key, each]))

    assert.is(verdicts.get(KEY)?.state, 'ok')
    assert.is(verdicts.get(damaged)?.state, CORRUPT)
    assert.is(verdicts.get(stale)?.state, STALE)
    assert.match(verdicts.get(stale)?.message ?? '', path)
    assert.equal(await store.verify(KEY), [verdicts.get(KEY)])
    assert.equal(await store.verify(keyOf('9')), [])
    assert.ok((await store.list()).every(({ state }) => state === 'ok'))
    assert.is(readdirSync(folder).length, 3)
  })
)

test(
  'pruning removes what would be rejected, then what is too much, or everything',
  within(60_000, async ({ folder, store }) => {
    const [old, bad, linked] = [keyOf('1'), keyOf('2'), keyOf('3')]
    for (const key of [old, bad, KEY]) await store.save(key, imageOf(), EMPTY)
    age(fileOf(folder, old), HOUR_MS)
    const each = statSync(fileOf(folder, old)).size
    truncateSync(fileOf(folder, bad), 60)
    symlinkSync('/etc/passwd', fileOf(folder, linked))
    writeFileSync(join(folder, 'notes.txt'), 'not ours')
    const small = new SnapshotStore({ folder, limitBytes: Math.floor(each * 1.5) })

    const pruned = await small.prune()
    const reasons = Object.fromEntries(pruned.map(({ key, reason }) => [key, reason]))

    assert.equal(reasons, { [old]: 'surplus', [bad]: CORRUPT, [linked]: FOREIGN })
    assert.equal(readdirSync(folder).sort(), [`${KEY}.snapshot`, 'notes.txt'].sort())
    assert.equal(await store.prune(), [])
    assert.equal(
      (await store.prune({ all: true })).map(({ key, reason }) => [key, reason]),
      [[KEY, 'all']]
    )
    assert.equal(readdirSync(folder), ['notes.txt'])
    assert.ok(existsSync('/etc/passwd'))
  })
)

test.run()
