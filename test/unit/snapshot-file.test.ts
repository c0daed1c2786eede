// The bytes of a snapshot file: what was captured comes back, and nothing else ever does.
import { randomInt } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeSnapshot, encodeSnapshot } from '../../src/snapshot/file.ts'
import { BLOCK_BYTES, FORMAT_VERSION, PRELUDE_BYTES } from '../../src/snapshot/header.ts'
import type { Image } from '../../src/snapshot/image.ts'
import type { Manifest } from '../../src/snapshot/manifest.ts'
import { forge, imageOf, KEY, rejection, seal } from './snapshot-fixtures.ts'
import { within } from './within.ts'

const test = suite('snapshot file')

const CORRUPT = 'WASGI_ERR_SNAPSHOT_CORRUPT'
const MANIFEST: Manifest = {
  entries: [
    { kind: 'absent', path: '/app/local.py' },
    { kind: 'exists', path: '/app', type: 'folder' },
    { kind: 'file', path: '/app/app.py', bytes: 10, stamp: '1-2', hash: 'ab'.repeat(32) },
    { kind: 'folder', path: '/app', stamp: '', hash: 'cd'.repeat(32) }
  ]
}

const encoded = (image: Image): Promise<Buffer> => encodeSnapshot(image, KEY, MANIFEST)

function assertSame(read: Image, written: Image): void {
  for (const name of ['pages', 'runs', 'files'] as const) {
    const bytes = (array: Uint8Array | Uint32Array): Buffer =>
      Buffer.from(array.buffer, array.byteOffset, array.byteLength)
    assert.ok(bytes(read[name]).equals(bytes(written[name])), name)
    assert.is(read[name].buffer, read.pages.buffer, `${name} shares one buffer`)
  }
  assert.ok(read.pages.buffer instanceof SharedArrayBuffer)
  const { pages, runs, files, ...rest } = written
  const { pages: _, runs: __, files: ___, ...readRest } = read
  assert.equal(readRest, rest)
}

test(
  'an image and its manifest come back as they were written',
  within(60_000, async () => {
    const image = imageOf()

    const read = await decodeSnapshot(await encoded(image), KEY)

    assertSame(read.image, image)
    assert.equal(read.manifest, MANIFEST)
  })
)

test(
  'an image of several blocks comes back, the last of them partly filled',
  within(60_000, async () => {
    const image = imageOf([0, 1, 2, 1300], { memoryBytes: 100 * 65_536 })
    assert.ok(image.pages.length > 2 * BLOCK_BYTES)

    const read = await decodeSnapshot(await encoded(image), KEY)

    assertSame(read.image, image)
  })
)

test(
  'an image whose memory is all zero comes back',
  within(60_000, async () => {
    const image = { ...imageOf([]), memoryBytes: 65_536 }

    const read = await decodeSnapshot(await encoded(image), KEY)

    assertSame(read.image, image)
  })
)

test(
  'a file that is cut off anywhere is corrupt',
  within(20_000, async () => {
    const bytes = await encoded(imageOf())
    const lengths = [0, 1, 7, 8, 20, PRELUDE_BYTES - 1, PRELUDE_BYTES, PRELUDE_BYTES + 100]
    const drawn = Array.from({ length: 20 }, () => randomInt(bytes.length))

    for (const length of [...lengths, ...drawn, bytes.length - 1]) {
      await rejection(decodeSnapshot(bytes.subarray(0, length), KEY), CORRUPT, `${length} bytes`)
    }
  })
)

test(
  'a file with bytes after its end is corrupt',
  within(60_000, async () => {
    const bytes = await encoded(imageOf())

    await rejection(decodeSnapshot(Buffer.concat([bytes, Buffer.alloc(1)]), KEY), CORRUPT)
  })
)

