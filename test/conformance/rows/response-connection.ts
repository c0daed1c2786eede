// Headers that are the server's: of the connection, of framing, and Date. And that a connection goes on
// after every kind of response.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import {
  assertFailed,
  bothWays,
  head,
  inTurn,
  OK,
  type RawAsk,
  refuses,
  TYPE,
  telling
} from './response-telling.ts'

const section = 'Response headers'
const LENGTH = 'PEP 3333, Handling the Content-Length Header'

const HOP_BY_HOP = [
  ['Connection', 'close, X-Own'],
  ['connection', 'X-Own'],
  ['Keep-Alive', 'timeout=99, max=9'],
  ['Proxy-Authenticate', 'Basic realm="x"'],
  ['Proxy-Authorization', 'Basic x'],
  ['Proxy-Connection', 'x-close'],
  ['TE', 'trailers'],
  ['Trailer', 'X-Own'],
  ['Trailers', 'X-Own'],
  ['Transfer-Encoding', 'gzip'],
  ['tRANSFER-eNCODING', 'gzip, chunked'],
  ['Upgrade', 'h2c']
] as const

/** What the server may add of its own. */
const OURS = ['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']

const KINDS: ReadonlyArray<readonly [string, RawAsk]> = [
  ['a body of known length', { app: 'told', target: telling(`(${OK}, [b'body'])`) }],
  ['a chunked body', { app: 'yielding', target: telling(`(${OK}, [b'body', b'more'])`) }],
  ['an empty body', { app: 'told', target: telling(`(${OK}, [])`) }],
  ['an empty generator', { app: 'yielding', target: telling(`(${OK}, [])`) }],
  ['no body (HEAD)', { app: 'told', method: 'HEAD', target: telling(`(${OK}, [b'body'])`) }],
  [
    'no body (HEAD, a generator)',
    { app: 'yielding', method: 'HEAD', target: telling(`(${OK}, [b'body'])`) }
  ],
  ['204', { app: 'told', target: telling(`('204 No Content', [], [b'body'])`) }],
  ['304', { app: 'yielding', target: telling(`('304 Not Modified', [], [b'body'])`) }],
  ['a failure', { app: 'told', target: telling(`(${OK}, None)`) }],
  [
    'a body cut at its Content-Length',
    { app: 'yielding', target: telling(`('200 OK', [('Content-Length', '2')], [b'body'])`) }
  ],
  [
    'a list cut at its Content-Length',
    { app: 'told', target: telling(`('200 OK', [('Content-Length', '2')], [b'body'])`) }
  ],
  [
    "an application's own Connection: close",
    { app: 'told', target: telling(`('200 OK', [${TYPE}, ('Connection', 'close')], [b'body'])`) }
  ]
]

