// The folder of snapshots: whatever happens to it, a load gives a whole snapshot, none, or a reason.
import { randomInt } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeManifest } from '../../src/snapshot/manifest.ts'
import { defaultStoreFolder, SnapshotStore } from '../../src/snapshot/store.ts'
import { fileOf, imageOf, KEY, keyOf, rejection, temporaryFolder } from './snapshot-fixtures.ts'
import { within } from './within.ts'

interface Context {
  /** Exists; `folder` is below it and does not. */
  readonly base: string
  readonly folder: string
  readonly store: SnapshotStore
  readonly remove: () => void
}

const test = suite<Context>('snapshot store')

const CORRUPT = 'WASGI_ERR_SNAPSHOT_CORRUPT'
const FOREIGN = 'WASGI_ERR_SNAPSHOT_FOREIGN'
const STALE = 'WASGI_ERR_SNAPSHOT_STALE'
const UNSAVED = 'WASGI_ERR_SNAPSHOT_UNSAVED'
const VERSION = 'WASGI_ERR_SNAPSHOT_VERSION'
const EMPTY = { entries: [] }

/** Writes half of the bytes, then fails as the system would. */
function failsHalfway(code: string): (file: FileHandle, bytes: Uint8Array) => Promise<void> {
  return async (file, bytes) => {
    await file.write(bytes.subarray(0, bytes.length / 2))
    throw Object.assign(new Error(`${code}: no luck, write`), { code })
  }
}

test.before.each((context) => {
  const { folder: base, remove } = temporaryFolder()
  const folder = join(base, 'cache', 'snapshots')
  Object.assign(context, { base, folder, remove, store: new SnapshotStore({ folder }) })
})
test.after.each(({ remove }) => remove())

test(
  'what was saved is loaded, for its owner only, and nothing else is left in the folder',
  within(60_000, async ({ folder, store }) => {
    const image = imageOf()
    const manifest = await makeManifest([{ path: '/nowhere/at/all', kind: 'absent' }])

    await store.save(KEY, image, manifest)
    const loaded = await store.load(KEY)

    assert.is(loaded?.image.id, image.id)
    assert.ok(Buffer.from(loaded?.image.pages ?? []).equals(Buffer.from(image.pages)))
    assert.equal(loaded?.manifest, manifest)
    assert.equal(readdirSync(folder), [`${KEY}.snapshot`])
    assert.is(statSync(fileOf(folder)).mode & 0o7777, 0o600)
    assert.is(statSync(folder).mode & 0o7777, 0o700)
  })
)

test(
  'there is none before one is saved, with or without a folder',
  within(60_000, async ({ folder, store }) => {
    assert.is(await store.load(KEY), undefined)
    assert.equal([await store.list(), await store.verify(), await store.prune()], [[], [], []])
    assert.not(existsSync(folder))

    await store.save(keyOf('1'), imageOf(), EMPTY)
    assert.is(await store.load(KEY), undefined)
  })
)

test(
  'a key that is a path is refused before anything is touched',
  within(60_000, async ({ store }) => {
    for (const key of ['../x', `/${KEY}`, KEY.toUpperCase(), `${KEY}\n`, '']) {
      for (const use of [() => store.load(key), () => store.save(key, imageOf(), EMPTY)]) {
        const error = await use().catch((reason: unknown) => reason)
        assert.instance(error, TypeError)
      }
    }
  })
)

const DAMAGE: Readonly<
  Record<string, [code: typeof CORRUPT | typeof VERSION, (p: string) => void]>
> = {
  truncated: [CORRUPT, (path) => truncateSync(path, randomInt(statSync(path).size))],
  empty: [CORRUPT, (path) => truncateSync(path, 0)],
  'bit-flipped': [
    CORRUPT,
    (path) => {
      const bytes = readFileSync(path)
      const at = randomInt(16, bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << randomInt(8))
      writeFileSync(path, bytes)
    }
  ],
  'of another version': [
    VERSION,
    (path) => {
      const bytes = readFileSync(path)
      bytes.writeUInt32LE(99, 8)
      writeFileSync(path, bytes)
    }
  ]
}