test(
  'one flipped bit anywhere is found',
  within(60_000, async () => {
    const bytes = await encoded(imageOf([0, 2]))
    const everyBitOfThePrelude = Array.from({ length: PRELUDE_BYTES * 8 }, (_, bit) => bit)
    const drawn = Array.from({ length: 600 }, () => randomInt(bytes.length * 8))
    const last = bytes.length * 8 - 1

    for (const bit of [...everyBitOfThePrelude, ...drawn, last]) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const isVersion = bit >= 64 && bit < 96
      const code = isVersion ? 'WASGI_ERR_SNAPSHOT_VERSION' : CORRUPT
      await rejection(decodeSnapshot(flipped, KEY), code, `bit ${bit}`)
    }
  })
)

test(
  'another format is told apart from damage',
  within(60_000, async () => {
    const bytes = await encoded(imageOf())
    bytes.writeUInt32LE(FORMAT_VERSION + 1, 8)

    const error = await rejection(decodeSnapshot(bytes, KEY), 'WASGI_ERR_SNAPSHOT_VERSION')

    assert.match(error.reason, `format ${FORMAT_VERSION + 1}`)
  })
)

test(
  'a snapshot of another key is foreign, and the error has the name it was given',
  within(60_000, async () => {
    const bytes = await encodeSnapshot(imageOf(), 'b2'.repeat(32), MANIFEST)

    const error = await rejection(
      decodeSnapshot(bytes, KEY, '/cache/one.snapshot'),
      'WASGI_ERR_SNAPSHOT_FOREIGN'
    )

    assert.match(error.message, '"/cache/one.snapshot"')
    assert.match(error.message, 'b2b2')
  })
)

const HOSTILE: Readonly<Record<string, (header: Record<string, unknown>) => void>> = {
  'more memory than there can be': (h) => Object.assign(h, { memoryBytes: 2 ** 33 }),
  'memory that is no multiple of a page': (h) => Object.assign(h, { memoryBytes: 65_537 }),
  'memory that is too small for its pages': (h) => Object.assign(h, { memoryBytes: 0 }),
  'memory below zero': (h) => Object.assign(h, { memoryBytes: -65_536 }),
  'memory as text': (h) => Object.assign(h, { memoryBytes: '65536' }),
  'pages beyond any double': (h) => Object.assign(h, { pageCount: 1e300 }),
  'more pages than it has': (h) => Object.assign(h, { pageCount: 5 }),
  'fewer pages than it has': (h) => Object.assign(h, { pageCount: 3 }),
  'half a page': (h) => Object.assign(h, { pageCount: 3.5 }),
  'a million runs': (h) => Object.assign(h, { runCount: 1e6 }),
  'a terabyte of files': (h) => Object.assign(h, { fileBytes: 2 ** 40 }),
  'files one byte short': (h) => Object.assign(h, { fileBytes: 999 }),
  'no blocks': (h) => Object.assign(h, { blocks: [] }),
  'a block of a gigabyte': (h) => Object.assign(h, { blocks: [2 ** 30] }),
  'a block below zero': (h) => Object.assign(h, { blocks: [-1] }),
  'two blocks for one': (h) => (h.blocks as number[]).push(0),
  'a key that is no key': (h) => Object.assign(h, { key: `../${KEY}` }),
  'an id that is too long': (h) => Object.assign(h, { id: 'ab'.repeat(17) }),
  'a state that is no text': (h) => Object.assign(h, { state: { toString: 1 } }),
  'no state': (h) => delete h.state,
  'a field that nobody knows': (h) => Object.assign(h, { more: 1 }),
  'a report without modules': (h) => delete (h.report as Record<string, unknown>).modules,
  'a report with a number for a name': (h) =>
    Object.assign(h.report as object, { modules: [{ name: 1, bytes: 1 }] }),
  'a report of null': (h) => Object.assign(h, { report: null }),
  'a manifest of another kind': (h) =>
    Object.assign(h, { manifest: { entries: [{ kind: 'toString', path: '/' }] } }),
  'a manifest with a number for a path': (h) =>
    Object.assign(h, { manifest: { entries: [{ kind: 'absent', path: 1 }] } }),
  'a manifest that is too long': (h) => {
    const entry = { kind: 'absent', path: '/' }
    Object.assign(h, { manifest: { entries: new Array(100_001).fill(entry) } })
  },
  'another checksum': (h) => Object.assign(h, { payloadHash: '0'.repeat(64) })
}

