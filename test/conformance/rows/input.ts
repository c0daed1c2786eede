// wsgi.input: what reading a request body gives.
import { createHash } from 'node:crypto'
import * as assert from 'uvu/assert'
import { only } from '../mirror.ts'
import type { Ask, Row, Wire } from '../row.ts'

const section = 'The request body'
const PEP = 'PEP 3333, Input and Error Streams'

type Call = readonly [name: string, ...args: readonly unknown[]]

/** What each of these calls of wsgi.input gave, inside the validator unless it knows less than PEP 3333. */
async function reading(
  wire: Wire,
  body: string | readonly string[],
  calls: readonly Call[],
  validated = true
): Promise<unknown> {
  const whole: Partial<Ask> = typeof body === 'string' ? { body } : { chunks: body }
  const headers = [['X-Read', JSON.stringify(calls)]] as const
  return wire.json({ app: 'reading', method: 'POST', validated, headers, ...whole })
}

/** The same calls, of a body with a length and of one in chunks, where there are chunks. */
function readsAs(
  promise: string,
  body: string,
  calls: readonly Call[],
  expected: readonly unknown[],
  validated = true
): Row {
  return {
    section,
    promise,
    source: PEP,
    traps: [11],
    check: async (wire) => {
      assert.equal(await reading(wire, body, calls, validated), expected)
      if (wire.transport === 'http10') return
      const chunks = [body.slice(0, 1), body.slice(1, 4), body.slice(4)]
      const sent = chunks.filter((chunk) => chunk !== '')
      assert.equal(await reading(wire, sent, calls, validated), expected)
    }
  }
}

const EVERY_BYTE = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))
const LINE = 'x'.repeat(150_000)

/** A framing, and a start of such a body: `abcdef`, of which one read takes four. */
const BROKEN_OFF = [
  ['Content-Length: 200000\r\n', 'abcdef'],
  ['Transfer-Encoding: chunked\r\n', '6\r\nabcdef\r\n']
] as const

