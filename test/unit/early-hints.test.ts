// Interim responses on the server's side, over real connections of both versions of HTTP.
import { once } from 'node:events'
import http from 'node:http'
import http2, { type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Exchange } from '../../src/dispatch/exchange.ts'
import { sendEarlyHints } from '../../src/server/early-hints.ts'
import { open } from '../e2e/connection.ts'
import { within } from './within.ts'

const LIMIT_MS = 60_000
const HINTS = ['Link', '</a>; rel=preload', 'X-Other', 'caf\xe9', 'Link', '</b>; rel=preload']

const test = suite('sending early hints')

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What a client of HTTP/2 gets for one request: interim heads, then the head. */
async function received(url: string): Promise<IncomingHttpHeaders[]> {
  const session = http2.connect(url)
  const stream = session.request({ ':path': '/' })
  const heads: IncomingHttpHeaders[] = []
  stream.on('headers', (headers) => heads.push(headers))
  stream.on('response', (headers) => heads.push(headers))
  stream.resume()
  await once(stream, 'end')
  session.close()
  return heads
}

test(
  'HTTP/2 gets a head of its own for each, with repeated names in order',
  within(LIMIT_MS, async () => {
    const server = http2.createServer((_request, response) => {
      sendEarlyHints(response, HINTS)
      sendEarlyHints(response, ['Link', '</c>; rel=preload'])
      response.end('body')
    })
    const heads = await received(await listening(server))
    server.close()

    const [first, second, final] = heads
    assert.is(heads.length, 3)
    assert.is(first?.[':status'], 103)
    assert.is(String(first?.link), '</a>; rel=preload, </b>; rel=preload')
    assert.is(first?.['x-other'], 'caf\xe9')
    assert.is(second?.[':status'], 103)
    assert.is(second?.link, '</c>; rel=preload')
    assert.is(final?.[':status'], 200)
  })
)

test(
  'HTTP/2 gets none after the head, none of the connection’s headers, and none that is malformed',
  within(LIMIT_MS, async () => {
    const server = http2.createServer((_request, response) => {
      sendEarlyHints(response, ['Connection', 'close'])
      sendEarlyHints(response, [':status', '200'])
      sendEarlyHints(response, ['Link', 'a\nb'])
      sendEarlyHints(response, ['Content-Length', '4'])
      response.write('body')
      sendEarlyHints(response, HINTS)
      response.end()
    })
    const heads = await received(await listening(server))
    server.close()

    assert.equal(
      heads.map((head) => head[':status']),
      [200]
    )
  })
)

test(
  'a stream of HTTP/2 that its client has reset is no failure',
  within(LIMIT_MS, async () => {
    const reset = Promise.withResolvers<void>()
    const server = http2.createServer((_request, response) => {
      response.stream.on('error', () => {})
      response.stream.once('close', () => {
        sendEarlyHints(response, HINTS)
        reset.resolve()
      })
      response.stream.once('aborted', () => sendEarlyHints(response, HINTS))
    })
    const session = http2.connect(await listening(server))
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    await once(stream, 'ready')
    await new Promise((resolve) => session.ping(resolve))

    stream.close(http2.constants.NGHTTP2_CANCEL)
    await reset.promise

    session.close()
    server.close()
  })
)

test(
  'HTTP/1.1 gets none once the head is out',
  within(LIMIT_MS, async () => {
    const server = http.createServer((_request, response) => {
      response.write('first, ')
      sendEarlyHints(response, HINTS)
      response.end('second')
    })
    const connection = open(await listening(server))

    connection.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const text = await connection.closed
    server.close()

    assert.match(text, /first, [\s\S]*second/)
    assert.not.match(text, /103/)
  })
)

test(
  'none gets between the bytes of an earlier response on the same connection',
  within(LIMIT_MS, async () => {
    const first = Promise.withResolvers<http.ServerResponse>()
    const server = http.createServer((request, response) => {
      if (request.url === '/first') {
        response.write('half, ')
        first.resolve(response)
        return
      }
      sendEarlyHints(response, HINTS)
      response.end('second')
      void first.promise.then((earlier) => earlier.end('whole'))
    })
    const connection = open(await listening(server))

    connection.send(
      'GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    )
    const text = await connection.closed
    server.close()

    assert.not.match(text, /103/)
    assert.match(text, /half, [\s\S]*whole[\s\S]*HTTP\/1\.1 200 OK[\s\S]*second/)
  })
)

test(
  'a client that reads nothing is sent no more than its connection holds',
  within(LIMIT_MS, async () => {
    const waiting = Promise.withResolvers<number>()
    const server = http.createServer((_request, response) => {
      // As the last bytes of an earlier response would: more than the system takes at once.
      response.socket?.write(Buffer.alloc(64 * 2 ** 20))
      const before = response.socket?.writableLength ?? 0
      sendEarlyHints(response, HINTS)
      waiting.resolve((response.socket?.writableLength ?? 0) - before)
    })
    const connection = open(await listening(server))
    connection.socket.pause()
    connection.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')

    const added = await waiting.promise

    connection.socket.destroy()
    server.close()
    assert.is(added, 0)
  })
)

test('those that come after the head, or for a client that is gone, are not passed on', () => {
  const passed: string[] = []
  const exchangeOf = (id: number): Exchange => {
    const request = { head: '', body: undefined, source: undefined, label: 'GET /' }
    const exchange = new Exchange(id, request, () => {})
    exchange.onHints = (fields) => passed.push(`${id}: ${fields.join(', ')}`)
    return exchange
  }
  const hints = (exchange: Exchange): void => {
    exchange.receive({ kind: 'hints', id: exchange.id, lines: 'Link\n</a>' })
  }
  const [streamed, whole, gone] = [exchangeOf(1), exchangeOf(2), exchangeOf(3)]
  gone.response.catch(() => {})

  hints(streamed)
  streamed.receive({ kind: 'head', id: 1, head: '200 OK', chunk: new Uint8Array() })
  whole.receive({ kind: 'whole', id: 2, head: '200 OK', body: '' })
  gone.cancel()
  for (const exchange of [streamed, whole, gone]) hints(exchange)

  assert.equal(passed, ['1: Link, </a>'])
})

test.run()
