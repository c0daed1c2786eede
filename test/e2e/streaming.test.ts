// Responses and requests that take their time: nothing is held back, and nothing piles up.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http, { type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { open } from './connection.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000
const DATA = temporaryFolder()

const test = suite<{ gated: TestServer; events: TestServer; reading: TestServer }>('streaming')

test.before(async (context) => {
  const shared = ['--workers', '1', '--data-dir', DATA, '--request-timeout', '0']
  const [gated, reading] = await Promise.all([
    serve([testApp('gated.py'), ...shared]),
    serve([testApp('reading.py'), ...shared])
  ])
  // Its sleep outlasts the test: nothing is to be waited for at the end.
  const events = await serve([example('streaming.py'), ...shared, '--shutdown-timeout', '0'])
  Object.assign(context, { gated, reading, events })
})
test.after(async ({ gated, events, reading }) => {
  await Promise.all([gated.close(), events.close(), reading.close()])
})

async function get(url: string): Promise<IncomingMessage> {
  const [response] = (await once(http.get(url, { agent: false }), 'response')) as [IncomingMessage]
  return response
}

for (const path of ['iterated', 'written']) {
  test(
    `a chunk is never held back for the next one (${path})`,
    within(LIMIT_MS, async ({ gated }) => {
      const response = await get(`${gated.url}/${path}?${path}`)

      let received = ''
      for await (const chunk of response) {
        received += chunk
        const last = /data: (\d)\n\n$/.exec(received)
        if (last !== null) writeFileSync(join(DATA, `${path}-${last[1]}`), '')
      }

      assert.is(received, [1, 2, 3, 4, 5].map((number) => `data: ${number}\n\n`).join(''))
    })
  )
}

test(
  'of many short streams, one after the other and at once, every one arrives whole',
  within(LIMIT_MS, async ({ events }) => {
    const texts: string[] = []

    for (let round = 0; round < 30; round++) {
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => events.request('/count?to=5'))
      )
      texts.push(...replies.map(({ text }) => text))
    }

    assert.is(texts.length, 300)
    assert.equal(new Set(texts), new Set(['1\n2\n3\n4\n5\n']))
  })
)

test(
  'an event arrives long before the next one is due',
  within(LIMIT_MS, async ({ events }) => {
    const response = await get(`${events.url}/events?count=2&every=86400`)

    const [first] = (await once(response, 'data')) as [Buffer]
    response.destroy()

    assert.match(String(first), /^id: 1\ndata: [\d:]{8}\n\n$/)
  })
)

test(
  'a slow upload is read as it comes',
  within(LIMIT_MS, async ({ reading }) => {
    const connection = open(reading.url)
    connection.send('PUT /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n')
    connection.send('x'.repeat(100_000))
    await reading.logged(/first piece of \/slow/)

    connection.send('x'.repeat(200_000))

    await connection.seen(/read 300000\n/)
    connection.socket.destroy()
  })
)

test(
  'a small body that is slow to come keeps no worker',
  within(LIMIT_MS, async ({ reading }) => {
    const connection = open(reading.url)
    connection.send('PUT /small HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello')

    const others = await Promise.all([1, 2, 3].map(() => reading.request('/ignore')))
    connection.send('world')

    assert.equal(
      others.map(({ status }) => status),
      [200, 200, 200]
    )
    await connection.seen(/read 10\n/)
    connection.socket.destroy()
  })
)

test(
  'a client that asks first whether it may send is told so',
  within(LIMIT_MS, async ({ reading }) => {
    const connection = open(reading.url)
    connection.send(
      'PUT /expecting HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'
    )
    await connection.seen(/^HTTP\/1\.1 100 Continue\r\n\r\n/)

    connection.send('hello')

    await connection.seen(/HTTP\/1\.1 200 OK[\s\S]*read 5\n/)
    connection.socket.destroy()
  })
)

for (const [kind, head] of [
  ['announced', 'Content-Length: 1000000'],
  ['chunked', 'Transfer-Encoding: chunked']
] as const) {
  test(
    `a client that leaves in the middle of its upload fails the read and frees the worker (${kind})`,
    within(LIMIT_MS, async ({ reading }) => {
      const connection = open(reading.url)
      const piece = 'x'.repeat(100_000)
      const start = kind === 'chunked' ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece
      connection.send(`PUT /left-${kind} HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${start}`)
      await reading.logged(new RegExp(`first piece of /left-${kind}`))

      connection.socket.destroy()

      await reading.logged(new RegExp(`noted /left-${kind} \\w+ \\(OSError\\)`))
      assert.is((await reading.request('/ignore')).status, 200)
      const notes = readFileSync(join(DATA, 'notes'), 'utf8')
      assert.is(notes.split('\n').filter((note) => note.startsWith(`/left-${kind}`)).length, 1)
    })
  )
}

test.run()
