// Two GiB in and two GiB out: the server's memory grows by less than 64 MiB.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http, { type IncomingMessage } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example } from './places.ts'

const LIMIT_MS = 280_000
const LARGE = 2 * 1024 ** 3
const WARM_UP = 64 * 1024 ** 2
const ALLOWED = 64 * 1024 ** 2
const PIECE = Buffer.from(Array.from({ length: 65_536 }, (_, index) => index % 256))

const test = suite('large bodies')

/** Resident memory of the server, all of its threads included. */
function residentBytes({ pid }: TestServer): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

interface Transfer<Result> {
  readonly result: Result
  readonly grownBytes: number
  readonly seconds: number
}

/** The most the server has grown by during `transfer`, against what it was before. */
async function measured<Result>(
  server: TestServer,
  transfer: () => Promise<Result>
): Promise<Transfer<Result>> {
  const before = residentBytes(server)
  let most = before
  const sampler = setInterval(() => {
    most = Math.max(most, residentBytes(server))
  }, 50)
  const startedAt = performance.now()
  const result = await transfer()
  clearInterval(sampler)
  const seconds = (performance.now() - startedAt) / 1000
  return { result, grownBytes: Math.max(most, residentBytes(server)) - before, seconds }
}

async function upload(
  url: string,
  bytes: number,
  headers: http.OutgoingHttpHeaders
): Promise<string> {
  const request = http.request(url, { method: 'PUT', agent: false, headers })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  for (let sent = 0; sent < bytes; sent += PIECE.length) {
    if (!request.write(PIECE)) await once(request, 'drain')
  }
  request.end()
  const [response] = await answered
  return Buffer.concat(await response.toArray()).toString()
}

interface Received {
  readonly length: number
  readonly sha256: string
}

async function download(url: string): Promise<Received> {
  const [response] = (await once(http.get(url, { agent: false }), 'response')) as [IncomingMessage]
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    hash.update(chunk)
  }
  return { length, sha256: hash.digest('hex') }
}

function expected(bytes: number): Received {
  const hash = createHash('sha256')
  for (let length = 0; length < bytes; length += PIECE.length) hash.update(PIECE)
  return { length: bytes, sha256: hash.digest('hex') }
}

function report(what: string, { grownBytes, seconds }: Transfer<unknown>): void {
  const mebibytes = (grownBytes / 1024 ** 2).toFixed(1)
  console.log(`\n${what}: the server grew by ${mebibytes} MiB in ${seconds.toFixed(1)} s`)
}

test(
  'an upload of 2 GiB that is read in pieces stays out of memory and arrives as it was sent',
  within(LIMIT_MS, async () => {
    const limits = ['--body-limit', '3G', '--request-timeout', '0']
    const server = await serve([example('upload.py'), '--workers', '1', ...limits])
    try {
      await upload(server.url, WARM_UP, { 'content-length': WARM_UP })

      const headers = { 'content-length': LARGE }
      const transfer = await measured(server, () => upload(server.url, LARGE, headers))

      report('upload of 2 GiB', transfer)
      assert.equal(JSON.parse(transfer.result), expected(LARGE))
      assert.ok(transfer.grownBytes < ALLOWED, `${transfer.grownBytes} bytes`)
    } finally {
      await server.close()
    }
  })
)

test(
  'a response of 2 GiB from a generator stays out of memory and arrives as it was made',
  within(LIMIT_MS, async () => {
    const server = await serve([
      example('streaming.py'),
      '--workers',
      '1',
      '--request-timeout',
      '0'
    ])
    try {
      await download(`${server.url}/download?bytes=${WARM_UP}`)

      const transfer = await measured(server, () =>
        download(`${server.url}/download?bytes=${LARGE}`)
      )

      report('download of 2 GiB', transfer)
      assert.equal(transfer.result, expected(LARGE))
      assert.ok(transfer.grownBytes < ALLOWED, `${transfer.grownBytes} bytes`)
    } finally {
      await server.close()
    }
  })
)

test.run()
