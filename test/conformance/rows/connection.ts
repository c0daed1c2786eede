// The connection: which requests share one, and how it ends.
import * as assert from 'uvu/assert'
import { request } from '../http1-text.ts'
import type { Mirrored } from '../mirror.ts'
import type { Connection, Row, Wire } from '../row.ts'

const section = 'The connection'
const PERSISTENCE = 'RFC 9112, 9.3'
const BROKEN = 'what becomes of a broken connection, the server that mounts it says'

/** A request that nobody sent as one. */
function smuggled(wire: Wire): string {
  return `GET ${wire.prefix}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n`
}

/** Requires that the next answer is the mirror's, for this target. */
async function assertMirrors(connection: Connection, wire: Wire, target: string): Promise<void> {
  const { status, body } = await connection.answer()
  assert.is(status, 200, body.toString())
  const { text } = JSON.parse(body.toString()) as Mirrored
  assert.is(text.REQUEST_URI, `${wire.prefix}${target}`)
}

/** A body that nobody reads, or not all of, and then another request on the same connection. */
function leaves(
  promise: string,
  app: string,
  lines: readonly string[],
  bodyOf: (smuggled: string) => string
): Row {
  return {
    section,
    promise,
    source: PERSISTENCE,
    traps: [11],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const body = bodyOf(smuggled(wire))

      connection.write(request(wire, app, { method: 'POST', lines, body }))
      connection.write(request(wire, 'mirror', { target: '/next' }))
      const first = await connection.answer()

      assert.is(first.status, 200)
      await assertMirrors(connection, wire, '/next')
      const strays = (await wire.journal()).filter((note) => note !== 'mirror')
      assert.equal(strays, [])
      connection.destroy()
    }
  }
}

/** How often a request is repeated to fill a body of some hundred kilobytes. */
const MANY = 20_000
const CHUNKED = 'Transfer-Encoding: chunked'

