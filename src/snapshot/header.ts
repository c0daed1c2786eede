// The part of a snapshot file before its payload: a fixed prelude, then JSON. It is read as if a
// stranger had written it: until `readHeader` returns, no length in it is believed.
//
//   offset  0  "WASGISNP"
//           8  u32 LE  version of the format
//          12  u32 LE  bytes of the header
//          16  SHA-256 of the header
//          48  header, JSON in UTF-8
//           …  payload, as `blocks` of the header says (file.ts)

import { hash } from 'node:crypto'
import { type CodePlace, type ImageReport, PAGE_BYTES } from './image.ts'
import { isManifest, type Manifest } from './manifest.ts'
import { SnapshotRejected } from './rejected.ts'
import { isCount, isHex, isListOf, isShape, isText } from './shape.ts'

/** Raised by every change of the format that older code would misread. */
export const FORMAT_VERSION = 2

export const PRELUDE_BYTES = 48

/** Bytes of an image that are compressed on their own, but for the last such block. */
export const BLOCK_BYTES: number = 2 << 20

const MAGIC = Buffer.from('WASGISNP', 'latin1')
const GIB = 2 ** 30
const MEMORY_LIMIT_BYTES = 4 * GIB
const FILES_LIMIT_BYTES = 4 * GIB
const HEADER_LIMIT_BYTES = 64 << 20
const WASM_PAGE_BYTES = 65_536

/** What the JSON holds. */
export interface Header {
  readonly format: number
  /** Of the store (key.ts), hex. */
  readonly key: string
  readonly id: string
  readonly memoryBytes: number
  readonly pageCount: number
  readonly runCount: number
  readonly fileBytes: number
  /** Compressed bytes of each block of the payload. */
  readonly blocks: readonly number[]
  /** SHA-256 of the compressed payload, hex. */
  readonly payloadHash: string
  readonly code: readonly CodePlace[]
  readonly state: string
  readonly report: ImageReport
  readonly manifest: Manifest
}

/** A header's size and checksum, before it is read. */
export interface Prelude {
  readonly headerBytes: number
  /** SHA-256 of the header, hex. */
  readonly headerHash: string
}

const isReport = isShape({
  createdAt: isText,
  target: isText,
  callable: isText,
  modules: isListOf(isShape({ name: isText, bytes: isCount })),
  variables: isListOf(isShape({ name: isText, where: isText })),
  random: isListOf(isShape({ where: isText, count: isCount })),
  openFiles: isListOf(isText),
  inMemoryFiles: isListOf(isShape({ path: isText, bytes: isCount })),
  warmup: isListOf(isText)
})

const isHeader = isShape({
  format: (value) => value === FORMAT_VERSION,
  key: isHex(64),
  id: isHex(32),
  memoryBytes: isCount,
  pageCount: isCount,
  runCount: isCount,
  fileBytes: isCount,
  blocks: isListOf(isCount),
  payloadHash: isHex(64),
  code: isListOf(isShape({ script: isText, at: isCount, bytes: isCount })),
  state: isText,
  report: isReport,
  manifest: isManifest
})

/** Bytes of an image with these counts, as allocateImage() lays it out. */
export function imageBytes(counts: Pick<Header, 'pageCount' | 'runCount' | 'fileBytes'>): number {
  const { pageCount, runCount, fileBytes } = counts
  return pageCount * PAGE_BYTES + runCount * 2 * Uint32Array.BYTES_PER_ELEMENT + fileBytes
}

/** Bytes of the payload that follows this header. */
export function payloadBytes(header: Header): number {
  return header.blocks.reduce((sum, bytes) => sum + bytes, 0)
}

/** The prelude and the header, as the start of a file. Throws a RangeError when it is too long. */
export function writeHeader(header: Header): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  if (json.length > HEADER_LIMIT_BYTES) throw new RangeError('the header is too long')
  const bytes = Buffer.alloc(PRELUDE_BYTES + json.length)
  MAGIC.copy(bytes)
  bytes.writeUInt32LE(FORMAT_VERSION, 8)
  bytes.writeUInt32LE(json.length, 12)
  hash('sha256', json, 'buffer').copy(bytes, 16)
  json.copy(bytes, PRELUDE_BYTES)
  return bytes
}

