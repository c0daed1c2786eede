// Memory copied into an image and back: by pages, and only what is not zero.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PAGE_BYTES, readMemory, writeMemory } from '../../workers/boot/memory.ts'

const PAGES = 48
const test = suite('image memory')

function memory(pages: number, ...marks: ReadonlyArray<readonly [page: number, value: number]>) {
  const bytes = new Uint8Array(pages * PAGE_BYTES)
  for (const [page, value] of marks) bytes[page * PAGE_BYTES + page] = value
  return bytes
}

test('an image has the pages that are not zero, in runs, and the files behind each other', () => {
  const bytes = memory(PAGES, [0, 1], [3, 2], [4, 3], [PAGES - 1, 4])

  const image = readMemory(bytes.buffer, [new Uint8Array([7, 8]), new Uint8Array([9])])

  assert.equal([...image.runs], [0, 1, 3, 2, PAGES - 1, 1])
  assert.is(image.pages.length, 4 * PAGE_BYTES)
  assert.is(image.memoryBytes, PAGES * PAGE_BYTES)
  assert.equal([...image.files], [7, 8, 9])
  assert.ok(image.pages.buffer instanceof SharedArrayBuffer)
})

test('memory that has changed and grown is what it was, and zero behind that', () => {
  const before = memory(PAGES, [0, 1], [20, 2], [PAGES - 1, 3])
  const image = readMemory(before.buffer, [])
  const after = new Uint8Array(2 * PAGES * PAGE_BYTES).fill(0xaa)

  writeMemory(after.buffer, image)

  assert.equal(Buffer.compare(after.subarray(0, before.length), before), 0)
  assert.ok(after.subarray(before.length).every((byte) => byte === 0))
})

test('memory that is all zero is an image of nothing', () => {
  const image = readMemory(memory(PAGES).buffer, [])
  const after = memory(PAGES, [5, 1])

  writeMemory(after.buffer, image)

  assert.is(image.runs.length, 0)
  assert.ok(after.every((byte) => byte === 0))
})

test.run()
