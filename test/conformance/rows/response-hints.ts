// wsgi.early_hints: interim responses while the application is still at work.
import * as assert from 'uvu/assert'
import type { Answer, Row } from '../row.ts'
import { assertFailed, bothWays, head, telling } from './response-telling.ts'

const section = 'Files and hints'
const source = 'RFC 8297, 2'
const OLD = { http10: 'HTTP/1.0 has no interim responses' } as const
const STYLE = '</style.css>; rel=preload; as=style'
const SCRIPT = '</script.js>; rel=preload; as=script'

function hinting(...calls: readonly string[]): { app: string; target: string } {
  return { app: 'hinting', target: telling(`[${calls.map((call) => `${call}, `).join('')}]`) }
}

/** Name and value of everything in the interim responses, one list for each of them. */
function hints({ interim }: Answer, name = 'link'): ReadonlyArray<readonly string[]> {
  return interim.map(({ headers }) =>
    headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value)
  )
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'wsgi.early_hints sends a 103 before the response, which is not changed by it',
    source,
    except: OLD,
    check: async (wire) => {
      await bothWays(wire, hinting(`[('Link', '${STYLE}')]`), (answer, way) => {
        assert.equal(
          answer.interim.map(({ status }) => status),
          [103],
          way
        )
        assert.equal(hints(answer), [[STYLE]], way)
        assert.is(answer.status, 200, way)
        assert.equal(answer.values('link'), [], way)
        assert.is(answer.body.toString(), 'final', way)
        assert.ok(answer.complete, way)
      })
    }
  },
  {
    section,
    promise: 'a hint may repeat a header and have others beside it',
    source,
    except: OLD,
    check: async (wire) => {
      const pairs = `[('Link', '${STYLE}'), ('X-Hint', 'one'), ('Link', '${SCRIPT}')]`
      await bothWays(wire, hinting(pairs), (answer, way) => {
        // A list may be sent as one field or as many (RFC 9110, 5.3).
        assert.is(hints(answer).flat().join(', '), `${STYLE}, ${SCRIPT}`, way)
        assert.equal(hints(answer, 'x-hint'), [['one']], way)
        assert.is(answer.status, 200, way)
      })
    }
  },
  {
    section,
    promise: 'hints may be given more than once, and arrive in order',
    source,
    except: OLD,
    check: async (wire) => {
      const ask = hinting(`[('Link', '${STYLE}')]`, `[('Link', '${SCRIPT}')]`)
      await bothWays(wire, ask, (answer, way) => {
        assert.equal(hints(answer), [[STYLE], [SCRIPT]], way)
        assert.is(answer.status, 200, way)
      })
    }
  },
  {
    section,
    promise: 'a hint is with the client before the application goes on',
    source,
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const lines = 'Content-Length: 100000\r\n'
      connection.write(head(wire, { app: 'hinting_first', method: 'POST', lines }))
      await connection.until(STYLE)
      connection.write('x'.repeat(100_000))

      const answer = await connection.answer('POST')

      assert.equal(hints(answer), [[STYLE]])
      assert.is(answer.body.toString(), 'read 100000')
      connection.destroy()
    }
  },
  {
    section,
    promise: 'HTTP/1.0 gets no hints, and the application need not know',
    source: 'RFC 9110, 15.2',
    raw: true,
    check: async (wire) => {
      for (const validated of [false, true]) {
        const connection = await wire.connect()
        const ask = hinting(`[('Link', '${STYLE}')]`)
        connection.write(head(wire, { ...ask, version: '1.0', validated }))

        const text = await connection.closed()

        assert.match(text, /^HTTP\/1\.[01] 200 OK\r\n/)
        assert.match(text, /\r\n\r\nfinal$/)
        assert.not.match(text, /103|style\.css/)
      }
    }
  },
  {
    section,
    promise: 'hints that come after the head do nothing',
    source,
    check: async (wire) => {
      await bothWays(wire, { app: 'hinting_late' }, (answer, way) => {
        assert.is(answer.status, 200, way)
        assert.equal(answer.interim, [], way)
        assert.equal(answer.values('link'), [], way)
        assert.is(answer.body.toString(), 'begun and ended', way)
        assert.ok(answer.complete, way)
      })
    }
  },
  {
    section,
    promise: 'hints that could not be response headers are refused, and nothing of them is sent',
    source: 'RFC 9110, 5.5',
    check: async (wire) => {
      const good = `('Link', '${STYLE}')`
      for (const pairs of [
        `[${good}, ('X-Hint', 'a\\r\\nSet-Cookie: b=c')]`,
        `[('Link', '<a>\\r\\n\\r\\nHTTP/1.1 200 OK')]`,
        `[('Link', '<a>\\n')]`,
        `[('Link', '<\\x00>')]`,
        `[('Link', '<€>')]`,
        `[('Link', '<\\u010d\\u010a>')]`,
        `[${good}, ('X Hint', 'a')]`,
        `[${good}, ('X-Hint\\r\\nY', 'a')]`,
        `[${good}, ('', 'a')]`,
        `[${good}, (b'X-Hint', 'a')]`,
        `[${good}, ('X-Hint', b'a')]`,
        `[${good}, ('X-Hint', None)]`,
        `[${good}, ('X-Hint',)]`
      ]) {
        const answer = await wire.send(hinting(pairs))

        assertFailed(answer, pairs)
        assert.equal(answer.interim, [], pairs)
      }
    }
  },
  {
    section,
    promise: 'headers of the connection and of framing are never in a hint',
    source: 'RFC 9110, 15.2',
    check: async (wire) => {
      for (const name of [
        ...['Connection', 'Keep-Alive', 'Transfer-Encoding', 'Upgrade', 'Trailer', 'TE'],
        'Content-Length'
      ]) {
        const answer = await wire.send(hinting(`[('Link', '${STYLE}'), ('${name}', '5')]`))

        assert.equal(hints(answer, name.toLowerCase()).flat(), [], name)
        assert.ok(answer.status === 500 || answer.body.toString() === 'final', name)
        assert.ok(answer.complete, name)
      }
    }
  },
  {
    section,
    promise: 'the connection goes on after hints',
    source: 'RFC 9110, 15.2',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      for (const link of [STYLE, SCRIPT]) {
        connection.write(head(wire, hinting(`[('Link', '${link}')]`)))

        const answer = await connection.answer()

        assert.equal(hints(answer), [[link]])
        assert.is(answer.body.toString(), 'final')
      }
      connection.destroy()
    }
  }
]