function chunks(body: string): string {
  return `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'a connection of HTTP/1.1 is good for more than one request',
    source: PERSISTENCE,
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      for (const target of ['/1', '/2', '/3']) {
        connection.write(request(wire, 'mirror', { target }))
        await assertMirrors(connection, wire, target)
      }
      connection.destroy()
    }
  },
  {
    section,
    promise: 'requests that were sent at once are answered one after another, in their order',
    source: 'RFC 9112, 9.3.2',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const targets = Array.from({ length: 10 }, (_, index) => `/${index}`)

      connection.write(targets.map((target) => request(wire, 'mirror', { target })).join(''))

      for (const target of targets) await assertMirrors(connection, wire, target)
      connection.destroy()
    }
  },
  {
    section,
    promise: 'requests with bodies that were sent at once each have their own',
    source: 'RFC 9112, 9.3.2',
    traps: [11],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const bodies = ['one', smuggled(wire), 'x'.repeat(100_000), 'four']

      for (const [index, body] of bodies.entries()) {
        const isChunked = index % 2 === 1
        const lines = isChunked ? [CHUNKED] : []
        const text = isChunked ? chunks(body) : body
        connection.write(request(wire, 'reading', { method: 'POST', lines, body: text }))
      }

      for (const body of bodies) {
        const answer = await connection.answer()
        assert.equal(JSON.parse(answer.body.toString()), [body])
      }
      connection.destroy()
    }
  },
  leaves('a body that nobody reads is not the next request', 'mirror', [], (text) => text),
  leaves('nor is a large one, larger than all buffers', 'mirror', [], (text) => text.repeat(MANY)),
  leaves('nor one in chunks', 'mirror', [CHUNKED], chunks),
  leaves('nor a large one in chunks', 'mirror', [CHUNKED], (text) => chunks(text.repeat(MANY))),
  leaves('nor what was left of one', 'reading_some', [], (text) => `hello${text}`),
  leaves('nor what was left of a large one', 'reading_some', [], (text) => text.repeat(MANY)),
  leaves('nor what was left of one in chunks', 'reading_some', [CHUNKED], (text) =>
    chunks(`hello${text}`)
  ),
  {
    section,
    promise: 'a client that asks for it has its connection closed, and is told so',
    source: 'RFC 9112, 9.6',
    raw: true,
    check: async (wire) => {
      for (const value of ['close', 'Close', 'x, close']) {
        const connection = await wire.connect()
        connection.write(request(wire, 'mirror', { lines: [`Connection: ${value}`] }))
        const answer = await connection.answer()
        await connection.closed()
        connection.destroy()

        assert.is(answer.status, 200)
        assert.ok(/\bclose\b/i.test(answer.values('connection').join()), value)
      }
    }
  },
  {
    section,
    promise: 'what comes after the last request of a connection is not one',
    source: 'RFC 9112, 9.6: no further requests are processed',
    raw: true,
    except: { plugin: BROKEN },
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(request(wire, 'mirror', { lines: ['Connection: close'] }) + smuggled(wire))
      const text = await connection.closed()
      connection.destroy()

      assert.is(text.match(/HTTP\/1\.1 200 /g)?.length, 1)
      assert.equal(await wire.journal(), ['mirror'])
    }
  },
  {
    section,
    promise: 'what comes after a request that was refused is not one either',
    source: 'RFC 9112, 9.6',
    raw: true,
    check: async (wire) => {
      const refused = `GET ${wire.prefix}/ HTTP/1.1\r\nHost: a b\r\n${wire.pick('mirror')}\r\n`
      for (let tried = 0; tried < 10; tried++) {
        const connection = await wire.connect()
        connection.write(refused + smuggled(wire) + smuggled(wire))
        const text = await connection.closed()
        connection.destroy()

        assert.match(text, /^HTTP\/1\.1 400 /)
        assert.is(text.match(/HTTP\/1\.1 \d\d\d /g)?.length, 1)
      }
      assert.equal(await wire.journal(), [])
    }
  },
  {
    section,
    promise: 'a connection of HTTP/1.0 is closed after the response',
    source: PERSISTENCE,
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(request(wire, 'mirror', { version: '1.0' }))
      const text = await connection.closed()
      connection.destroy()

      assert.match(text, /^HTTP\/1\.[01] 200 /)
      assert.match(text, /\}$/)
    }
  },
  {
    section,
    promise: 'one of a client of HTTP/1.0 that asks for it is kept, and the client is told so',
    source: 'RFC 9112, C.2.2',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const lines = ['Connection: Keep-Alive']

      for (let asked = 0; asked < 2; asked++) {
        connection.write(request(wire, 'mirror', { version: '1.0', lines }))
        const { status, values } = await connection.answer()
        assert.is(status, 200)
        assert.ok(/\bkeep-alive\b/i.test(values('connection').join()))
      }
      connection.destroy()
    }
  },
  {
    section,
    promise: 'empty lines before a request are no part of it',
    source: 'RFC 9112, 2.2',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      for (let asked = 0; asked < 2; asked++) {
        connection.write(`\r\n\r\n${request(wire, 'mirror', { target: '/x' })}`)
        await assertMirrors(connection, wire, '/x')
      }
      connection.destroy()
    }
  },
  {
    section,
    promise: 'a request may come byte by byte',
    source: 'RFC 9112, 2.2',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      for (const byte of request(wire, 'reading', { lines: [CHUNKED], body: chunks('hello') })) {
        connection.write(byte)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const { status, body } = await connection.answer()
      connection.destroy()

      assert.is(status, 200)
      assert.equal(JSON.parse(body.toString()), ['hello'])
    }
  },
  {
    section,
    promise: 'a client that has closed its own side gets all its answers',
    source: 'RFC 9112, 9.6; TCP half-close',
    raw: true,
    except: { plugin: 'whether half-closed clients are served, the server that mounts it says' },
    check: async (wire) => {
      const connection = await wire.connect()
      connection.write(request(wire, 'reading', { body: 'x'.repeat(100_000) }))
      connection.write(request(wire, 'mirror', { target: '/1' }))
      connection.write(request(wire, 'mirror', { target: '/2' }))

      connection.end()

      const { status, body } = await connection.answer()
      assert.is(status, 200)
      assert.is(body.length, 100_004)
      await assertMirrors(connection, wire, '/1')
      await assertMirrors(connection, wire, '/2')
      await connection.closed()
      connection.destroy()
    }
  },
  {
    section,
    promise: 'a client that closes its side in the middle of a head has made no request',
    source: 'RFC 9112, 8',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(request(wire, 'mirror').slice(0, -2))
      connection.end()
      const text = await connection.closed()
      connection.destroy()

      assert.match(text, /^(HTTP\/1\.1 400 [\s\S]*)?$/)
      assert.equal(await wire.journal(), [])
    }
  },
  {
    section,
    promise: 'clients that are slow with their requests keep nobody else waiting',
    source: 'waitress, gunicorn: slow clients do not hold workers',
    raw: true,
    check: async (wire) => {
      const slow = await Promise.all([wire.connect(), wire.connect(), wire.connect()])
      const [head, body, idle] = slow
      head?.write('GET / HTTP/1.1\r\nHo')
      body?.write(request(wire, 'reading', { lines: ['Content-Length: 10'], body: 'hello' }))

      const other = await wire.send({ app: 'mirror' })
      body?.write('world')
      const late = await body?.answer()

      assert.is(other.status, 200)
      assert.equal(JSON.parse(String(late?.body)), ['helloworld'])
      for (const connection of [head, body, idle]) connection?.destroy()
    }
  }
]
