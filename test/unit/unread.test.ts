// Bodies that nobody reads any more: how long a connection is kept for them.
import { once } from 'node:events'
import http, { type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boundUnread, type UnreadLimits } from '../../src/server/unread.ts'
import { within } from './within.ts'

const test = suite('bodies that nobody reads')

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\n'

interface Site {
  readonly server: Server
  readonly client: Socket
  /** The request, once it is answered. */
  readonly request: Promise<IncomingMessage>
}

async function site(): Promise<Site> {
  const server = http.createServer({ requestTimeout: 0 })
  const request = once(server, 'request').then(async ([raw, response]) => {
    response.end()
    await once(response, 'finish')
    return raw as IncomingMessage
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {}).resume()
  return { server, client, request }
}

function listeners(raw: IncomingMessage): readonly number[] {
  return [raw.listenerCount('end'), raw.socket.listenerCount('close')]
}

const CUT: ReadonlyArray<readonly [what: string, fields: string, limits: UnreadLimits]> = [
  ['does not arrive', 'Content-Length: 9', { bodyLimitBytes: 100, bodyTimeoutMs: 50 }],
  ['never ends', 'Transfer-Encoding: chunked', { bodyLimitBytes: 100, bodyTimeoutMs: 50 }]
]
for (const [what, fields, limits] of CUT) {
  test(
    `a rest that ${what} ends the connection`,
    within(60_000, async () => {
      const { server, client, request } = await site()
      client.write(`${HEAD}${fields}\r\n\r\n`)
      const raw = await request
      if (fields.startsWith('Transfer')) client.write(`100\r\n${'x'.repeat(256)}\r\n`)

      boundUnread(raw, limits)

      await once(client, 'close')
      server.close()
    })
  )
}

test(
  'what arrives earns the rest more time, as in a body that is read',
  within(60_000, async () => {
    const { server, client, request } = await site()
    client.write(`${HEAD}Content-Length: 50001\r\n\r\n`)
    const raw = await request
    let cut = false
    client.once('close', () => {
      cut = true
    })

    // 50,000 bytes are a hundred seconds.
    boundUnread(raw, { bodyLimitBytes: 1e6, bodyTimeoutMs: 100 })
    client.write(Buffer.alloc(50_000))
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.not(cut)
    client.write('x')
    await once(raw, 'end')

    client.destroy()
    server.close()
  })
)

test(
  'nothing is left of a client that is gone, before or after',
  within(60_000, async () => {
    const { server, client, request } = await site()
    const limits = { bodyLimitBytes: 100, bodyTimeoutMs: 15_000 }
    client.write(`${HEAD}Content-Length: 9\r\n\r\nx`)
    const raw = await request
    const before = listeners(raw)

    boundUnread(raw, limits)
    const during = listeners(raw)
    await new Promise((resolve) => {
      raw.socket.once('close', resolve)
      client.destroy()
    })
    const after = listeners(raw)
    boundUnread(raw, limits)

    assert.equal(during, [(before[0] ?? 0) + 1, (before[1] ?? 0) + 1])
    assert.equal(after[0], before[0])
    assert.equal(listeners(raw), after)
    server.close()
  })
)

test(
  'a request that came over no connection has none to lose',
  within(60_000, async () => {
    const app = Fastify()
    const listeners = Promise.withResolvers<number>()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.post('/', async ({ raw }, reply) => {
      reply.raw.once('finish', () => {
        boundUnread(raw, { bodyLimitBytes: 100, bodyTimeoutMs: 1 })
        listeners.resolve(raw.socket.listenerCount('close'))
      })
      return ''
    })
    const payload = new Readable({ read() {} })
    const headers = { 'content-type': 'a/b', 'content-length': '9' }

    const { statusCode } = await app.inject({ method: 'POST', url: '/', payload, headers })

    assert.equal([statusCode, await listeners.promise], [200, 0])
    await app.close()
  })
)

test.run()
