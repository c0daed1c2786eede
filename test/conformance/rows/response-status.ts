// The status line.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import { assertFailed, bothWays, refuses, TYPE, telling } from './response-telling.ts'

const section = 'Response headers'
const START = 'PEP 3333, The start_response() Callable'

function statuses(...literals: readonly string[]): readonly string[] {
  return literals.map((status) => `(${status}, [${TYPE}], [b'body'])`)
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'a status arrives with its code and its own reason',
    source: START,
    traps: [20],
    check: async (wire) => {
      for (const [code, reason] of [
        [200, 'OK'],
        [200, 'Fine by Me'],
        [207, 'Multi-Status'],
        [299, 'Nobody Knows'],
        [418, 'I m a Teapot!'],
        [451, 'Unavailable For Legal Reasons'],
        [500, 'Own Error'],
        [599, 'Last One']
      ] as const) {
        const target = telling(`('${code} ${reason}', [${TYPE}], [b'body'])`)
        await bothWays(wire, { app: 'told', target }, (answer, way) => {
          assert.is(answer.status, code, way)
          if (wire.transport !== 'http2') assert.is(answer.reason, reason, way)
          assert.is(answer.body.toString(), 'body', way)
        })
      }
    }
  },
  {
    section,
    promise: 'a status without a reason is good enough: 200',
    source: 'mod_wsgi',
    traps: [20],
    check: async (wire) => {
      for (const status of [`'200'`, `'200 '`]) {
        const target = telling(`(${status}, [${TYPE}], [b'body'])`)

        const answer = await wire.send({ app: 'told', target })

        assert.is(answer.status, 200, status)
        assert.is(answer.body.toString(), 'body', status)
        assert.ok(answer.complete, status)
      }
    }
  },
  {
    section,
    promise: 'a reason goes out in Latin-1',
    source: 'PEP 3333, Unicode Issues',
    traps: [6],
    except: { http2: 'HTTP/2 has no reason' },
    check: async (wire) => {
      const target = telling(`('200 Schön', [${TYPE}], [b'body'])`)
      await bothWays(wire, { app: 'told', target }, (answer, way) => {
        assert.is(answer.reason, 'Sch\xf6n', way)
        assert.is(answer.body.toString(), 'body', way)
      })
    }
  },
  {
    section,
    promise: 'a status that does not begin with three digits is a 500',
    source: START,
    traps: [20],
    check: (wire) =>
      refuses(
        wire,
        statuses(
          ...[`''`, `' '`, `'OK'`, `'20 OK'`, `'2000 OK'`, `'200OK'`, `' 200 OK'`, `'-20 OK'`],
          ...[`'+20 OK'`, `'2.0 OK'`, `'0x2 OK'`, `'２００ OK'`, `'²²² OK'`, `'200\\xa0OK'`],
          ...[`'HTTP/1.1 200 OK'`, `'000 None'`, `'099 None'`]
        )
      )
  },
  {
    section,
    promise: 'a status that is no str is a 500',
    source: START,
    traps: [20],
    check: (wire) =>
      refuses(wire, statuses('200', `b'200 OK'`, 'None', '200.0', `('200', 'OK')`, `['200 OK']`))
  },
  {
    section,
    promise: 'a status with a control character is a 500, and adds no line to the head',
    source: START,
    traps: [20],
    check: (wire) =>
      refuses(
        wire,
        statuses(
          ...[`'200 OK\\r\\nSet-Cookie: a=b'`, `'200 OK\\nSet-Cookie: a=b'`, `'200 OK\\r'`],
          ...[`'200 OK\\n'`, `'200 OK\\r\\n'`, `'200\\n'`, `'200\\r\\nX: y'`, `'200 O\\x00K'`],
          ...[`'200 O\\x1bK'`, `'200 O\\x7fK'`, `'200 O\\x0bK'`, `'200\\tOK'`]
        )
      )
  },
  {
    section,
    promise: 'a status that is not Latin-1 is a 500',
    source: 'PEP 3333, Unicode Issues',
    traps: [6, 20],
    check: (wire) =>
      // The last two end in 0x0d 0x0a where a server keeps only the low byte of each character.
      refuses(wire, statuses(`'200 €'`, `'200 日本'`, `'200 \\u010d\\u010a'`, `'200 \\ud800'`))
  },
  {
    section,
    promise: 'an interim status is no final response: 500',
    source: 'RFC 9110, 15.2',
    traps: [15],
    check: async (wire) => {
      for (const status of [
        '100 Continue',
        '101 Switching Protocols',
        '103 Early Hints',
        '199 X'
      ]) {
        const answer = await wire.send({
          app: 'told',
          target: telling(`('${status}', [${TYPE}], [b'body'])`)
        })

        assertFailed(answer, status)
        assert.equal(answer.interim, [], status)
      }
    }
  }
]
