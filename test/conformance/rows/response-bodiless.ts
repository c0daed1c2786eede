// HEAD, 204, 205 and 304: responses without a body.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import { bothWays, head, OK, TYPE, telling } from './response-telling.ts'

const section = 'Response bodies'
const WAYS = ['told', 'yielding', 'writing', 'closing']

export const rows: readonly Row[] = [
  {
    section,
    promise: 'HEAD gets the status and headers of GET, and no body',
    source: 'RFC 9110, 9.3.2',
    traps: [15],
    check: async (wire) => {
      const target = telling(
        `('203 Own', [${TYPE}, ('X-Own', '1'), ('Content-Length', '4')], [b'body'])`
      )
      for (const app of WAYS) {
        await bothWays(wire, { app, target, method: 'HEAD' }, (answer, way) => {
          assert.is(answer.status, 203, way)
          assert.equal(answer.values('x-own'), ['1'], way)
          assert.equal(answer.values('content-type'), ['text/plain'], way)
          assert.equal(answer.values('content-length'), ['4'], way)
          assert.is(answer.body.length, 0, way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'an application that answers HEAD without a body keeps its Content-Length',
    source: 'RFC 9110, 9.3.2',
    traps: [15],
    check: async (wire) => {
      const target = telling(`('200 OK', [${TYPE}, ('Content-Length', '12345')], [])`)
      for (const app of WAYS) {
        await bothWays(wire, { app, target, method: 'HEAD' }, (answer, way) => {
          assert.is(answer.status, 200, way)
          assert.equal(answer.values('content-length'), ['12345'], way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'HEAD is told no Content-Length that GET would not be told',
    source: 'RFC 9110, 8.6',
    traps: [15],
    check: async (wire) => {
      for (const app of WAYS) {
        for (const items of [`[b'body']`, `[b'bo', b'dy']`, '[]']) {
          const target = telling(`(${OK}, ${items})`)
          const get = await wire.send({ app, target })
          const answer = await wire.send({ app, target, method: 'HEAD' })

          assert.is(answer.status, 200, app)
          const lengths = answer.values('content-length')
          // A HEAD response may leave it out; an empty body may be one that the application left out.
          if (lengths.length > 0) {
            assert.equal(lengths, get.values('content-length'), `${app} ${items}`)
          }
        }
      }
    }
  },
  {
    section,
    promise: 'HEAD is told the length of a list, but none of a body that may have been left out',
    source: 'RFC 9110, 8.6',
    traps: [15],
    check: async (wire) => {
      for (const items of [`[b'body']`, `[b'bo', b'dy']`, `(b'body',)`]) {
        const target = telling(`(${OK}, ${items})`)
        const answer = await wire.send({ app: 'told', target, method: 'HEAD' })
        assert.equal(answer.values('content-length'), ['4'], items)
      }
      for (const app of WAYS) {
        const ask = { app, target: telling(`(${OK}, [])`), method: 'HEAD' }
        await bothWays(wire, ask, (answer, way) => {
          assert.equal(answer.values('content-length'), [], way)
        })
      }
    }
  },
  {
    section,
    promise: 'after a HEAD request there is not a byte on the connection beyond the head',
    source: 'RFC 9112, 6.3',
    traps: [15],
    raw: true,
    check: async (wire) => {
      for (const app of WAYS) {
        const connection = await wire.connect()
        const target = telling(`(${OK}, [b'bo', b'dy'])`)
        const lines = 'Connection: close\r\n'
        connection.write(head(wire, { app, target, method: 'HEAD', lines }))

        assert.match(await connection.closed(), /^HTTP\/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+\r\n$/, app)
      }
    }
  },
  {
    section,
    promise: 'an application that fails at HEAD is a 500 without a body',
    source: 'RFC 9110, 9.3.2',
    traps: [15, 26],
    check: async (wire) => {
      for (const literal of [`(${OK}, None)`, `('OK', [], [])`, `(${OK}, ['text'])`]) {
        const answer = await wire.send({ app: 'told', target: telling(literal), method: 'HEAD' })

        assert.is(answer.status, 500, literal)
        assert.is(answer.body.length, 0, literal)
      }
    }
  },
  {
    section,
    promise: '204 has neither a body, nor a length, nor a coding',
    source: 'RFC 9110, 8.6',
    traps: [15],
    check: async (wire) => {
      for (const headers of ['', `('Content-Length', '4')`, `('Content-Length', '0')`]) {
        for (const items of ['[]', `[b'body']`, `[b'bo', b'dy']`]) {
          const target = telling(`('204 No Content', [${headers}], ${items})`)
          for (const app of WAYS) {
            await bothWays(wire, { app, target }, (answer, way) => {
              assert.is(answer.status, 204, way)
              assert.equal(answer.values('content-length'), [], way)
              assert.equal(answer.values('transfer-encoding'), [], way)
              assert.equal(answer.values('content-type'), [], way)
              assert.ok(answer.complete, way)
            })
          }
        }
      }
    }
  },
  {
    section,
    promise: '304 has no body and no coding, and the length that the application gives',
    source: 'RFC 9110, 15.4.5',
    traps: [15],
    check: async (wire) => {
      for (const items of ['[]', `[b'body']`]) {
        for (const app of WAYS) {
          const plain = telling(`('304 Not Modified', [('ETag', '"x"')], ${items})`)
          await bothWays(wire, { app, target: plain }, (answer, way) => {
            assert.is(answer.status, 304, way)
            assert.equal(answer.values('etag'), ['"x"'], way)
            assert.equal(answer.values('content-length'), [], way)
            assert.equal(answer.values('transfer-encoding'), [], way)
            assert.equal(answer.values('content-type'), [], way)
          })
          const long = telling(`('304 Not Modified', [('Content-Length', '4')], ${items})`)
          await bothWays(wire, { app, target: long }, (answer, way) => {
            assert.equal(answer.values('content-length'), ['4'], way)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'not a byte follows the head of 204 and 304',
    source: 'RFC 9112, 6.3',
    traps: [15],
    raw: true,
    check: async (wire) => {
      for (const status of ['204 No Content', '304 Not Modified']) {
        for (const app of WAYS) {
          const connection = await wire.connect()
          const target = telling(`('${status}', [], [b'bo', b'dy'])`)
          connection.write(head(wire, { app, target, lines: 'Connection: close\r\n' }))

          assert.match(await connection.closed(), /^[^\r\n]+\r\n(?:[^\r\n]+\r\n)+\r\n$/, app)
        }
      }
    }
  },
  {
    section,
    promise: '205 has no content',
    source: 'RFC 9110, 15.3.6',
    traps: [15],
    check: async (wire) => {
      for (const app of WAYS) {
        for (const items of ['[]', `[b'body']`]) {
          const target = telling(`('205 Reset Content', [${TYPE}], ${items})`)

          const answer = await wire.send({ app, target })

          assert.is(answer.status, 205, app)
          assert.is(answer.body.length, 0, app)
          assert.ok(answer.complete, app)
        }
      }
    }
  }
]
