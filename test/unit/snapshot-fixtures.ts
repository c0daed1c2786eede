// Small images made by hand, folders that are removed again, and forged snapshot files.

import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { PRELUDE_BYTES } from '../../src/snapshot/header.ts'
import { allocateImage, type Image, PAGE_BYTES } from '../../src/snapshot/image.ts'
import type { RejectionCode, SnapshotRejected } from '../../src/snapshot/rejected.ts'

export const KEY: string = 'a1'.repeat(32)

/** A key of one digit, repeated. */
export const keyOf = (digit: string): string => digit.repeat(64)

/** Where a store in `folder` keeps the snapshot of `key`. */
export function fileOf(folder: string, key: string = KEY): string {
  return join(folder, `${key}.snapshot`)
}

/** An image whose pages hold noise, or `fill` everywhere; runs are [first page, count] pairs. */
export function imageOf(
  runs: readonly number[] = [0, 1, 3, 2, 15, 1],
  options: { readonly fill?: number; readonly memoryBytes?: number } = {}
): Image {
  const count = runs.reduce((sum, each, at) => sum + (at % 2 === 1 ? each : 0), 0)
  const arrays = allocateImage(count, runs.length / 2, 1000)
  arrays.runs.set(runs)
  if (options.fill === undefined) arrays.pages.set(randomBytes(count * PAGE_BYTES))
  else arrays.pages.fill(options.fill)
  arrays.files.set(randomBytes(1000))
  return {
    id: randomBytes(16).toString('hex'),
    state: '{"what":"the realm held, ✓"}',
    report: {
      createdAt: '2026-07-01T12:00:00.000Z',
      target: 'app.py:application',
      callable: 'application',
      modules: [{ name: 'flask', bytes: 1_000_000 }],
      variables: [{ name: 'SECRET_KEY', where: '/app/app.py:3' }],
      random: [{ where: '/app/app.py:9', count: 2 }],
      openFiles: ['/app/data'],
      inMemoryFiles: [{ path: '/tmp/x', bytes: 1000 }],
      warmup: ['GET /']
    },
    memoryBytes: options.memoryBytes ?? 65_536,
    code: [{ script: 'pyodide.mjs', at: 900, bytes: 100 }],
    ...arrays
  }
}

/** A folder that `remove` removes with all that is in it. */
export function temporaryFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'wasgi-test-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The file with another header and, where given, another payload; all checksums are right. */
export function forge(
  bytes: Buffer,
  change: (header: Record<string, unknown>) => void,
  payload: Buffer = bytes.subarray(PRELUDE_BYTES + bytes.readUInt32LE(12))
): Buffer {
  const headerBytes = bytes.readUInt32LE(12)
  const json = bytes.toString('utf8', PRELUDE_BYTES, PRELUDE_BYTES + headerBytes)
  const header = JSON.parse(json) as Record<string, unknown>
  header.payloadHash = hash('sha256', payload)
  change(header)
  return seal(bytes, Buffer.from(JSON.stringify(header)), payload)
}

/** A file of these parts, with the length and the checksum of its header put right. */
export function seal(prelude: Buffer, json: Buffer, payload: Buffer): Buffer {
  const start = Buffer.from(prelude.subarray(0, PRELUDE_BYTES))
  start.writeUInt32LE(json.length, 12)
  hash('sha256', json, 'buffer').copy(start, 16)
  return Buffer.concat([start, json, payload])
}

/** Fails unless the promise rejects with that code; gives the error. */
export async function rejection(
  promise: Promise<unknown>,
  code: RejectionCode | 'WASGI_ERR_SNAPSHOT_UNSAVED',
  about = ''
): Promise<SnapshotRejected> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason as SnapshotRejected
  )
  assert.is((error as SnapshotRejected).code, code, `${about}: ${error.message}`)
  return error as SnapshotRejected
}
