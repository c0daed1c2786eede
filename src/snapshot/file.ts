// The bytes of a snapshot file, made and read. Pure: no file is touched here. The payload is the
// image's memory as allocateImage() lays it out, in blocks that are compressed on their own, so that
// several threads can work on one file.

import { webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import {
  BLOCK_BYTES,
  corrupt,
  FORMAT_VERSION,
  type Header,
  imageBytes,
  PRELUDE_BYTES,
  payloadBytes,
  readHeader,
  readPrelude,
  writeHeader
} from './header.ts'
import { allocateImage, type Image, type ImageArrays, PAGE_BYTES } from './image.ts'
import type { Manifest } from './manifest.ts'

const { subtle } = webcrypto
const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Blocks in work at a time: libuv's pool has four threads. */
const LANES = 4

/**
 * Restoring counts, not the disk: against level 1 a file is a fifth larger (against 3 a third) and is
 * decompressed in two thirds of the time.
 */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: -3 } }

/** What a file holds. */
export interface Snapshot {
  readonly image: Image
  readonly manifest: Manifest
}

/**
 * The file for `image` under `key` (64 hex digits). Runs are stored in this machine's byte order,
 * which is little-endian wherever WebAssembly runs in practice. Rejects with a RangeError when the
 * header would be too long.
 */
export async function encodeSnapshot(
  image: Image,
  key: string,
  manifest: Manifest
): Promise<Buffer<ArrayBuffer>> {
  const plain = Buffer.concat([image.pages, bytesOf(image.runs), image.files])
  const blocks = await inLanes(Math.ceil(plain.length / BLOCK_BYTES), (index) =>
    compress(plain.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES), COMPRESSION)
  )
  const payload = Buffer.concat(blocks)
  const header = writeHeader({
    format: FORMAT_VERSION,
    key,
    id: image.id,
    memoryBytes: image.memoryBytes,
    pageCount: image.pages.length / PAGE_BYTES,
    runCount: image.runs.length / 2,
    fileBytes: image.files.length,
    blocks: blocks.map((block) => block.length),
    payloadHash: await sha256(payload),
    code: image.code,
    state: image.state,
    report: image.report,
    manifest
  })
  return Buffer.concat([header, payload])
}

/**
 * Reads a whole file; `name` is what errors call it. Rejects with SnapshotRejected: CORRUPT when
 * any bit is not as it was written or any value is impossible, VERSION when the format is another,
 * FOREIGN when it was made for another key. Whether the manifest still holds is not asked.
 */
export async function decodeSnapshot(
  bytes: Buffer,
  key: string,
  name: string = key
): Promise<Snapshot> {
  const prelude = readPrelude(bytes.subarray(0, PRELUDE_BYTES), name)
  const payloadAt = PRELUDE_BYTES + prelude.headerBytes
  const header = readHeader(bytes.subarray(PRELUDE_BYTES, payloadAt), prelude, key, name)
  const payload = bytes.subarray(payloadAt)
  if (payload.length !== payloadBytes(header)) throw corrupt(name, 'it is truncated or too long')
  const arrays = allocate(header, name)
  // Both at a time, in other threads than this one.
  const inflating = inflate(payload, header, arrays).then(
    () => undefined,
    (error: unknown) => error ?? new Error('unknown')
  )
  const intact = (await sha256(payload)) === header.payloadHash
  const failure = await inflating
  if (!intact) throw corrupt(name, 'its content does not match its checksum')
  if (failure !== undefined) throw corrupt(name, 'its content cannot be decompressed', failure)
  const fault = faultOfRuns(arrays.runs, header)
  if (fault !== undefined) throw corrupt(name, fault)
  const { id, code, state, report, memoryBytes, manifest } = header
  return { image: { id, code, state, report, memoryBytes, ...arrays }, manifest }
}

function allocate(header: Header, name: string): ImageArrays {
  try {
    return allocateImage(header.pageCount, header.runCount, header.fileBytes)
  } catch (cause) {
    throw corrupt(name, `it needs ${imageBytes(header)} bytes of memory`, cause)
  }
}

async function inflate(payload: Buffer, header: Header, arrays: ImageArrays): Promise<void> {
  const target = new Uint8Array(arrays.pages.buffer)
  const starts: number[] = []
  let at = 0
  for (const length of header.blocks) {
    starts.push(at)
    at += length
  }
  await inLanes(header.blocks.length, async (index) => {
    const start = starts[index] ?? 0
    const block = payload.subarray(start, start + (header.blocks[index] ?? 0))
    const expected = Math.min(BLOCK_BYTES, target.length - index * BLOCK_BYTES)
    // A little more room than needed, or zlib takes a second chunk of that size to find the end.
    const plain = await decompress(block, { chunkSize: expected + 64, maxOutputLength: expected })
    if (plain.length !== expected) throw new Error(`block ${index} has ${plain.length} bytes`)
    target.set(plain, index * BLOCK_BYTES)
  })
}

/** What is wrong with the runs, if anything: restoring writes wherever they say. */
function faultOfRuns(runs: Uint32Array, header: Header): string | undefined {
  const pagesOfMemory = header.memoryBytes / PAGE_BYTES
  let end = 0
  let sum = 0
  for (let at = 0; at < runs.length; at += 2) {
    const first = runs[at] ?? 0
    const count = runs[at + 1] ?? 0
    if (first < end || count === 0) return 'its runs are not in order'
    end = first + count
    sum += count
    if (end > pagesOfMemory) return 'its runs leave the memory'
  }
  return sum === header.pageCount ? undefined : 'its runs and its pages differ in number'
}

/** In lower-case hex. */
async function sha256(bytes: Buffer): Promise<string> {
  return Buffer.from(await subtle.digest('SHA-256', bytes as Buffer<ArrayBuffer>)).toString('hex')
}

function bytesOf(runs: Uint32Array<SharedArrayBuffer>): Uint8Array {
  return new Uint8Array(runs.buffer, runs.byteOffset, runs.byteLength)
}

/** Does `count` pieces of work, a few at a time. Rejects with the first failure. */
async function inLanes<Result>(
  count: number,
  work: (index: number) => Promise<Result>
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return results
}
