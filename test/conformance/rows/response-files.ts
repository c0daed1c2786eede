// wsgi.file_wrapper.
import * as assert from 'uvu/assert'
import type { Row, Wire } from '../row.ts'
import { assertFailed, bothWays, ENDS_WITH_CONNECTION, telling } from './response-telling.ts'

const section = 'Files and hints'
const source = 'PEP 3333, Optional Platform-Specific File Handling'

/** What every file in gallery/wrapping.py holds. */
const CONTENT = Buffer.concat(
  Array.from({ length: 800 }, () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))
)
const CLOSED_ONCE = ['closed']

function wrapping(kind: string, at = 0, headers = ''): { app: string; target: string } {
  return { app: 'wrapping', target: telling(`('${kind}', ${at}, [${headers}])`) }
}

/** `real` is a plain file, which notes nothing; the others count. */
async function assertClosedOnce(wire: Wire, kind: string, what: string): Promise<void> {
  if (kind === 'real') {
    assert.is((await wire.send(wrapping('the last one'))).body.toString(), 'True', what)
  } else {
    assert.equal(await wire.journal(), ['closed'], what)
  }
}

function length(bytes: number): string {
  return `('Content-Length', '${bytes}')`
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'a file in wsgi.file_wrapper arrives whole and is closed once',
    source,
    traps: [4, 22],
    check: async (wire) => {
      for (const kind of ['real', 'subclass', 'memory']) {
        await bothWays(wire, wrapping(kind), async (answer, way) => {
          assert.is(answer.status, 200, `${way} ${kind}`)
          assert.ok(answer.body.equals(CONTENT), `${way} ${kind}: ${answer.body.length} bytes`)
          assert.ok(answer.complete, `${way} ${kind}`)
          await assertClosedOnce(wire, kind, `${way} ${kind}`)
        })
      }
    }
  },
  {
    section,
    promise: 'a file that can only be read is as good: neither close, tell nor fileno are needed',
    source,
    traps: [22],
    check: async (wire) => {
      await bothWays(wire, wrapping('only read'), (answer, way) => {
        assert.is(answer.status, 200, way)
        assert.ok(answer.body.equals(CONTENT), way)
        assert.ok(answer.complete, way)
      })
    }
  },
  {
    section,
    promise: 'a file is sent from where it stands',
    source,
    traps: [22],
    check: async (wire) => {
      for (const kind of ['real', 'subclass', 'memory']) {
        for (const at of [1, 70_001, CONTENT.length, CONTENT.length + 5]) {
          await bothWays(wire, wrapping(kind, at), (answer, way) => {
            assert.ok(answer.body.equals(CONTENT.subarray(at)), `${way} ${kind} from ${at}`)
            assert.ok(answer.complete, `${way} ${kind} from ${at}`)
          })
        }
      }
    }
  },
  {
    section,
    promise:
      'of a file no more is read and sent than its Content-Length, which is nothing to complain of',
    source,
    traps: [14, 22],
    check: async (wire) => {
      for (const kind of ['real', 'subclass', 'memory', 'only read']) {
        await wire.send(wrapping(kind, 0, length(100_003)))
      }
      assert.not.match(await wire.log(), /longer than/)
      for (const kind of ['real', 'subclass', 'memory', 'only read']) {
        for (const bytes of [0, 1, 100_003]) {
          await bothWays(wire, wrapping(kind, 0, length(bytes)), (answer, way) => {
            const what = `${way} ${kind} ${bytes}`
            assert.equal(answer.values('content-length'), [String(bytes)], what)
            assert.ok(answer.body.equals(CONTENT.subarray(0, bytes)), what)
            assert.ok(answer.complete, what)
          })
        }
      }
    }
  },
  {
    section,
    promise: 'a file shorter than its Content-Length ends with the connection',
    source,
    traps: [14, 22],
    check: async (wire) => {
      for (const kind of ['real', 'subclass', 'memory', 'only read']) {
        await bothWays(wire, wrapping(kind, 0, length(CONTENT.length + 1)), (answer, way) => {
          assert.is(answer.status, 200, `${way} ${kind}`)
          assert.is(answer.complete, false, `${way} ${kind}`)
          assert.ok(answer.closed, `${way} ${kind}`)
        })
      }
    }
  },
  {
    section,
    promise: 'a real file gets the Content-Length of what is left of it',
    source: 'mod_wsgi',
    traps: [22],
    check: async (wire) => {
      for (const at of [0, 70_001]) {
        const answer = await wire.send(wrapping('real', at))

        assert.equal(answer.values('content-length'), [String(CONTENT.length - at)])
        assert.is(answer.chunked, false)
      }
    }
  },
  {
    section,
    promise: "a range is the application's: its 206 goes out as it is",
    source: 'PEP 3333, Other HTTP Features',
    traps: [22],
    check: async (wire) => {
      const range = `('Content-Range', 'bytes 1000-1099/${CONTENT.length}')`
      for (const kind of ['real', 'subclass', 'memory']) {
        const ask = wrapping(kind, 1000, `${range}, ${length(100)}`)
        await bothWays(wire, { ...ask, headers: [['Range', 'bytes=1000-1099']] }, (answer, way) => {
          assert.is(answer.status, 206, `${way} ${kind}`)
          assert.equal(answer.values('content-range'), [`bytes 1000-1099/${CONTENT.length}`])
          assert.ok(answer.body.equals(CONTENT.subarray(1000, 1100)), `${way} ${kind}`)
        })
      }
    }
  },
  {
    section,
    promise: 'a Range that the application ignores is ignored',
    source: 'RFC 9110, 14.2',
    traps: [22],
    check: async (wire) => {
      for (const kind of ['real', 'subclass', 'memory']) {
        const headers = [
          ['Range', 'bytes=0-9'],
          ['If-None-Match', '*']
        ] as const
        await bothWays(wire, { ...wrapping(kind), headers }, (answer, way) => {
          assert.is(answer.status, 200, `${way} ${kind}`)
          assert.ok(answer.body.equals(CONTENT), `${way} ${kind}`)
        })
      }
    }
  },
  {
    section,
    promise: 'HEAD closes the file and sends nothing of it',
    source,
    traps: [4, 15, 22],
    check: async (wire) => {
      for (const kind of ['real', 'subclass', 'memory']) {
        const ask = { ...wrapping(kind, 0, length(CONTENT.length)), method: 'HEAD' }
        await bothWays(wire, ask, async (answer, way) => {
          assert.equal(answer.values('content-length'), [String(CONTENT.length)], way)
          assert.is(answer.body.length, 0, way)
          await assertClosedOnce(wire, kind, `${way} ${kind}`)
        })
      }
    }
  },
  {
    section,
    promise: 'a file whose first read() raises is a 500, and is closed once',
    source,
    traps: [4, 22, 26],
    check: async (wire) => {
      assertFailed(await wire.send(wrapping('broken')), 'broken')
      assert.equal(await wire.journal(), CLOSED_ONCE)
      assert.match(await wire.log(), /the disk is gone/)
    }
  },
  {
    section,
    promise: 'a file whose later read() raises cuts the response, and is closed once',
    source,
    traps: [4, 22, 26],
    except: ENDS_WITH_CONNECTION,
    check: async (wire) => {
      for (const headers of ['', length(CONTENT.length)]) {
        const answer = await wire.send(wrapping('breaking', 0, headers))

        assert.is(answer.status, 200, headers)
        assert.is(answer.complete, false, headers)
        assert.ok(answer.body.equals(CONTENT.subarray(0, answer.body.length)), headers)
        assert.equal(await wire.journal(), CLOSED_ONCE, headers)
      }
    }
  },
  {
    section,
    promise: 'a file of text is a 500',
    source: 'PEP 3333, Unicode Issues',
    traps: [22],
    check: async (wire) => {
      assertFailed(await wire.send(wrapping('text')), 'text')
    }
  },
  {
    section,
    promise:
      'a file wrapper gives blocks of its size, 8192 bytes by default, and has a close() if its file does',
    source,
    traps: [22],
    check: async (wire) => {
      const seen = await wire.json({ app: 'examining', validated: true })

      assert.equal(seen, {
        file: true,
        pieces: [8192, 1808],
        asked: [8192],
        own: [4, 4, 2],
        closes: true,
        without: false,
        closed: true
      })
    }
  },
  {
    section,
    promise: 'middleware may read a file wrapper itself',
    source,
    traps: [4, 22],
    check: async (wire) => {
      await bothWays(wire, { app: 'passing_on' }, async (answer, way) => {
        assert.is(answer.body.toString(), 'ABCDEFGH'.repeat(10_000), way)
        assert.equal(await wire.journal(), CLOSED_ONCE, way)
      })
    }
  }
]
