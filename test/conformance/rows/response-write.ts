// write(): its order among the items, and that neither it nor an item is held back.
import * as assert from 'uvu/assert'
import type { Row, Wire } from '../row.ts'
import { assertFailed, bothWays, head, OK, telling } from './response-telling.ts'

const section = 'start_response and write'
const WRITE = 'PEP 3333, The write() Callable'
const STREAMING = 'PEP 3333, Buffering and Streaming'
/** More than is read before an application runs (src/dispatch/request-body.ts). */
const ANSWER_BYTES = 100_000

/** The application waits for the client, which waits for what the application has sent. */
function notHeldBack(way: 'written' | 'yielded', version: '1.0' | '1.1', headers: string) {
  return async (wire: Wire): Promise<void> => {
    for (const validated of [false, true]) {
      const connection = await wire.connect()
      try {
        const target = telling(`('${way}', [${headers}])`)
        const lines = `Content-Length: ${ANSWER_BYTES}\r\nConnection: close\r\n`
        const ask = { app: 'taking_turns', method: 'POST', target, version, validated, lines }
        connection.write(head(wire, ask))
        await connection.until('your turn;')
        connection.write('x'.repeat(ANSWER_BYTES))

        const answer = await connection.answer('POST')

        assert.is(answer.body.toString(), `your turn;thanks for ${ANSWER_BYTES};`)
        assert.ok(answer.complete)
      } finally {
        connection.destroy()
      }
    }
  }
}

const LENGTH = `('Content-Length', '${10 + 18}')`

export const rows: readonly Row[] = [
  {
    section,
    promise: 'what is written comes before the items, in the order in which it was produced',
    source: WRITE,
    traps: [1],
    check: async (wire) => {
      await bothWays(wire, { app: 'interleaving' }, (answer, way) => {
        assert.is(answer.body.toString(), 'pre-mid-post1-between-post2', way)
        assert.ok(answer.complete, way)
      })
    }
  },
  {
    section,
    promise: 'write() takes bytes and nothing else',
    source: 'PEP 3333, Unicode Issues',
    traps: [1],
    check: async (wire) => {
      for (const item of [`'text'`, 'None', '1', `[b'x']`, '()', `''`]) {
        const target = telling(`(${OK}, [${item}])`)

        assertFailed(await wire.send({ app: 'writing', target }), item)
      }
    }
  },
  {
    section,
    promise: 'what is written has been sent when write() returns (with a chunked body)',
    source: WRITE,
    traps: [1, 5],
    raw: true,
    check: notHeldBack('written', '1.1', '')
  },
  {
    section,
    promise: 'what is written has been sent when write() returns (with a Content-Length)',
    source: WRITE,
    traps: [1, 5],
    raw: true,
    check: notHeldBack('written', '1.1', LENGTH)
  },
  {
    section,
    promise: 'what is written has been sent when write() returns (HTTP/1.0)',
    source: WRITE,
    traps: [1, 5],
    raw: true,
    check: notHeldBack('written', '1.0', '')
  },
  {
    section,
    promise: 'an item is sent before the next one is asked for (with a chunked body)',
    source: STREAMING,
    traps: [5],
    raw: true,
    check: notHeldBack('yielded', '1.1', '')
  },
  {
    section,
    promise: 'an item is sent before the next one is asked for (with a Content-Length)',
    source: STREAMING,
    traps: [5],
    raw: true,
    check: notHeldBack('yielded', '1.1', LENGTH)
  },
  {
    section,
    promise: 'an item is sent before the next one is asked for (HTTP/1.0)',
    source: STREAMING,
    traps: [5],
    raw: true,
    check: notHeldBack('yielded', '1.0', '')
  },
  {
    section,
    promise: 'an exception between writes after the first is no second response',
    source: 'PEP 3333, Error Handling',
    traps: [26],
    check: async (wire) => {
      const target = telling(`(${OK}, [b'begun', {'raise': 'ValueError'}])`)
      for (const app of ['writing', 'yielding', 'closing']) {
        const answer = await wire.send({ app, target })

        assert.is(answer.status, 200, app)
        assert.is(answer.body.toString(), 'begun', app)
      }
    }
  }
]
