// `Expect: 100-continue`: the client asks to be told that its body is wanted.
import * as assert from 'uvu/assert'
import { request } from '../http1-text.ts'
import type { Row, Wire } from '../row.ts'

const section = 'The connection'
const CONTINUE = 'RFC 9110, 10.1.1'
const EXPECT = 'Expect: 100-continue'

/** The head of a request whose body of five bytes is held back. */
function held(wire: Wire, app: string, ...lines: readonly string[]): string {
  const framing = lines.some((line) => line.startsWith('Transfer-Encoding'))
    ? []
    : ['Content-Length: 5']
  return request(wire, app, { method: 'POST', lines: [EXPECT, ...framing, ...lines] })
}

export const rows: readonly Row[] = [
  {
    section,
    promise:
      'a client that waits to be told to send its body is told so when the application reads',
    source: CONTINUE,
    traps: [13],
    raw: true,
    check: async (wire) => {
      for (const line of ['X-Plain: 1', 'Transfer-Encoding: chunked', 'X-Read: [["readline"]]']) {
        const connection = await wire.connect()
        connection.write(held(wire, 'reading', line))
        await connection.until('HTTP/1.1 100 Continue\r\n\r\n')
        connection.write(line.startsWith('Transfer') ? '5\r\nhello\r\n0\r\n\r\n' : 'hello')
        const { status, interim, body } = await connection.answer()
        connection.destroy()

        assert.is(status, 200, line)
        assert.equal(JSON.parse(body.toString()), ['hello'])
        assert.equal(interim, [{ status: 100, reason: 'Continue', headers: [] }])
      }
    }
  },
  {
    section,
    promise: '100-continue is understood in any case',
    source: CONTINUE,
    traps: [13],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const lines = ['expect: 100-CONTINUE', 'Content-Length: 5']
      connection.write(request(wire, 'reading', { method: 'POST', lines }))
      await connection.until('HTTP/1.1 100 Continue\r\n\r\n')
      connection.write('hello')
      const { status } = await connection.answer()
      connection.destroy()

      assert.is(status, 200)
    }
  },
  {
    section,
    promise: 'an application that does not read sends no 100, only its response',
    source: CONTINUE,
    traps: [13],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(held(wire, 'mirror'))
      const { status, interim } = await connection.answer()
      connection.destroy()

      assert.is(status, 200)
      assert.equal(interim, [])
    }
  },
  {
    section,
    promise: 'a body that nobody asked for is no request, whether it comes or not',
    source: `${CONTINUE}; RFC 9112, 9.3`,
    traps: [11, 13],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const smuggled = `GET ${wire.prefix}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n`
      const lines = [EXPECT, `Content-Length: ${smuggled.length}`]
      connection.write(request(wire, 'mirror', { method: 'POST', lines }))
      await connection.answer()

      connection.write(smuggled)
      connection.write(request(wire, 'mirror', { lines: ['Connection: close'] }))
      await connection.closed()
      connection.destroy()

      const strays = (await wire.journal()).filter((note) => note !== 'mirror')
      assert.equal(strays, [])
    }
  },
  {
    section,
    promise: 'no 100 comes once the response has begun',
    source: CONTINUE,
    traps: [13],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(held(wire, 'reading_late'))
      await connection.until('reading;')
      connection.write('hello')
      const { body } = await connection.answer()
      const text = await connection.until('')
      connection.destroy()

      assert.is(body.toString(), 'reading;[hell][o]')
      assert.is(text.indexOf('HTTP/1.1', text.indexOf('HTTP/1.1 200 ') + 1), -1)
    }
  },
  {
    section,
    promise: 'asking for nothing of a body is reading it, too',
    source: 'mod_wsgi: the first read, of 0 bytes as well',
    traps: [13],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(held(wire, 'reading_nothing'))
      const { status, interim } = await connection.answer()
      connection.destroy()

      assert.is(status, 200)
      assert.equal(
        interim.map((head) => head.status),
        [100]
      )
    }
  },
  {
    section,
    promise: 'a client that says so and does not wait is served as any other',
    source: CONTINUE,
    traps: [13],
    check: async (wire) => {
      const headers = [['Expect', '100-continue']] as const
      for (const body of ['hello', 'x'.repeat(200_000)]) {
        const given = await wire.json({ app: 'reading', method: 'POST', headers, body })

        assert.equal(given, [body])
      }
    }
  },
  {
    section,
    promise: 'a request that expects to be told to go on, and has no body, is served as any other',
    source: CONTINUE,
    traps: [13],
    check: async (wire) => {
      const headers = [['Expect', '100-continue']] as const

      assert.equal(await wire.json({ app: 'reading', headers }), [''])
    }
  },
  {
    section,
    promise: 'a client of HTTP/1.0 gets no 100, whatever it expects',
    source: CONTINUE,
    traps: [13],
    raw: true,
    check: async (wire) => {
      for (const expected of [EXPECT, 'Expect: 200-ok', 'Expect: x, y']) {
        const connection = await wire.connect()
        const text = { version: '1.0', lines: [expected], body: 'hello' }

        connection.write(request(wire, 'reading', text))
        const { status, interim, body } = await connection.answer()
        connection.destroy()

        assert.is(status, 200, expected)
        assert.equal(interim, [])
        assert.equal(JSON.parse(body.toString()), ['hello'])
      }
    }
  },
  {
    section: 'What is refused',
    promise: 'an expectation that nobody here can meet is a 417',
    source: 'RFC 9110, 15.5.18',
    traps: [13],
    except: { http10: 'HTTP/1.0 has no expectations' },
    check: async (wire) => {
      for (const expected of ['200-ok', '100-continue, more', '100-continue;a=b', 'x']) {
        const headers = [['Expect', expected]] as const
        const { status, interim } = await wire.send({ app: 'mirror', headers })

        assert.is(status, 417, expected)
        assert.equal(interim, [])
      }
      assert.equal(await wire.journal(), [])
    }
  }
]
