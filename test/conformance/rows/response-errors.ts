// What a failure of the application looks like from outside, and what wsgi.errors is for.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import {
  assertFailed,
  bothWays,
  ENDS_WITH_CONNECTION,
  head,
  OK,
  TYPE,
  telling
} from './response-telling.ts'

const section = 'Errors'
const HANDLING = 'PEP 3333, Error Handling'
const STREAMS = 'PEP 3333, Input and Error Streams'

const EXCEPTIONS = [
  ...['ValueError', 'SystemExit', 'KeyboardInterrupt', 'GeneratorExit', 'BaseException'],
  ...['StopIteration', 'RecursionError', 'OSError', 'BrokenPipeError', 'ConnectionResetError'],
  ...['TimeoutError', 'AssertionError', 'NotImplementedError']
]

export const rows: readonly Row[] = [
  {
    section,
    promise: 'whatever an application raises is a 500, and its worker survives',
    source: HANDLING,
    traps: [23, 26],
    check: async (wire) => {
      for (const name of EXCEPTIONS) {
        for (const moment of ['called', 'started', 'first item']) {
          const target = telling(`('${moment}', '${name}', [])`)

          const answer = await wire.send({ app: 'raising', target })

          assertFailed(answer, `${name} ${moment}`)
          // The journal is in the interpreter's memory: a new one would have nothing in it.
          assert.is((await wire.journal())[0], `raises ${name}`, moment)
        }
      }
    }
  },
  {
    section,
    promise: 'whatever is raised after the head cuts the response, and the worker survives',
    source: HANDLING,
    traps: [23, 26],
    except: ENDS_WITH_CONNECTION,
    check: async (wire) => {
      for (const name of EXCEPTIONS) {
        const target = telling(`('second item', '${name}', [])`)

        const answer = await wire.send({ app: 'raising', target })

        assert.is(answer.status, 200, name)
        assert.is(answer.body.toString(), 'begun', name)
        assert.is(answer.complete, false, name)
        assert.ok(answer.closed, name)
        assert.equal(await wire.journal(), [`raises ${name}`, 'closed'], name)
      }
    }
  },
  {
    section,
    promise: 'a failure inside a chunked body leaves it without a last chunk',
    source: 'RFC 9112, 8',
    traps: [26],
    raw: true,
    check: async (wire) => {
      const target = telling(`(${OK}, [b'one', {'raise': 'ValueError'}])`)
      for (const app of ['yielding', 'writing']) {
        const connection = await wire.connect()
        connection.write(head(wire, { app, target }))

        assert.match(await connection.closed(), /\r\n\r\n3\r\none\r\n$/, app)
      }
    }
  },
  {
    section,
    promise: 'a failure inside a body of known length closes the connection before its end',
    source: 'RFC 9112, 8',
    traps: [14, 26],
    check: async (wire) => {
      const items = `[b'one', {'raise': 'ValueError'}, b'two']`
      const target = telling(`('200 OK', [${TYPE}, ('Content-Length', '6')], ${items})`)
      for (const app of ['yielding', 'writing', 'closing']) {
        const answer = await wire.send({ app, target })

        assert.is(answer.status, 200, app)
        assert.is(answer.body.toString(), 'one', app)
        assert.is(answer.complete, false, app)
        assert.ok(answer.closed, app)
      }
    }
  },
  {
    section,
    promise: 'a failure after the last byte of the Content-Length does not harm the response',
    source: 'PEP 3333, Handling the Content-Length Header',
    traps: [14, 26],
    check: async (wire) => {
      const target = telling(
        `('200 OK', [${TYPE}, ('Content-Length', '3')], [b'one', {'raise': 'ValueError'}])`
      )
      for (const app of ['yielding', 'closing', 'writing']) {
        const answer = await wire.send({ app, target })

        assert.is(answer.status, 200, app)
        assert.is(answer.body.toString(), 'one', app)
        assert.ok(answer.complete, app)
      }
    }
  },
  {
    section,
    promise: 'the traceback is in the log and not in the response',
    source: HANDLING,
    traps: [26],
    check: async (wire) => {
      for (const moment of ['called', 'first item', 'second item']) {
        const target = telling(`('${moment}', 'LookupError', [])`)

        const answer = await wire.send({ app: 'raising', target })

        const log = await wire.log()
        assert.match(log, /Traceback/, moment)
        assert.match(log, /raising\.py/, moment)
        assert.match(log, /LookupError: told to/, moment)
        assert.not.match(answer.body.toString(), /LookupError|raising|Traceback/, moment)
      }
    }
  },
  {
    section,
    promise: 'a refused start_response is an exception that the application may handle',
    source: 'PEP 3333, The start_response() Callable',
    check: async (wire) => {
      for (const what of ['status', 'headers', 'name', 'value']) {
        const answer = await wire.send({ app: 'recovering', target: `/?${what}` })

        assert.is(answer.status, 200, what)
        assert.match(answer.body.toString(), /^(ValueError|TypeError)$/, what)
        assert.equal(answer.values('x-bad'), [], what)
      }
    }
  },
  {
    section,
    promise: 'what wsgi.errors is told by write, writelines and print is in the log, line by line',
    source: STREAMS,
    traps: [21],
    check: async (wire) => {
      const said = [
        `('write', 'first line\\n')`,
        `('write', 'second line\\nthird ')`,
        `('write', 'line\\n')`,
        `('writelines', ['fourth line\\n', 'fif', 'th line\\n'])`,
        `('writelines', [])`,
        `('flush', '')`,
        `('print', 'sixth line')`,
        `('write', '')`
      ]
      const ask = { app: 'complaining', target: telling(`[${said.join(', ')}]`) }
      await bothWays(wire, ask, async (answer, way) => {
        assert.is(answer.status, 200, way)
        const log = await wire.log()
        for (const which of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']) {
          assert.is(log.split(`${which} line`).length, 2, `${way} ${which}: ${log}`)
        }
      })
    }
  },
  {
    section,
    promise: 'what wsgi.errors was told is in the log when the request is over, flushed or not',
    source: STREAMS,
    traps: [21],
    check: async (wire) => {
      const ask = { app: 'complaining', target: telling(`[('write', 'no line end')]`) }
      await bothWays(wire, ask, async (_, way) => {
        assert.match(await wire.log(), /no line end/, way)
      })
    }
  },
  {
    section,
    promise:
      'bytes for wsgi.errors.buffer are in the log as well, in their place, be they text or not',
    source: 'mod_wsgi',
    traps: [21],
    check: async (wire) => {
      const said = [
        `('write', 'a line ')`,
        `('bytes', b'of b')`,
        `('bytes', b'oth, Gr\\xc3')`,
        `('bytes', b'\\xbc\\xc3\\x9fe \\xff\\n')`
      ]
      const ask = { app: 'complaining', target: telling(`[${said.join(', ')}]`) }

      const answer = await wire.send(ask)

      assert.is(answer.status, 200)
      // JSON doubles the backslash.
      assert.match(await wire.log(), /a line of both, Grüße \\{1,2}xff/)
    }
  },
  {
    section,
    promise: 'wsgi.errors takes every character there is',
    source: STREAMS,
    traps: [21],
    check: async (wire) => {
      const ask = { app: 'complaining', target: telling(`[('print', 'Grüße, € 日本')]`) }
      await bothWays(wire, ask, async (answer, way) => {
        assert.is(answer.status, 200, way)
        assert.match(await wire.log(), /Grüße, € 日本/, way)
      })
    }
  },
  {
    section,
    promise: 'half a surrogate pair on wsgi.errors harms nobody',
    source: STREAMS,
    traps: [21],
    check: async (wire) => {
      const ask = { app: 'complaining', target: telling(`[('print', 'half \\ud800 of it')]`) }
      const answer = await wire.send(ask)

      assert.is(answer.status, 200)
      assert.match(await wire.log(), /half .* of it/)
    }
  },
  {
    section,
    promise: 'a control character on wsgi.errors forges no line of the log',
    source: 'mod_wsgi',
    traps: [21],
    check: async (wire) => {
      const said = `[('print', 'told\\rforged'), ('print', '\\x1b[2Jcleared')]`
      await wire.send({ app: 'complaining', target: telling(said) })

      const log = await wire.log()
      assert.match(log, /cleared/)
      assert.not.match(log, '\r')
      assert.not.match(log, '\x1b')
    }
  }
]
