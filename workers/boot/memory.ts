// Copies wasm memory into an image and back, by pages: most of a fresh interpreter's memory is zero,
// and a page that was never written costs the machine nothing. No knowledge of what is in it.
import { allocateImage, type Image } from '../../src/snapshot/image.ts'

/** Bytes of a page here: the machine's, so that untouched ones stay untouched. Wasm's are 65,536. */
export const PAGE_BYTES = 4096

/** Pages compared at once where nothing is expected to be found. */
const CHUNK_PAGES = 16
const ZEROS = Buffer.alloc(PAGE_BYTES * CHUNK_PAGES)

export type ImageMemory = Pick<Image, 'memoryBytes' | 'runs' | 'pages' | 'files'>

/** Copies all pages that are not zero, and the files, into one new shared buffer. */
export function readMemory(memory: ArrayBuffer, files: readonly Uint8Array[]): ImageMemory {
  const bytes = Buffer.from(memory)
  const runs = runsOf(bytes)
  let pageCount = 0
  for (let i = 1; i < runs.length; i += 2) pageCount += runs[i] ?? 0
  const fileBytes = files.reduce((sum, file) => sum + file.length, 0)
  const image = allocateImage(pageCount, runs.length / 2, fileBytes)
  image.runs.set(runs)
  eachRun(image, (at, from, length) => {
    image.pages.set(bytes.subarray(at, at + length), from)
  })
  let at = 0
  for (const file of files) {
    image.files.set(file, at)
    at += file.length
  }
  return { ...image, memoryBytes: bytes.length }
}

/** `[first page, count]` for each stretch of pages with anything in them, one after the other. */
function runsOf(bytes: Buffer): number[] {
  const runs: number[] = []
  const count = bytes.length / PAGE_BYTES
  let start = -1
  for (let page = 0; page < count; page++) {
    const used = !isZero(bytes, page * PAGE_BYTES, PAGE_BYTES)
    if (used && start < 0) start = page
    if (used || start < 0) continue
    runs.push(start, page - start)
    start = -1
  }
  if (start >= 0) runs.push(start, count - start)
  return runs
}

/**
 * Makes the memory what it was when the image was taken. What it has grown since becomes zero, as
 * Python's allocator expects of new memory. `memory` is at least as large as the image.
 */
export function writeMemory(memory: ArrayBuffer, image: ImageMemory): void {
  const bytes = Buffer.from(memory)
  let end = 0
  eachRun(image, (at, from, length) => {
    clear(bytes, end, at)
    bytes.set(image.pages.subarray(from, from + length), at)
    end = at + length
  })
  clear(bytes, end, bytes.length)
}

/** Zeroes a stretch, writing only where it is not zero: a page that is written is a page that is used. */
function clear(bytes: Buffer, from: number, to: number): void {
  for (let at = from; at < to; at += ZEROS.length) {
    const length = Math.min(ZEROS.length, to - at)
    if (!isZero(bytes, at, length)) bytes.fill(0, at, at + length)
  }
}

function isZero(bytes: Buffer, at: number, length: number): boolean {
  return ZEROS.compare(bytes, at, at + length, 0, length) === 0
}

function eachRun(
  { runs }: Pick<Image, 'runs'>,
  visit: (at: number, from: number, length: number) => void
): void {
  let from = 0
  for (let i = 0; i < runs.length; i += 2) {
    const length = (runs[i + 1] ?? 0) * PAGE_BYTES
    visit((runs[i] ?? 0) * PAGE_BYTES, from, length)
    from += length
  }
}
