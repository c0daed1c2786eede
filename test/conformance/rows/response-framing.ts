// How a body ends: at its Content-Length, after its last chunk, or with the connection.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import { bothWays, head, OK, TYPE, telling } from './response-telling.ts'

const section = 'Response bodies'
const LENGTH = 'PEP 3333, Handling the Content-Length Header'
const WAYS = ['told', 'yielding', 'writing', 'closing']

function long(length: number, items: string): string {
  return telling(`('200 OK', [${TYPE}, ('Content-Length', '${length}')], ${items})`)
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'a body as long as its Content-Length is not chunked',
    source: LENGTH,
    traps: [14, 27],
    check: async (wire) => {
      for (const app of WAYS) {
        await bothWays(wire, { app, target: long(6, `[b'one', b'', b'two']`) }, (answer, way) => {
          assert.equal(answer.values('content-length'), ['6'], way)
          assert.is(answer.chunked, false, way)
          assert.is(answer.body.toString(), 'onetwo', way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'a body longer than its Content-Length is cut there, and the log says so',
    source: LENGTH,
    traps: [14],
    check: async (wire) => {
      for (const app of WAYS) {
        for (const [length, items, body] of [
          [3, `[b'one', b'two']`, 'one'],
          [4, `[b'one', b'two']`, 'onet'],
          [2, `[b'one']`, 'on'],
          [0, `[b'one']`, '']
        ] as const) {
          await bothWays(wire, { app, target: long(length, items) }, async (answer, way) => {
            assert.is(answer.status, 200, way)
            assert.equal(answer.values('content-length'), [String(length)], way)
            assert.is(answer.body.toString(), body, way)
            assert.ok(answer.complete, way)
          })
        }
        assert.match(await wire.log(), /longer than its Content-Length/, app)
      }
    }
  },
  {
    section,
    promise: 'not a byte beyond the Content-Length gets onto the connection',
    source: 'RFC 9112, 6.2',
    traps: [14],
    raw: true,
    check: async (wire) => {
      const lines = 'Connection: close\r\n'
      for (const app of WAYS) {
        for (const [length, body] of [
          [0, ''],
          [2, 'on'],
          [3, 'one'],
          [4, 'onet']
        ] as const) {
          const connection = await wire.connect()
          const target = long(length, `[b'one', b'two', b'three']`)
          connection.write(head(wire, { app, target, lines }))

          const text = await connection.closed()

          assert.is(text.slice(text.indexOf('\r\n\r\n') + 4), body, `${app} ${length}`)
        }
      }
    }
  },
  {
    section,
    promise: 'a body shorter than its Content-Length ends with the connection',
    source: 'RFC 9112, 8',
    traps: [14],
    check: async (wire) => {
      for (const app of WAYS) {
        for (const [length, items, body] of [
          [4, `[b'one']`, 'one'],
          [9, `[b'one', b'two']`, 'onetwo'],
          [200_000, `[b'one', b'two']`, 'onetwo']
        ] as const) {
          const answer = await wire.send({ app, target: long(length, items) })

          // A list can be measured before anything is sent of it.
          if (app === 'told' && answer.status === 500) continue
          assert.is(answer.status, 200, `${app} ${length}`)
          assert.ok(body.startsWith(answer.body.toString()), `${app} ${length}`)
          assert.is(answer.complete, false, `${app} ${length}`)
          assert.ok(answer.closed, `${app} ${length}`)
        }
      }
    }
  },
  {
    section,
    promise: 'a Content-Length without any body at all is never taken for a whole response',
    source: 'RFC 9112, 8',
    traps: [14],
    check: async (wire) => {
      for (const app of WAYS) {
        const answer = await wire.send({ app, target: long(4, '[]') })

        assert.ok(answer.status === 500 || !answer.complete, app)
      }
    }
  },
  {
    section,
    promise: 'a body of unknown length is chunked in HTTP/1.1, and ends with the connection in 1.0',
    source: 'RFC 9112, 6.3',
    traps: [27],
    check: async (wire) => {
      const target = telling(`(${OK}, [b'one', b'two'])`)
      for (const app of ['yielding', 'closing', 'writing']) {
        await bothWays(wire, { app, target }, (answer, way) => {
          assert.equal(answer.values('content-length'), [], way)
          assert.is(answer.chunked, !['http10', 'http2'].includes(wire.transport), way)
          assert.is(answer.closed, wire.transport === 'http10', way)
          assert.is(answer.body.toString(), 'onetwo', way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'a list or tuple of chunks gets the Content-Length that it has',
    source: LENGTH,
    traps: [27],
    check: async (wire) => {
      for (const [items, length] of [
        [`[b'body']`, '4'],
        [`(b'body',)`, '4'],
        [`[b'bo', b'', b'dy']`, '4'],
        ['[]', '0'],
        [`[b'']`, '0']
      ] as const) {
        const answer = await wire.send({ app: 'told', target: telling(`(${OK}, ${items})`) })

        assert.equal(answer.values('content-length'), [length], items)
        assert.is(answer.chunked, false, items)
      }
    }
  },
  {
    section,
    promise:
      'so does a list that is larger than all buffers, and one of a single item that has a close()',
    source: LENGTH,
    traps: [27],
    check: async (wire) => {
      for (const [app, literal, length] of [
        ['many_at_once', '(30, 70_000)', 2_100_000],
        ['closing_a_list', `('list', [b'one'])`, 3],
        ['closing_a_list', `('tuple', [b'one'])`, 3]
      ] as const) {
        const target = telling(literal)

        const answer = await wire.send({ app, target })

        assert.equal(answer.values('content-length'), [String(length)], `${app} ${literal}`)
        assert.is(answer.body.length, length)
        assert.ok(answer.complete)
      }
    }
  },
  {
    section,
    promise: 'a body that looks like framing is only a body',
    source: 'RFC 9112, 7.1',
    check: async (wire) => {
      const text = '0\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n'
      const target = telling(`(${OK}, [b'${text}', b'0\\r\\n\\r\\n'])`)
      for (const app of WAYS) {
        await bothWays(wire, { app, target }, (answer, way) => {
          const expected = '0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n0\r\n\r\n'
          assert.is(answer.body.toString(), expected, way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'every byte is a byte',
    source: 'PEP 3333, Unicode Issues',
    traps: [6],
    check: async (wire) => {
      const every = Array.from({ length: 256 }, (_, code) => code)
      const literal = every.map((code) => `\\x${code.toString(16).padStart(2, '0')}`).join('')
      for (const type of ['text/plain', 'text/plain; charset=utf-8', 'application/json']) {
        const target = telling(`('200 OK', [('Content-Type', '${type}')], [b'${literal}'])`)
        for (const app of WAYS) {
          await bothWays(wire, { app, target }, (answer, way) => {
            assert.equal([...answer.body], every, `${way} ${type}`)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'trailers of a chunked request are no part of its body and not in the environ',
    source: 'RFC 9110, 6.5',
    raw: true,
    check: async (wire) => {
      for (const validated of [false, true]) {
        const connection = await wire.connect()
        const lines = 'Transfer-Encoding: chunked\r\nTrailer: X-Late, Expires\r\n'
        connection.write(head(wire, { app: 'naming_keys', method: 'POST', lines, validated }))
        connection.write('5\r\nhello\r\n0\r\nX-Late: 1\r\nExpires: never\r\n\r\n')

        const answer = await connection.answer('POST')
        const seen = JSON.parse(answer.body.toString()) as { size: number; keys: string[] }

        assert.is(seen.size, 5)
        assert.not.ok(seen.keys.includes('HTTP_X_LATE'))
        assert.not.ok(seen.keys.includes('HTTP_EXPIRES'))
        connection.write(head(wire, { app: 'told', target: telling(`(${OK}, [b'next'])`) }))
        assert.is((await connection.answer()).body.toString(), 'next')
        connection.destroy()
      }
    }
  }
]