for (const [name, [code, damage]] of Object.entries(DAMAGE)) {
  test(
    `a file that is ${name} is rejected once and removed, so that it can be made again`,
    within(60_000, async ({ folder, store }) => {
      await store.save(KEY, imageOf(), EMPTY)
      damage(fileOf(folder))

      const error = await rejection(store.load(KEY), code)

      assert.match(error.message, fileOf(folder))
      assert.is(await store.load(KEY), undefined)
      await store.save(KEY, imageOf(), EMPTY)
      assert.ok(await store.load(KEY))
    })
  )
}

test(
  'the file of another key under this name is rejected',
  within(60_000, async ({ folder, store }) => {
    await store.save(keyOf('1'), imageOf(), EMPTY)
    renameSync(fileOf(folder, keyOf('1')), fileOf(folder))

    await rejection(store.load(KEY), FOREIGN)
  })
)

test(
  'a snapshot is stale when a file it depends on has changed',
  within(60_000, async ({ base, store }) => {
    const path = join(base, 'wsgi.py')
    writeFileSync(path, '1')
    await store.save(KEY, imageOf(), await makeManifest([{ path, kind: 'file' }]))
    assert.ok(await store.load(KEY))

    writeFileSync(path, '2')

    assert.is((await rejection(store.load(KEY), STALE)).reason, `${path} has changed`)
    assert.is(await store.load(KEY), undefined)
  })
)

test(
  'a symbolic link is not followed, nor is what it points to touched',
  within(60_000, async ({ base, folder, store }) => {
    await store.save(KEY, imageOf(), EMPTY)
    renameSync(fileOf(folder), join(base, 'elsewhere'))
    symlinkSync(join(base, 'elsewhere'), fileOf(folder))

    const error = await rejection(store.load(KEY), FOREIGN)

    assert.is(error.reason, 'it is a symbolic link')
    await store.save(KEY, imageOf(), EMPTY)
    assert.ok(await store.load(KEY))
    assert.ok(existsSync(join(base, 'elsewhere')))
  })
)

test(
  'a folder in the place of a file is rejected',
  within(60_000, async ({ folder, store }) => {
    mkdirSync(fileOf(folder), { recursive: true })

    await rejection(store.load(KEY), FOREIGN)
    await rejection(store.save(KEY, imageOf(), EMPTY), UNSAVED)

    assert.equal(readdirSync(folder), [`${KEY}.snapshot`])
  })
)

test(
  'a file that others may write to is rejected',
  within(60_000, async ({ folder, store }) => {
    for (const mode of [0o620, 0o602, 0o666]) {
      await store.save(KEY, imageOf(), EMPTY)
      chmodSync(fileOf(folder), mode)
      const error = await rejection(store.load(KEY), FOREIGN)
      assert.match(error.reason, mode.toString(8))
    }
    await store.save(KEY, imageOf(), EMPTY)
    chmodSync(fileOf(folder), 0o644)
    assert.ok(await store.load(KEY))
  })
)

test(
  'a folder that others may write to is neither read nor written',
  within(60_000, async ({ folder, store }) => {
    await store.save(KEY, imageOf(), EMPTY)
    chmodSync(folder, 0o777)

    await rejection(store.save(keyOf('1'), imageOf(), EMPTY), UNSAVED)
    await rejection(store.load(KEY), FOREIGN)

    assert.not(existsSync(fileOf(folder, keyOf('1'))))
  })
)

// Only root may give files away.
if (process.geteuid?.() === 0) {
  test(
    'a file or a folder of another user is rejected and left alone',
    within(60_000, async ({ folder, store }) => {
      await store.save(KEY, imageOf(), EMPTY)
      chownSync(fileOf(folder), 12_345, 12_345)

      assert.match((await rejection(store.load(KEY), FOREIGN)).reason, '12345')
      assert.ok(existsSync(fileOf(folder)))

      chownSync(fileOf(folder), 0, 0)
      chownSync(folder, 12_345, 12_345)
      await rejection(store.save(KEY, imageOf(), EMPTY), UNSAVED)
      assert.is((await store.list())[0]?.state, FOREIGN)
    })
  )
}

