// close(): of the iterable that the application returned, exactly once, whatever became of it.
import * as assert from 'uvu/assert'
import type { Row, Wire } from '../row.ts'
import { bothWays, head, OK, TYPE, telling } from './response-telling.ts'

const section = 'The iterable'
const source = 'PEP 3333, Specification Details'
const CLOSED_ONCE = ['closed']

/** Says what an application of gallery/closing.py is told, and that it was closed once. */
function closes(
  promise: string,
  literals: readonly string[],
  method: string = 'GET',
  validatable = true
): Row {
  return {
    section,
    promise,
    source,
    traps: [4],
    check: async (wire) => {
      for (const literal of literals) {
        const ask = { app: 'closing', target: telling(literal), method }
        if (validatable) {
          await bothWays(wire, ask, async (_, way) => {
            assert.equal(await wire.journal(), CLOSED_ONCE, `${way} ${literal}`)
          })
        } else {
          await wire.send(ask)
          assert.equal(await wire.journal(), CLOSED_ONCE, literal)
        }
      }
    }
  }
}

const LONG = `[b'${'x'.repeat(3000)}', b'y']`

function clientLeaves(kind: string, headers: string, expected: readonly string[]) {
  return async (wire: Wire): Promise<void> => {
    for (const validated of [false, true]) {
      const connection = await wire.connect()
      const target = telling(`('${kind}', [${headers}])`)
      connection.write(head(wire, { app: 'endless', target, validated }))
      await connection.until('\r\n\r\n')
      connection.destroy()

      // The only worker answers this when it is rid of the request before.
      assert.equal(await wire.journal(), expected)
    }
  }
}

export const rows: readonly Row[] = [
  closes('the iterable is closed once, not its iterator, at its end', [
    `(${OK}, [b'one'])`,
    `(${OK}, [b'one', b'two'])`,
    `(${OK}, [])`,
    `(${OK}, [b'', b''])`,
    `(${OK}, ${LONG})`,
    `('200 OK', [${TYPE}, ('Content-Length', '3')], [b'one'])`
  ]),
  closes(
    'the iterable is closed once when it raises, before its first item or after',
    [
      `(${OK}, [{'raise': 'ValueError'}])`,
      `(${OK}, [b'', {'raise': 'ValueError'}])`,
      `(${OK}, [b'one', {'raise': 'ValueError'}])`,
      `(${OK}, [b'one', {'raise': 'SystemExit'}])`
    ],
    'GET'
  ),
  closes('the iterable is closed once when an item is not bytes', [
    `(${OK}, ['text'])`,
    `(${OK}, [b'one', 'text'])`,
    `(${OK}, [None])`
  ]),
  closes('the iterable is closed once after a HEAD request', [`(${OK}, [b'one', b'two'])`], 'HEAD'),
  closes('the iterable is closed once after a response that has no body', [
    `('204 No Content', [], [])`,
    `('204 No Content', [], [b'one', b'two'])`,
    `('304 Not Modified', [], [b'one', b'two'])`,
    `('304 Not Modified', [], [])`
  ]),
  closes('the iterable is closed once when it gives more than its Content-Length', [
    `('200 OK', [${TYPE}, ('Content-Length', '3')], [b'one', b'two', b'three'])`,
    `('200 OK', [${TYPE}, ('Content-Length', '2')], [b'one'])`,
    `('200 OK', [${TYPE}, ('Content-Length', '0')], [b'one'])`
  ]),
  closes('the iterable is closed once when it gives less than its Content-Length', [
    `('200 OK', [${TYPE}, ('Content-Length', '5')], [b'one'])`,
    `('200 OK', [${TYPE}, ('Content-Length', '5')], [])`
  ]),
  closes(
    'the iterable is closed once when start_response was never called or refused',
    [`(None, None, [b'one'])`, `(None, None, [])`],
    'GET'
  ),
  {
    section,
    promise: 'an iterable is closed once when its __iter__ raises',
    source,
    traps: [4],
    check: async (wire) => {
      for (const name of ['ValueError', 'SystemExit', 'StopIteration']) {
        const target = telling(`('iterated', '${name}', [])`)

        const answer = await wire.send({ app: 'raising', target })

        assert.is(answer.status, 500, name)
        assert.equal(await wire.journal(), [`raises ${name}`, 'closed'], name)
      }
    }
  },
  {
    section,
    promise: 'a list or tuple that has a close() is closed once',
    source,
    traps: [4],
    check: async (wire) => {
      for (const kind of ['list', 'tuple']) {
        for (const items of ['[]', `[b'one']`, `[b'one', b'two']`]) {
          const ask = { app: 'closing_a_list', target: telling(`('${kind}', ${items})`) }
          await bothWays(wire, ask, async (answer, way) => {
            assert.is(answer.status, 200, way)
            assert.equal(await wire.journal(), CLOSED_ONCE, `${way} ${kind} ${items}`)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'the iterable is closed once when the client leaves in the middle of the response',
    source,
    traps: [4],
    raw: true,
    check: clientLeaves('yielded', '', CLOSED_ONCE)
  },
  {
    section,
    promise: 'the iterable is closed once when the client leaves before all of its Content-Length',
    source,
    traps: [4],
    raw: true,
    check: clientLeaves('yielded', `('Content-Length', '999999999999')`, CLOSED_ONCE)
  },
  {
    section,
    promise: 'the iterable is closed once when the client leaves while the items are empty',
    source: 'PEP 3333, Middleware Handling of Block Boundaries',
    traps: [4],
    raw: true,
    except: {
      unix: 'it has no reset: until something is written, a client that closed it may only have ended its side'
    },
    check: clientLeaves('silent', '', CLOSED_ONCE)
  },
  {
    section,
    promise: 'write() raises when the client has left',
    source: 'mod_wsgi',
    traps: [1],
    raw: true,
    check: clientLeaves('written', '', ['write() raised'])
  },
  {
    section,
    promise: 'what close() writes is no part of the response',
    source: 'PEP 3333, The write() Callable',
    traps: [1, 4],
    check: async (wire) => {
      for (const literal of [
        `(${OK}, [b'bo', b'dy'])`,
        `('200 OK', [${TYPE}, ('Content-Length', '40')], [b'bo', b'dy'])`
      ]) {
        const ask = { app: 'writing_at_close', target: telling(literal) }
        await bothWays(wire, ask, async (answer, way) => {
          // HTTP/2 may lose what came before a reset.
          assert.ok('body'.startsWith(answer.body.toString()), way)
          assert.is(answer.status, 200, way)
          assert.equal(await wire.journal(), ['write() raised'], way)
        })
      }
    }
  },
  {
    section,
    promise: 'a close() that raises changes nothing of the response, and is in the log',
    source,
    traps: [4],
    check: async (wire) => {
      for (const name of ['ValueError', 'SystemExit', 'KeyboardInterrupt']) {
        const ask = { app: 'raising', target: telling(`('closed', '${name}', [])`) }
        await bothWays(wire, ask, async (answer, way) => {
          assert.is(answer.status, 200, `${way} ${name}`)
          assert.is(answer.body.toString(), 'begun', `${way} ${name}`)
          assert.ok(answer.complete, `${way} ${name}`)
          assert.match(await wire.log(), `${name}: told to`)
          assert.equal(await wire.journal(), [`raises ${name}`, 'closed'], `${way} ${name}`)
        })
      }
    }
  }
]