for (const [name, change] of Object.entries(HOSTILE)) {
  test(
    `a header is refused with ${name}`,
    within(60_000, async () => {
      const bytes = await encoded(imageOf())
      assert.equal(
        (
          await decodeSnapshot(
            forge(bytes, () => {}),
            KEY
          )
        ).manifest,
        MANIFEST
      )

      await rejection(decodeSnapshot(forge(bytes, change), KEY), CORRUPT)
    })
  )
}

test(
  'impossible sizes are refused before memory is taken for them',
  within(60_000, async () => {
    const bytes = await encoded(imageOf())
    const cases: readonly [reason: string, sizes: Record<string, unknown>][] = [
      ['bytes of memory are impossible', { memoryBytes: 2 ** 33 }],
      ['more pages than its memory', { pageCount: 17 }],
      ['more runs than pages', { runCount: 5 }],
      ['bytes of files are too many', { fileBytes: 2 ** 40 }],
      ['blocks do not add up', { fileBytes: 2 ** 31 }],
      ['blocks is too long', { blocks: [2 ** 30] }],
      ['truncated or too long', { blocks: [1000] }]
    ]
    for (const [reason, sizes] of cases) {
      const file = forge(bytes, (h) => Object.assign(h, sizes))
      assert.match((await rejection(decodeSnapshot(file, KEY), CORRUPT)).reason, reason)
    }
  })
)

test(
  'a header that is not JSON, or not an object, is refused',
  within(60_000, async () => {
    const bytes = await encoded(imageOf())

    for (const json of ['', '{', 'null', '[]', '"text"', '{"__proto__":{}}']) {
      const file = seal(bytes, Buffer.from(json), Buffer.alloc(0))
      await rejection(decodeSnapshot(file, KEY), CORRUPT, json)
    }
  })
)

const RUNS: Readonly<Record<string, readonly number[]>> = {
  'that overlap': [0, 2, 1, 2],
  'that descend': [4, 2, 0, 2],
  'that leave the memory': [0, 2, 15, 2],
  'that wrap around': [0, 2, 0xffff_ffff, 2],
  'of no pages': [0, 4, 5, 0],
  'that are fewer than the pages': [0, 1, 2, 1]
}

for (const [name, runs] of Object.entries(RUNS)) {
  test(
    `runs are refused ${name}`,
    within(60_000, async () => {
      const image = imageOf([0, 2, 5, 2])
      image.runs.set(runs)

      await rejection(decodeSnapshot(await encoded(image), KEY), CORRUPT)
    })
  )
}

test(
  'a block that grows beyond what the header says is refused, as is one that stays below',
  within(60_000, async () => {
    const bytes = await encoded(imageOf())

    for (const length of [64 << 20, 4 * 4096, 10]) {
      const bomb = zstdCompressSync(Buffer.alloc(length))
      const file = forge(bytes, (h) => Object.assign(h, { blocks: [bomb.length] }), bomb)
      const error = await rejection(decodeSnapshot(file, KEY), CORRUPT, `${length} bytes`)
      assert.match(error.reason, 'decompressed')
    }
  })
)

test(
  'a payload that is no zstd is refused although its checksum is right',
  within(60_000, async () => {
    const bytes = await encoded(imageOf())
    const noise = Buffer.alloc(100, 7)

    const file = forge(bytes, (h) => Object.assign(h, { blocks: [100] }), noise)

    await rejection(decodeSnapshot(file, KEY), CORRUPT)
  })
)

test.run()