export const rows: readonly Row[] = [
  readsAs(
    'read(n) gives n bytes, the rest when it is less, and nothing at the end',
    'hello world',
    [
      ['read', 5],
      ['read', 1],
      ['read', 1000],
      ['read', 5],
      ['read', 5]
    ],
    ['hello', ' ', 'world', '', '']
  ),
  readsAs(
    'read() and read(-1) give everything that is left',
    'hello world',
    [['read', 6], ['read'], ['read'], ['read', -1]],
    ['hello ', 'world', '', ''],
    false
  ),
  readsAs(
    'read(-1) gives everything',
    'hello',
    [
      ['read', -1],
      ['read', -1]
    ],
    ['hello', '']
  ),
  readsAs(
    'read(0) gives nothing and takes nothing',
    'hello',
    [
      ['read', 0],
      ['read', 2],
      ['read', 0],
      ['read', 10]
    ],
    ['', 'he', '', 'llo']
  ),
  readsAs(
    'readline() gives a line with its end, the last one without',
    'one\n\r\ntwo\r\n\nthree',
    Array.from({ length: 7 }, () => ['readline'] as const),
    ['one\n', '\r\n', 'two\r\n', '\n', 'three', '', '']
  ),
  readsAs(
    'readline(n) gives no more than n bytes of a line, and the rest of it later',
    'abcdef\ngh\n',
    [
      ['readline', 4],
      ['readline', 0],
      ['readline', 4],
      ['readline', 2],
      ['readline', 4],
      ['readline', 4]
    ],
    ['abcd', '', 'ef\n', 'gh', '\n', '']
  ),
  readsAs(
    'readlines() gives all lines',
    'a\nb\n\nc',
    [['readlines'], ['readlines']],
    [['a\n', 'b\n', '\n', 'c'], []]
  ),
  readsAs(
    'readlines(hint) gives whole lines, and loses none',
    'aaaa\nbbbb\ncccc\n',
    [
      ['readlines', 6],
      ['readlines', 100]
    ],
    [['aaaa\n', 'bbbb\n'], ['cccc\n']]
  ),
  readsAs(
    'a loop over the input gives its lines',
    'a\nb\nc',
    [['readline'], ['iterate'], ['iterate']],
    ['a\n', ['b\n', 'c'], []]
  ),
  readsAs(
    'different ways to read share one place in the body',
    'ab\ncdef\ngh\nrest',
    [['read', 1], ['readline'], ['readline', 2], ['readlines', 1], ['iterate'], ['read', 1]],
    ['a', 'b\n', 'cd', ['ef\n'], ['gh\n', 'rest'], '']
  ),
  readsAs('every byte comes as it is', EVERY_BYTE, [['read', 1000]], [EVERY_BYTE]),
  readsAs(
    'a line may be longer than any buffer, and read in parts',
    `${LINE}\n${LINE}\nend`,
    [['readline', 70_000], ['readline'], ['readline'], ['readline']],
    [LINE.slice(0, 70_000), `${LINE.slice(70_000)}\n`, `${LINE}\n`, 'end']
  ),
  readsAs(
    'an empty body is at its end',
    '',
    [['read', 5], ['readline'], ['readlines']],
    ['', '', []]
  ),
  {
    section,
    promise: 'a request without a body has an input that is at its end, whatever its method',
    source: PEP,
    traps: [11],
    check: async (wire) => {
      const headers = [['X-Read', '[["read", 5], ["readline"], ["iterate"]]']] as const

      for (const method of ['GET', 'DELETE', 'POST', 'PUT', 'OPTIONS']) {
        const given = await wire.json({ app: 'reading', validated: true, method, headers })
        assert.equal(given, ['', '', []], method)
      }
    }
  },
  {
    section,
    promise: 'whatever its method is, a request may have a body',
    source: 'RFC 9110, 9.3; PEP 3333',
    traps: [11],
    check: async (wire) => {
      for (const method of ['GET', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']) {
        const given = await wire.json({ app: 'reading', validated: true, method, body: 'hello' })
        assert.equal(given, ['hello'], method)
      }
      await wire.send({ app: 'reading', validated: true, method: 'HEAD', body: 'hello' })
      assert.is((await wire.journal()).at(-1), 'read 5')
    }
  },
  {
    section,
    promise: 'a large body comes whole',
    source: PEP,
    traps: [12],
    check: async (wire) => {
      const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)).toString(
        'latin1'
      )
      const whole = body.repeat(10)
      const sha256 = createHash('sha256').update(whole, 'latin1').digest('hex')
      const expected = { length: whole.length, sha256 }

      const sent = await wire.json({
        app: 'measuring',
        method: 'PUT',
        validated: true,
        body: whole
      })

      assert.equal(sent, expected)
      if (wire.transport === 'http10') return
      const chunks = Array.from({ length: 10 }, () => body)
      const chunked = { app: 'measuring', method: 'PUT', validated: true, chunks }
      assert.equal(await wire.json(chunked), expected)
    }
  },
  {
    section,
    promise:
      'chunks may have extensions, sizes in any case, zeros before them, and trailers behind',
    source: 'RFC 9112, 7.1',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: CHUNKED\r\n`
      const chunks = `0005;a=b;c="d;e"\r\nhello\r\nA;x\r\n${'0123456789'}\r\nb\r\n0123456789A\r\n`

      connection.write(`${head}${wire.pick('reading', true)}\r\n${chunks}000\r\nX-Sum: 1\r\n\r\n`)
      const { body } = await connection.answer()
      connection.destroy()

      assert.equal(JSON.parse(body.toString()), ['hello01234567890123456789A'])
    }
  },
  {
    section,
    promise: 'chunks of one byte each are one body',
    source: 'RFC 9112, 7.1',
    except: { http10: 'HTTP/1.0 has no chunks' },
    check: async (wire) => {
      const body = 'abcdefghij'.repeat(100)

      assert.equal(await reading(wire, [...body], [['read', -1]]), [body])
    }
  },
  {
    section,
    promise: 'read(n) waits for n bytes, and not for one more',
    source: PEP,
    traps: [11],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n`

      connection.write(`${head}${wire.pick('reading_late')}\r\n2\r\nab\r\n`)
      await connection.until('reading;')
      connection.write('3\r\ncde\r\n')
      await connection.until('[abcd]')
      connection.write('0\r\n\r\n')
      const { body } = await connection.answer()
      connection.destroy()

      assert.is(body.toString(), 'reading;[abcd][e]')
    }
  },
  {
    section,
    promise: 'an application may read while it answers',
    source: 'PEP 3333, Handling the Content-Length Header; RFC 9112, 9.3',
    traps: [12],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n`
      connection.write(`${head}${wire.pick('parroting', true)}\r\n`)

      for (const line of ['one\n', 'two\n', 'six\n']) {
        connection.write(`4\r\n${line}\r\n`)
        await connection.until(line)
      }
      connection.write('0\r\n\r\n')
      const { body, complete } = await connection.answer()
      connection.destroy()

      assert.is(body.toString(), 'one\ntwo\nsix\n')
      assert.ok(complete)
    }
  },
  {
    section,
    promise: 'a body that breaks off is an OSError, and never a shorter body',
    source: 'RFC 9112, 8: a message that is not complete; mod_wsgi',
    traps: [11],
    raw: true,
    check: async (wire) => {
      for (const [framing, start] of BROKEN_OFF) {
        const connection = await wire.connect()
        const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\n${framing}`
        connection.write(`${head}${wire.pick('reading_late')}\r\n${start}`)
        await connection.until('[abcd]')

        connection.destroy()

        assert.equal(await wire.journal(), ['reading OSError'], framing)
      }
    }
  },
  {
    section,
    promise: 'so is one that the client ends too early on its own side only',
    source: 'RFC 9112, 8',
    traps: [11],
    raw: true,
    except: { plugin: 'what becomes of a broken connection, the server that mounts it says' },
    check: async (wire) => {
      for (const [framing, start] of BROKEN_OFF) {
        const connection = await wire.connect()
        const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\n${framing}`
        connection.write(`${head}${wire.pick('reading_late')}\r\n${start}`)
        await connection.until('[abcd]')

        connection.end()
        const { complete } = await connection.answer()

        assert.not.ok(complete)
        assert.equal(await wire.journal(), ['reading OSError'], framing)
      }
    }
  },
  {
    section,
    promise: 'a small body that breaks off reaches no application as a whole one',
    source: 'RFC 9112, 8',
    traps: [11],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n`

      connection.write(`${head}${wire.pick('reading')}\r\nhello`)
      connection.end()
      const text = await connection.closed()
      connection.destroy()

      assert.match(text, /^(HTTP\/1\.1 400 [\s\S]*)?$/)
      const noted = (await wire.journal()).filter((note) => note !== 'reading OSError')
      assert.equal(noted, [])
    }
  },
  {
    section,
    promise: 'wsgi.input gives nothing once its request is over, whatever comes on the connection',
    source: 'mod_wsgi',
    traps: [11],
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const framing = 'Transfer-Encoding: chunked'
      const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\n${wire.pick('keeping_input')}${framing}`

      for (const text of ['first body', 'other body']) {
        connection.write(`${head}\r\n\r\na\r\n${text}\r\n0\r\n\r\n`)
      }
      await connection.answer()
      const { body } = await connection.answer()
      connection.destroy()

      assert.match(body.toString(), /^(it refused|it gave )$/)
    }
  },
  {
    section,
    promise: 'a body that is not as long as its Content-Length is never read as a whole one',
    source: 'RFC 9113, 8.1.1',
    except: only('its framing is the Content-Length', 'http2'),
    check: async (wire) => {
      for (const length of ['3', '9']) {
        const headers = [['content-length', length]] as const
        const { status } = await wire.send({
          app: 'reading',
          method: 'POST',
          headers,
          body: 'hello'
        })

        assert.is.not(status, 200)
        const noted = (await wire.journal()).filter((note) => note !== 'reading OSError')
        assert.equal(noted, [])
      }
    }
  }
]