test(
  'a file that is larger than all may be is not read',
  within(60_000, async ({ folder, store }) => {
    await store.save(KEY, imageOf(), EMPTY)
    const small = new SnapshotStore({ folder, limitBytes: 1000 })

    await rejection(small.load(KEY), FOREIGN)
    const error = await rejection(small.save(KEY, imageOf(), EMPTY), UNSAVED)

    assert.match(error.reason, '1000')
    assert.equal(readdirSync(folder), [])
  })
)

test(
  'a file where the folder should be: nothing is saved, and a load says why',
  within(60_000, async ({ base, folder, store }) => {
    mkdirSync(join(base, 'cache'))
    writeFileSync(folder, 'precious')

    const unsaved = await rejection(store.save(KEY, imageOf(), EMPTY), UNSAVED)
    await rejection(store.load(KEY), FOREIGN)

    assert.match(unsaved.reason, folder)
    assert.is(readFileSync(folder, 'utf8'), 'precious')
    assert.equal(await store.list(), [])
  })
)

for (const [code, reason] of [
  ['ENOSPC', /is full/],
  ['EDQUOT', /quota/],
  ['EIO', /EIO/]
] as const) {
  test(
    `a write that ends in ${code} leaves nothing behind, and what was there before`,
    within(60_000, async ({ folder, store }) => {
      const image = imageOf()
      await store.save(KEY, image, EMPTY)
      const failing = new SnapshotStore({ folder, write: failsHalfway(code) })

      const error = await rejection(failing.save(KEY, imageOf(), EMPTY), UNSAVED)

      assert.match(error.reason, reason)
      assert.ok(error.cause)
      assert.equal(readdirSync(folder), [`${KEY}.snapshot`])
      assert.is((await store.load(KEY))?.image.id, image.id)
    })
  )
}

test(
  'builders at once on one key: every reader sees the whole of one of them',
  within(60_000, async ({ folder }) => {
    // More than one block each, so that a file takes several writes and reads.
    const images = [1, 2, 3, 4].map((fill) => imageOf([0, 700], { fill, memoryBytes: 64 * 65_536 }))
    const fills = new Map(images.map(({ id, pages }) => [id, pages[0]]))
    await new SnapshotStore({ folder }).save(KEY, imageOf(), EMPTY)
    let writing = true
    let seen = 0

    const read = async (): Promise<void> => {
      const store = new SnapshotStore({ folder })
      while (writing) {
        const loaded = await store.load(KEY)
        if (loaded === undefined) throw new Error('it was gone for a moment')
        const fill = fills.get(loaded.image.id)
        if (fill === undefined) continue
        assert.ok(loaded.image.pages.every((byte) => byte === fill))
        seen++
      }
    }
    const write = async (image: (typeof images)[number]): Promise<void> => {
      const store = new SnapshotStore({ folder })
      for (let round = 0; round < 5; round++) await store.save(KEY, image, EMPTY)
    }
    const readers = [read(), read()]
    await Promise.all(images.map(write)).finally(() => {
      writing = false
    })
    await Promise.all(readers)

    assert.ok(seen > 0)
    assert.equal(readdirSync(folder), [`${KEY}.snapshot`])
  })
)

test('the default folder is below the cache of the user, if that is an absolute path', () => {
  const below = (value: string | undefined): string =>
    defaultStoreFolder({ XDG_CACHE_HOME: value }, '/home/u')

  assert.is(below('/var/cache/u'), '/var/cache/u/wasgi/snapshots')
  for (const value of [undefined, '', 'relative']) {
    assert.is(below(value), '/home/u/.cache/wasgi/snapshots')
  }
})

test.run()
