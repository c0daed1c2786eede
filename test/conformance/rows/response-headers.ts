// Header fields: what arrives, and in which containers, names and values they may not come.
import * as assert from 'uvu/assert'
import type { Row } from '../row.ts'
import { bothWays, refuses, TYPE, telling } from './response-telling.ts'

const section = 'Response headers'
const START = 'PEP 3333, The start_response() Callable'
const UNICODE = 'PEP 3333, Unicode Issues'

function named(...names: readonly string[]): readonly string[] {
  return names.map((name) => `('200 OK', [${TYPE}, (${name}, 'value')], [b'body'])`)
}

function valued(...values: readonly string[]): readonly string[] {
  return values.map((value) => `('200 OK', [${TYPE}, ('X-App-Said', ${value})], [b'body'])`)
}

function contained(...containers: readonly string[]): readonly string[] {
  return containers.map((container) => `('200 OK', ${container}, [b'body'])`)
}

const CONTROLS = Array.from({ length: 33 }, (_, code) => (code === 32 ? 127 : code))
  // RFC 9110, 5.5 allows a tab inside of a value.
  .filter((code) => code !== 9)
  .map((code) => `\\x${code.toString(16).padStart(2, '0')}`)

export const rows: readonly Row[] = [
  {
    section,
    promise: 'a header that is repeated arrives as often, in its order, and is not folded',
    source: 'RFC 9110, 5.3',
    traps: [17],
    check: async (wire) => {
      for (const name of [
        'Set-Cookie',
        'WWW-Authenticate',
        'Link',
        'Vary',
        'Via',
        'Warning',
        'X-It'
      ]) {
        const values = ['b=1; Path=/', 'a=2, c', 'b=1; Path=/']
        const fields = values.map((value) => `('${name}', '${value}')`).join(', ')
        const target = telling(`('200 OK', [${TYPE}, ${fields}], [b'body'])`)
        await bothWays(wire, { app: 'told', target }, (answer, way) => {
          assert.equal(answer.values(name), values, `${way} ${name}`)
        })
      }
    }
  },
  {
    section,
    promise: 'a header repeated in another case is the same header',
    source: 'RFC 9110, 5.1',
    traps: [17],
    check: async (wire) => {
      for (const name of ['Set-Cookie', 'Link', 'X-It']) {
        const [upper, lower] = [name.toUpperCase(), name.toLowerCase()]
        const fields = `('${name}', 'a=1'), ('X-Other', 'x'), ('${upper}', 'b=2'), ('${lower}', 'c=3')`
        const target = telling(`('200 OK', [${TYPE}, ${fields}], [b'body'])`)
        for (const app of ['told', 'yielding']) {
          await bothWays(wire, { app, target }, (answer, way) => {
            assert.equal(answer.values(name), ['a=1', 'b=2', 'c=3'], way)
            assert.equal(answer.values('x-other'), ['x'], way)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'a value goes out in Latin-1, byte for byte',
    source: UNICODE,
    traps: [6],
    check: async (wire) => {
      const every = Array.from({ length: 96 }, (_, index) => String.fromCharCode(160 + index))
      const value = `é${every.join('')}x`
      const target = telling(`('200 OK', [${TYPE}, ('X-Latin', '${value}')], [b'body'])`)
      for (const app of ['told', 'yielding']) {
        await bothWays(wire, { app, target }, (answer, way) => {
          assert.equal(answer.values('x-latin'), [value], way)
          assert.is(answer.body.toString(), 'body', way)
        })
      }
    }
  },
  {
    section,
    promise: 'a body beside a Latin-1 header arrives byte for byte',
    source: UNICODE,
    traps: [6],
    check: async (wire) => {
      const type = `('Content-Type', 'text/plain; charset=utf-8'), ('X-Latin', 'é')`
      const target = telling(`('200 OK', [${type}], [b'\\xc3\\xa9\\xff\\x00'])`)
      await bothWays(wire, { app: 'told', target }, (answer, way) => {
        assert.equal([...answer.body], [0xc3, 0xa9, 0xff, 0], way)
        assert.equal(answer.values('x-latin'), ['é'], way)
      })
    }
  },
  {
    section,
    promise: 'every character of a token may be in a name, and it may mean something in JavaScript',
    source: 'RFC 9110, 5.6.2',
    check: async (wire) => {
      for (const name of [
        ...['X_Under_Score', 'x.y', '7', '!#$%&*+-.^_`|~09azAZ'],
        ...['__proto__', 'constructor', 'toString', 'hasOwnProperty']
      ]) {
        const target = telling(`('200 OK', [${TYPE}, ('${name}', 'value')], [b'body'])`)

        const answer = await wire.send({ app: 'told', target })

        assert.is(answer.status, 200, name)
        assert.equal(answer.values(name), ['value'], name)
      }
    }
  },
  {
    section,
    promise: 'a value may be empty, long, and have commas, quotes and colons',
    source: 'RFC 9110, 5.5',
    check: async (wire) => {
      for (const value of ['', 'x'.repeat(4000), 'a, "b": c; d=\\"e\\"', 'a  b', '%0d%0a']) {
        const target = telling(`('200 OK', [${TYPE}, ('X-Value', '${value}')], [b'body'])`)
        await bothWays(wire, { app: 'told', target }, (answer, way) => {
          assert.equal(answer.values('x-value'), [value.replaceAll('\\', '')], way)
        })
      }
    }
  },
  {
    section,
    promise: 'a hundred headers arrive, all of them',
    source: 'RFC 9110, 5.4',
    check: async (wire) => {
      const names = Array.from({ length: 100 }, (_, index) => `X-${index}`)
      const fields = names.map((name) => `('${name}','v')`).join(',')
      const target = telling(`('200 OK', [${TYPE}, ${fields}], [b'body'])`)
      await bothWays(wire, { app: 'told', target }, (answer, way) => {
        assert.equal(
          names.filter((name) => answer.values(name).join() !== 'v'),
          [],
          way
        )
      })
    }
  },
  {
    section,
    promise: 'a name that is no token is a 500',
    source: 'RFC 9110, 5.1',
    traps: [16],
    check: (wire) =>
      refuses(
        wire,
        named(
          ...[`''`, `' '`, `'X App'`, `'X-App '`, `' X-App'`, `'X-App:'`, `':X-App'`, `'X/Y'`],
          ...[`'X(Y)'`, `'"X"'`, `'X=Y'`, `'X,Y'`, `'X;Y'`, `'{X}'`, `'X@Y'`, `'X\\\\Y'`],
          ...[`':status'`, `'Xé'`, `'X€'`, `'X\\xadY'`]
        )
      )
  },
  {
    section,
    promise: 'a control character in a name is a 500, and adds no line to the head',
    source: START,
    traps: [16],
    check: (wire) =>
      refuses(
        wire,
        named(
          ...CONTROLS.map((control) => `'X-${control}Y'`),
          ...[`'X\\tY'`, `'X: y\\r\\nSet-Cookie'`, `'X\\n'`, `'\\r\\nX'`, `'X\\r\\n\\r\\nbody'`]
        )
      )
  },
  {
    section,
    promise: 'a control character in a value is a 500, and adds no line to the head',
    source: START,
    check: (wire) =>
      refuses(
        wire,
        valued(
          ...CONTROLS.map((control) => `'a${control}b'`),
          ...[`'a\\r\\nSet-Cookie: b=c'`, `'a\\r\\n\\r\\n<html>'`, `'a\\n'`, `'\\r\\n'`],
          // A folded line is a line break, too.
          ...[`'a\\r\\n b'`, `'a\\n\\tb'`]
        )
      )
  },
  {
    section,
    promise: 'a value that is not Latin-1 is a 500',
    source: UNICODE,
    traps: [6],
    check: (wire) =>
      // Of the third and fourth the low bytes are CR LF, as a careless conversion would keep them.
      refuses(
        wire,
        valued(`'€'`, `'日本'`, `'\\u010d\\u010aSet-Cookie: a=b'`, `'\\u560d\\u560a'`, `'\\ud800'`)
      )
  },
  {
    section,
    promise: 'names and values that are no str are a 500',
    source: START,
    check: (wire) =>
      refuses(wire, [
        ...named(`b'X-App'`, 'None', '1', `('X',)`),
        ...valued(`b'value'`, 'None', '1', '1.5', `['value']`, 'True')
      ])
  },
  {
    section,
    promise: 'headers that are no list of pairs are a 500',
    source: START,
    check: (wire) =>
      refuses(
        wire,
        contained(
          ...[`(${TYPE},)`, '()', 'None', `{'Content-Type': 'text/plain'}`, `''`, '7'],
          ...[`'Content-Type: text/plain'`, `[['Content-Type', 'text/plain']]`, '[()]', '[None]'],
          ...[`[('Content-Type',)]`, `[('Content-Type', 'text/plain', '')]`, `['XY']`, '[{}]'],
          ...[`[b'XY']`, `[{'X': 1, 'Y': 2}]`]
        )
      )
  },
  {
    section,
    promise: 'a generator or a map of headers is a 500',
    source: START,
    check: async (wire) => {
      for (const kind of ['generator', 'map', 'items']) {
        const answer = await wire.send({ app: 'odd_headers', target: `/?${kind}` })

        assert.is(answer.status, 500, kind)
        assert.equal(answer.values('x-app-said'), [], kind)
      }
    }
  }
]