export const rows: readonly Row[] = [
  {
    section,
    promise:
      "a header of the connection is the server's: what an application says there is left out and logged",
    source: 'PEP 3333, Other HTTP Features',
    traps: [16],
    check: async (wire) => {
      for (const [name, value] of HOP_BY_HOP) {
        for (const app of ['told', 'yielding']) {
          const literal = `('200 OK', [${TYPE}, ('${name}', '${value}')], [b'bo', b'dy'])`

          const answer = await wire.send({ app, target: telling(literal) })

          assert.not.ok(answer.values(name).includes(value), `${app} ${name}`)
          assert.is(answer.status, 200, `${app} ${name}`)
          assert.is(answer.body.toString(), 'body', `${app} ${name}`)
          assert.ok(answer.complete, `${app} ${name}`)
        }
      }
      // Each name is warned of once; this one no other row has.
      assert.match(await wire.log(), /Proxy-Authorization/)
    }
  },
  {
    section: 'The connection',
    promise: 'a connection is good for a second request after every kind of response',
    source: 'RFC 9112, 9.3',
    traps: [14, 15, 26],
    raw: true,
    check: async (wire) => {
      const second = { app: 'told', target: telling(`(${OK}, [b'the second'])`) }
      for (const [what, first] of KINDS) {
        const [one, two] = await inTurn(wire, first, second)

        assert.ok(one.complete, what)
        assert.is(two.status, 200, what)
        assert.is(two.body.toString(), 'the second', what)
      }
    }
  },
  {
    section: 'The connection',
    promise: 'a client of HTTP/1.0 that asks for it keeps its connection, if the length is known',
    source: 'RFC 9112, 9.3',
    raw: true,
    check: async (wire) => {
      const lines = 'Connection: keep-alive\r\n'
      const target = telling(`('200 OK', [${TYPE}, ('Content-Length', '4')], [b'body'])`)
      const ask = { app: 'told', target, lines, version: '1.0' } as const

      const [one, two] = await inTurn(wire, ask, ask)

      assert.match(one.values('connection').join(), /^keep-alive$/i)
      assert.is(one.body.toString(), 'body')
      assert.is(two.body.toString(), 'body')
    }
  },
  {
    section: 'The connection',
    promise: 'a client of HTTP/1.0 that asks for both has its connection closed',
    source: 'RFC 9112, 9.3',
    raw: true,
    check: async (wire) => {
      const target = telling(`('200 OK', [${TYPE}, ('Content-Length', '4')], [b'body'])`)
      for (const options of ['keep-alive\r\nConnection: close', 'close, keep-alive']) {
        const connection = await wire.connect()
        const lines = `Connection: ${options}\r\n`
        connection.write(head(wire, { app: 'told', target, lines, version: '1.0' }))

        const text = await connection.closed()

        assert.match(text, /\r\n\r\nbody$/, options)
        assert.not.match(text, /connection: keep-alive/i, options)
      }
    }
  },
  {
    section: 'The connection',
    promise: 'a body of unknown length closes the connection of HTTP/1.0, kept alive or not',
    source: 'RFC 9112, 6.3',
    traps: [27],
    raw: true,
    check: async (wire) => {
      for (const lines of ['', 'Connection: keep-alive\r\n']) {
        const connection = await wire.connect()
        const target = telling(`(${OK}, [b'one', b'two'])`)
        connection.write(head(wire, { app: 'yielding', target, lines, version: '1.0' }))

        const text = await connection.closed()

        assert.match(text, /\r\n\r\nonetwo$/, lines)
        assert.not.match(text, /transfer-encoding|connection: keep-alive/i, lines)
      }
    }
  },
  {
    section: 'The connection',
    promise: 'a client that asks for it has the connection closed after the response',
    source: 'RFC 9112, 9.6',
    raw: true,
    check: async (wire) => {
      for (const [what, { app, target, method }] of KINDS) {
        const connection = await wire.connect()
        const ask = { app, ...(target === undefined ? {} : { target }), method: method ?? 'GET' }
        connection.write(head(wire, { ...ask, lines: 'Connection: close\r\n' }))

        const answer = await connection.answer(method)

        assert.ok(answer.complete, what)
        assert.match(answer.values('connection').join(), /^close$/i, what)
        assert.ok(answer.closed, what)
      }
    }
  },
  {
    section,
    promise: "a response has no header but the application's, Date, and those of the connection",
    source: 'PEP 3333, The start_response() Callable',
    check: async (wire) => {
      for (const app of ['told', 'yielding', 'writing']) {
        for (const headers of ['', `('X-One', '1')`, TYPE]) {
          const literal = `('200 OK', [${headers}], [b'body'])`

          const answer = await wire.send({ app, target: telling(literal) })

          const given = /^\('([^']+)/.exec(headers)?.[1]?.toLowerCase()
          const names = answer.headers.map(([name]) => name.toLowerCase())
          assert.equal(
            names.filter((name) => name !== given && !OURS.includes(name)),
            [],
            literal
          )
        }
      }
    }
  },
  {
    section,
    promise: 'a Content-Type goes out as it is, and none is made up',
    source: 'RFC 9110, 8.3',
    check: async (wire) => {
      for (const app of ['told', 'yielding', 'writing']) {
        for (const type of [
          ...['application/json', 'text/html', 'text/plain;charset=latin-1', 'TEXT/CSS'],
          ...['application/octet-stream', 'x/y; a="b c"']
        ]) {
          const target = telling(`('200 OK', [('Content-Type', '${type}')], [b'{}'])`)
          await bothWays(wire, { app, target }, (answer, way) => {
            assert.equal(answer.values('content-type'), [type], way)
          })
        }
        const none = await wire.send({ app, target: telling(`('200 OK', [], [b'{}'])`) })
        assert.equal(none.values('content-type'), [], app)
      }
    }
  },
  {
    section,
    promise: "every response has one Date, and an application's own is kept",
    source: 'RFC 9110, 6.6.1',
    check: async (wire) => {
      const own = 'Thu, 01 Jan 1970 00:00:01 GMT'
      for (const app of ['told', 'yielding', 'writing']) {
        const ours = await wire.send({ app, target: telling(`(${OK}, [b'body'])`) })
        assert.is(ours.values('date').length, 1, app)
        assert.match(
          ours.values('date').join(),
          /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
          app
        )
        for (const name of ['Date', 'date', 'DATE']) {
          const target = telling(`('200 OK', [${TYPE}, ('${name}', '${own}')], [b'body'])`)
          await bothWays(wire, { app, target }, (answer, way) => {
            assert.equal(answer.values('date'), [own], way)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'a response without a body has a Date, too',
    source: 'RFC 9110, 6.6.1',
    traps: [15],
    check: async (wire) => {
      for (const status of ['204 No Content', '304 Not Modified']) {
        const answer = await wire.send({ app: 'told', target: telling(`('${status}', [], [])`) })

        assert.is(answer.values('date').length, 1, status)
      }
    }
  },
  {
    section,
    promise: "an application's own Server is kept, and none is added",
    source: 'RFC 9110, 10.2.4',
    check: async (wire) => {
      const target = telling(`('200 OK', [${TYPE}, ('Server', 'its own/1.0')], [b'body'])`)
      for (const app of ['told', 'yielding']) {
        await bothWays(wire, { app, target }, (answer, way) => {
          assert.equal(answer.values('server'), ['its own/1.0'], way)
        })
      }
    }
  },
  {
    section,
    promise: 'a Content-Length that is no number of bytes is a 500',
    source: LENGTH,
    traps: [14],
    check: (wire) =>
      refuses(
        wire,
        [
          ...[
            `'four'`,
            `''`,
            `'-4'`,
            `'+4'`,
            `'4.0'`,
            `'4, 4'`,
            `'0x4'`,
            `'4 4'`,
            `'4_4'`,
            `'1e1'`
          ],
          ...[`'²'`, `'４'`, `'٤'`, '4', `b'4'`, 'None', `'${'9'.repeat(30)}'`]
        ].map((length) => `('200 OK', [${TYPE}, ('Content-Length', ${length})], [b'body'])`)
      )
  },
  {
    section,
    promise: 'two lengths that differ are a 500, and two that agree are one',
    source: 'RFC 9110, 8.6',
    traps: [14],
    check: async (wire) => {
      const twice = (one: string, other: string): string =>
        telling(
          `('200 OK', [('Content-Length', '${one}'), ${TYPE}, ('content-length', '${other}')], [b'body'])`
        )
      for (const app of ['told', 'yielding', 'writing']) {
        assertFailed(await wire.send({ app, target: twice('4', '5') }), app)

        await bothWays(wire, { app, target: twice('4', '4') }, (answer, way) => {
          assert.equal(answer.values('content-length'), ['4'], way)
          assert.is(answer.body.toString(), 'body', way)
        })
      }
    }
  }
]
