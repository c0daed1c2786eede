// What an application may return, and what it may not.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import { assertFailed, bothWays, OK, refuses, TYPE, telling } from './response-telling.ts'

const section = 'The iterable'
const SPECIFICATION = 'PEP 3333, Specification Details'

const KINDS = [
  ...['list', 'tuple', 'generator', 'iterator', 'map', 'deque', 'keys', '__iter__'],
  ...['__getitem__', 'file']
]

export const rows: readonly Row[] = [
  {
    section,
    promise: 'every kind of iterable of bytes is a response',
    source: SPECIFICATION,
    check: async (wire) => {
      for (const kind of KINDS) {
        await bothWays(wire, { app: 'iterables', target: `/?${kind}` }, (answer, way) => {
          assert.is(answer.status, 200, way)
          assert.is(answer.body.toString(), 'one\ntwo\nthree\n', way)
          assert.ok(answer.complete, way)
        })
      }
    }
  },
  {
    section,
    promise: 'what is no iterable of bytes is a 500: None, text, numbers, bytes themselves',
    source: SPECIFICATION,
    check: (wire) =>
      refuses(
        wire,
        [`None`, `'text'`, `7`, `7.5`, `True`, `b'bytes'`, `{'a': b'b'}`].map(
          (returned) => `(${OK}, ${returned})`
        )
      )
  },
  {
    section,
    promise: 'a first item that is not bytes is a 500',
    source: 'PEP 3333, Unicode Issues',
    check: async (wire) => {
      for (const item of [`'text'`, `''`, 'None', '7', `[b'x']`, 'True']) {
        for (const items of [`[${item}]`, `[${item}, b'x']`, `[b'', ${item}]`]) {
          for (const app of ['told', 'yielding', 'closing']) {
            const target = telling(`(${OK}, ${items})`)

            assertFailed(await wire.send({ app, target }), `${app} ${items}`)
          }
        }
      }
    }
  },
  {
    section,
    promise: 'bytearray and memoryview are not bytes: a 500',
    source: 'PEP 3333, A Note On String Types',
    check: async (wire) => {
      for (const kind of ['bytearray', 'memoryview', 'array']) {
        for (const way of ['item', 'only item', 'write']) {
          const target = telling(`('${kind}', '${way}')`)

          assertFailed(await wire.send({ app: 'buffers', target }), `${kind} ${way}`)
        }
      }
    }
  },
  {
    section,
    promise: 'a later item that is not bytes is no part of the response, which is visibly cut',
    source: 'PEP 3333, Unicode Issues',
    traps: [26],
    check: async (wire) => {
      const target = telling(
        `('200 OK', [${TYPE}, ('Content-Length', '9')], [b'one', 'two', b'thr'])`
      )

      const answer = await wire.send({ app: 'yielding', target })

      assert.is(answer.status, 200)
      assert.is(answer.body.toString(), 'one')
      assert.is(answer.complete, false)
    }
  },
  {
    section,
    promise: 'an item in a list that is not bytes is never part of a whole response',
    source: 'PEP 3333, Unicode Issues',
    traps: [26],
    check: async (wire) => {
      for (const length of ['', `, ('Content-Length', '9')`]) {
        const target = telling(`('200 OK', [${TYPE}${length}], [b'one', 'two', b'thr'])`)

        const answer = await wire.send({ app: 'told', target })

        assert.ok(answer.status === 500 || !answer.complete, length)
        assert.not.match(answer.body.toString(), 'thr', length)
      }
    }
  },
  {
    section,
    promise: 'empty items end nothing',
    source: 'RFC 9112, 7.1',
    traps: [5],
    check: async (wire) => {
      for (const items of [`[b'a', b'', b'b', b'']`, `[b'', b'a', b'', b'', b'b']`]) {
        for (const app of ['told', 'yielding', 'writing', 'closing']) {
          const ask = { app, target: telling(`(${OK}, ${items})`) }
          await bothWays(wire, ask, (answer, way) => {
            assert.is(answer.body.toString(), 'ab', way)
            assert.ok(answer.complete, way)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'an iterable without items is an empty body',
    source: 'PEP 3333, Buffering and Streaming',
    check: async (wire) => {
      for (const items of ['[]', '()', '{}', `[b'']`, `[b'', b'']`]) {
        for (const app of ['told', 'yielding', 'writing', 'closing']) {
          const ask = { app, target: telling(`(${OK}, ${items})`) }
          await bothWays(wire, ask, (answer, way) => {
            assert.is(answer.status, 200, way)
            assert.is(answer.body.length, 0, way)
            assert.ok(answer.complete, way)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'a len() that says more items than there are costs none of them',
    source: 'PEP 3333, Handling the Content-Length Header',
    traps: [27],
    check: async (wire) => {
      for (const closes of ['True', 'False']) {
        for (const [length, items, body] of [
          [5, `[b'one', b'two']`, 'onetwo'],
          [5, `[b'one']`, 'one'],
          [1, `[]`, '']
        ] as const) {
          const target = telling(`(${length}, ${items}, ${closes})`)

          const answer = await wire.send({ app: 'lying_length', target })

          assert.is(answer.status, 200, target)
          assert.is(answer.body.toString(), body, target)
          assert.ok(answer.complete, target)
        }
      }
    }
  },
  {
    section,
    promise: 'a len() that says fewer items than there are never breaks the framing',
    source: 'PEP 3333, Handling the Content-Length Header',
    traps: [27],
    check: async (wire) => {
      for (const closes of ['True', 'False']) {
        for (const length of [0, 1, 2]) {
          const target = telling(`(${length}, [b'one', b'two', b'three'], ${closes})`)

          const answer = await wire.send({ app: 'lying_length', target })

          assert.is(answer.status, 200, target)
          assert.ok('onetwothree'.startsWith(answer.body.toString()), target)
          const lengths = answer.values('content-length')
          if (lengths.length > 0) assert.equal(lengths, [String(answer.body.length)], target)
        }
      }
    }
  },
  {
    section,
    promise: 'a len() that raises is a failure of the application, and its worker survives',
    source: 'PEP 3333, Handling the Content-Length Header',
    traps: [27],
    check: async (wire) => {
      const target = telling(`(-1, [b'one', b'two'], True)`)

      const answer = await wire.send({ app: 'lying_length', target })

      // A server need not ask; one that does and is not told has nothing to answer with.
      assert.ok(answer.status === 500 || answer.body.toString() === 'onetwo')
      assert.ok(answer.complete)
      assert.equal(await wire.journal(), ['closed'])
    }
  }
]
