// Clients that send what they should not: each is refused with a status, and the server goes on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { open } from './connection.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const DATA = temporaryFolder()
const BODY_LIMIT = 100_000

const test = suite<{ server: TestServer }>('bad input')

test.before(async (context) => {
  const args = [testApp('reading.py'), '--workers', '1', '--data-dir', DATA]
  context.server = await serve([...args, '--body-limit', String(BODY_LIMIT)])
})
test.after(({ server }) => server.close())

const chunked = { 'transfer-encoding': 'chunked' }

test(
  'a body as large as the limit is read, announced or chunked',
  within(LIMIT_MS, async ({ server }) => {
    const body = Buffer.alloc(BODY_LIMIT, 'x')

    const announced = await server.request('/announced', { method: 'POST', body })
    const inChunks = await server.request('/chunked', { method: 'POST', body, headers: chunked })

    assert.is(announced.text, `read ${BODY_LIMIT}\n`)
    assert.is(inChunks.text, `read ${BODY_LIMIT}\n`)
  })
)

test(
  'a larger one that is announced is a 413, and the application never runs',
  within(LIMIT_MS, async ({ server }) => {
    const connection = open(server.url)
    connection.send(
      `POST /never HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY_LIMIT + 1}\r\n\r\nonly the start`
    )

    const [reply] = await connection.seen(/^HTTP\/1\.1 413 [\s\S]*WASGI_ERR_BODY_TOO_LARGE/)
    connection.socket.destroy()

    assert.match(reply, /\r\nconnection: close\r\n/i)
    assert.is((await server.request('/ignore')).status, 200)
    assert.not.match(await server.caughtUp(), /reading \/never/)
  })
)

test(
  'a larger one that is chunked is a 413 once the application has read too much',
  within(LIMIT_MS, async ({ server }) => {
    const body = Buffer.alloc(BODY_LIMIT + 1, 'x')

    const reply = await server.request('/too-large', { method: 'POST', body, headers: chunked })

    assert.is(reply.status, 413)
    assert.is(reply.text, '413 Payload Too Large\nWASGI_ERR_BODY_TOO_LARGE\n')
    await server.logged(/noted \/too-large BodyTooLarge/)
  })
)

test(
  'it is a 413 also where the application turns the failure into a 500 of its own',
  within(LIMIT_MS, async ({ server }) => {
    const body = Buffer.alloc(BODY_LIMIT + 1, 'x')

    const reply = await server.request('/swallow', { method: 'POST', body, headers: chunked })

    assert.is(reply.status, 413)
    assert.match(readFileSync(join(DATA, 'notes'), 'utf8'), /^\/swallow swallowed BodyTooLarge$/m)
  })
)

test(
  'a body that nobody reads does not spoil the next request on the connection',
  within(LIMIT_MS, async ({ server }) => {
    const connection = open(server.url)
    const body = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

    connection.send(
      `POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        'GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    )
    const replies = await connection.closed

    assert.is(replies.match(/HTTP\/1\.1 200 OK/g)?.length, 2)
    assert.match(replies, /nothing was read\n[\s\S]*read 0\n/)
    assert.not.match(await server.caughtUp(), /smuggled/)
  })
)

const malformed: ReadonlyArray<readonly [what: string, request: string]> = [
  ['a line that is no request', 'this is not HTTP\r\n\r\n'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
  ['a header name with a space', 'GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n'],
  ['a length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n'],
  ['a negative length', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
  [
    'two lengths that differ',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'
  ],
  [
    'both a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
  ],
  ['no Host in HTTP/1.1', 'GET / HTTP/1.1\r\n\r\n'],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n']
]
for (const [what, request] of malformed) {
  test(
    `${what} is a 400`,
    within(LIMIT_MS, async ({ server }) => {
      const connection = open(server.url)

      connection.send(request)
      const reply = await connection.closed

      assert.match(reply, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.is(reply.match(/HTTP\/1\.1/g)?.length, 1)
      assert.is((await server.request('/ignore')).status, 200)
    })
  )
}

test(
  'chunks that are malformed fail the read, and the worker is free again',
  within(LIMIT_MS, async ({ server }) => {
    const connection = open(server.url)
    const head = 'POST /bad-chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'

    connection.send(`${head}5\r\nhello\r\n`)
    await server.logged(/reading \/bad-chunks/)
    connection.send('this is no length\r\n')
    await connection.closed

    await server.logged(/noted \/bad-chunks \w+ \(OSError\)/)
    assert.is((await server.request('/ignore')).status, 200)
  })
)

test(
  'a head that is too large is a 431',
  within(LIMIT_MS, async ({ server }) => {
    const connection = open(server.url)

    connection.send(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(100_000)}\r\n\r\n`)

    assert.match(await connection.closed, /^HTTP\/1\.1 431 /)
    assert.is((await server.request('/ignore')).status, 200)
  })
)

test.run()