/**
 * Reads the first PRELUDE_BYTES of a file called `name`. Throws SnapshotRejected (CORRUPT) when
 * they are not a snapshot's or too few, (VERSION) when the format is another.
 */
export function readPrelude(bytes: Buffer, name: string): Prelude {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt(name, 'it is not a snapshot')
  if (bytes.length < PRELUDE_BYTES) throw corrupt(name, 'it is truncated')
  const version = bytes.readUInt32LE(8)
  if (version !== FORMAT_VERSION) {
    const reason = `format ${version}, this wasgi reads ${FORMAT_VERSION}`
    throw new SnapshotRejected('WASGI_ERR_SNAPSHOT_VERSION', name, reason)
  }
  const headerBytes = bytes.readUInt32LE(12)
  if (headerBytes > HEADER_LIMIT_BYTES) throw corrupt(name, 'its header is too long')
  return { headerBytes, headerHash: bytes.toString('hex', 16, PRELUDE_BYTES) }
}

/**
 * Reads the JSON that follows `prelude`: `json` is `prelude.headerBytes` long, or shorter when the
 * file is. Throws SnapshotRejected, with CORRUPT for anything that is not as it was written or not
 * possible, FOREIGN when it was made for another key.
 */
export function readHeader(json: Buffer, prelude: Prelude, key: string, name: string): Header {
  if (json.length !== prelude.headerBytes) throw corrupt(name, 'it is truncated')
  if (hash('sha256', json) !== prelude.headerHash) {
    throw corrupt(name, 'its header does not match its checksum')
  }
  const header = parse(json, name)
  const fault = faultOf(header)
  if (fault !== undefined) throw corrupt(name, fault)
  if (header.key !== key) {
    const reason = `it was made for another application or version (key ${header.key})`
    throw new SnapshotRejected('WASGI_ERR_SNAPSHOT_FOREIGN', name, reason)
  }
  return header
}

function parse(json: Buffer, name: string): Header {
  let value: unknown
  try {
    value = JSON.parse(json.toString('utf8'))
  } catch (cause) {
    throw corrupt(name, 'its header is not JSON', cause)
  }
  if (!isHeader(value)) throw corrupt(name, 'its header is not of the known form')
  return value as Header
}

/** What is impossible about the sizes, if anything. Keeps every later sum within a double. */
function faultOf(header: Header): string | undefined {
  const { memoryBytes, pageCount, runCount, fileBytes, blocks } = header
  if (memoryBytes % WASM_PAGE_BYTES !== 0 || memoryBytes > MEMORY_LIMIT_BYTES) {
    return `${memoryBytes} bytes of memory are impossible`
  }
  if (pageCount > memoryBytes / PAGE_BYTES) return 'it has more pages than its memory'
  if (runCount > pageCount) return 'it has more runs than pages'
  if (header.code.some(({ at, bytes }) => at + bytes > fileBytes)) {
    return 'a code cache lies outside of its files'
  }
  if (fileBytes > FILES_LIMIT_BYTES) return `${fileBytes} bytes of files are too many`
  if (blocks.length !== Math.ceil(imageBytes(header) / BLOCK_BYTES)) {
    return 'its blocks do not add up'
  }
  // What does not compress grows by well under a hundredth; so no block is longer than two.
  if (blocks.some((bytes) => bytes > 2 * BLOCK_BYTES)) return 'one of its blocks is too long'
  return undefined
}

/** The error for a file that is damaged or was never right. */
export function corrupt(name: string, reason: string, cause?: unknown): SnapshotRejected {
  const options = cause === undefined ? {} : { cause }
  return new SnapshotRejected('WASGI_ERR_SNAPSHOT_CORRUPT', name, reason, options)
}
