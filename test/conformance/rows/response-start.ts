// When start_response may be called, how often, and what exc_info does.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import { assertFailed, bothWays, ENDS_WITH_CONNECTION, OK, telling } from './response-telling.ts'

const section = 'start_response and write'
const START = 'PEP 3333, The start_response() Callable'

export const rows: readonly Row[] = [
  {
    section,
    promise: 'status and headers arrive as they were given to start_response',
    source: START,
    check: async (wire) => {
      const literal = `('404 Not Found', [('Content-Type', 'text/x-own'), ('X-Given', 'as it is')], [b'body'])`

      for (const app of ['told', 'yielding', 'writing']) {
        await bothWays(wire, { app, target: telling(literal) }, (answer, way) => {
          assert.is(answer.status, 404, way)
          assert.is(answer.reason, wire.transport === 'http2' ? '' : 'Not Found', way)
          assert.equal(answer.values('content-type'), ['text/x-own'], way)
          assert.equal(answer.values('x-given'), ['as it is'], way)
          assert.is(answer.body.toString(), 'body', way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'start_response may be called as late as for the first item',
    source: START,
    traps: [3],
    check: async (wire) => {
      for (const [app, body, status] of [
        ['late_start', 'late but there', 202],
        ['being_a_class', 'an instance', 200]
      ] as const) {
        await bothWays(wire, { app }, (answer, way) => {
          assert.is(answer.status, status, way)
          assert.is(answer.body.toString(), body, way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'a response without start_response is a 500',
    source: START,
    traps: [3],
    check: async (wire) => {
      for (const literal of [
        `('list', [])`,
        `('list', [b'x'])`,
        `('list', [b'x', b'y'])`,
        `('list', ())`,
        `('list', {})`,
        `('list', {b'x': 1})`,
        `('generator', [])`,
        `('generator', [b''])`,
        `('generator', [b'x', b'y'])`
      ]) {
        const answer = await wire.send({ app: 'never_started', target: telling(literal) })

        assertFailed(answer, literal)
      }
    }
  },
  {
    section,
    promise: 'a second start_response without exc_info is a 500',
    source: START,
    traps: [3],
    check: async (wire) => {
      for (const target of ['/', '/?None']) {
        assertFailed(await wire.send({ app: 'started_twice', target }), target)
      }
    }
  },
  {
    section,
    promise: 'exc_info replaces status and headers as long as nothing was sent',
    source: START,
    traps: [2],
    check: async (wire) => {
      for (const moment of ['at-once', 'empty-write', 'empty-item']) {
        const target = `/?${moment}`
        await bothWays(wire, { app: 'replacing', target }, (answer, way) => {
          assert.is(answer.status, 503, way)
          assert.equal(answer.values('x-second'), ['1'], way)
          assert.equal(answer.values('x-first'), [], way)
          assert.equal(answer.values('set-cookie'), [], way)
          assert.is(answer.body.toString(), 'replaced', way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'exc_info is raised again, itself and with its traceback, once the head is sent',
    source: START,
    traps: [2, 26],
    check: async (wire) => {
      for (const way of ['written', 'yielded']) {
        const ask = { app: 'replacing_too_late', target: `/?${way}` }
        await bothWays(wire, ask, async (answer) => {
          assert.is(answer.status, 200, way)
          assert.is(answer.body.toString(), 'begun', way)
          assert.equal(await wire.journal(), ['the same exception', 'its traceback'], way)
        })
      }
    }
  },
  {
    section,
    promise: 'a response whose exc_info was raised again is visibly cut',
    source: 'RFC 9112, 8',
    traps: [2, 26],
    except: ENDS_WITH_CONNECTION,
    check: async (wire) => {
      for (const way of ['written', 'yielded']) {
        const answer = await wire.send({ app: 'replacing_too_late', target: `/?${way}` })

        assert.is.not(answer.complete, true, way)
      }
    }
  },
  {
    section,
    promise: 'start_response leaves no reference cycle with the exception it was given',
    source: START,
    traps: [2],
    check: async (wire) => {
      for (const moment of ['unsent', 'sent']) {
        await wire.send({ app: 'leaving_no_cycle', target: `/?${moment}` })

        assert.equal(await wire.journal(), ['gone'], moment)
      }
    }
  },
  {
    section,
    promise: 'start_response alone sends nothing: an exception after it is a clean 500',
    source: START,
    traps: [2, 26],
    check: async (wire) => {
      const headers = `[('X-App-Said', '1'), ('Set-Cookie', 'a=b'), ('Content-Length', '5')]`
      for (const moment of ['started', 'iterated', 'first item']) {
        const target = telling(`('${moment}', 'ValueError', ${headers})`)

        assertFailed(await wire.send({ app: 'raising', target }), moment)
      }
    }
  },
  {
    section,
    promise: 'empty items and empty writes do not send the head',
    source: START,
    traps: [2, 3],
    check: async (wire) => {
      const literal = `('200 OK', [${`('X-App-Said', '1')`}], [b'', b'', {'raise': 'ValueError'}])`
      for (const app of ['yielding', 'writing', 'closing']) {
        assertFailed(await wire.send({ app, target: telling(literal) }), app)
      }
    }
  },
  {
    section,
    promise: 'what an ended request leaves behind reaches no other response',
    source: 'mod_wsgi',
    check: async (wire) => {
      await bothWays(wire, { app: 'outliving', target: '/?keep' }, () => {})

      const answer = await wire.send({ app: 'outliving', target: '/' })

      assert.is(answer.status, 200)
      assert.is(answer.body.toString(), 'its own')
      assert.equal(answer.interim, [])
      const notes = await wire.journal()
      for (const name of ['write', 'start_response', 'restart']) {
        assert.ok(notes.includes(`${name} raised`), notes.join())
        assert.not.ok(notes.includes(`${name} went on`), notes.join())
      }
    }
  },
  {
    section,
    promise: 'a response may be as many bytes as the application likes to say in one item',
    source: 'PEP 3333, Buffering and Streaming',
    check: async (wire) => {
      for (const [count, size] of [
        [1, 3_000_000],
        [3000, 7],
        [30, 70_000]
      ] as const) {
        const ask = { app: 'many_items', target: telling(`(${count}, ${size})`) }
        await bothWays(wire, ask, ({ body, complete }, way) => {
          const expected = Buffer.concat(
            Array.from({ length: count }, (_, index) => Buffer.alloc(size, index % 256))
          )
          assert.ok(complete, way)
          assert.ok(body.equals(expected), `${way}: ${body.length} bytes`)
        })
      }
    }
  },
  {
    section,
    promise: 'two applications that answer alike in different ways cannot be told apart',
    source: 'PEP 3333, The write() Callable',
    traps: [1],
    check: async (wire) => {
      const literal = `(${OK}, [b'a', b'', b'bc', b'd'])`
      for (const app of ['told', 'yielding', 'writing', 'closing']) {
        await bothWays(wire, { app, target: telling(literal) }, (answer, way) => {
          assert.is(answer.status, 200, way)
          assert.is(answer.body.toString(), 'abcd', way)
          assert.ok(answer.complete, way)
        })
      }
    }
  }
]
