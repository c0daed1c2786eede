// How large and how slow a request may be: limits and timeouts, each with its status.
import * as assert from 'uvu/assert'
import { request } from '../http1-text.ts'
import { type Row, STRICT, type Wire } from '../row.ts'

const section = 'What is refused'
const OWN_SERVER = "it is an option of the server, which is somebody else's here"

/** A request in bytes whose answer has this status, and after which the connection is closed. */
async function assertStatus(wire: Wire, text: string, status: number): Promise<void> {
  const connection = await wire.connect()
  connection.write(text)
  const answer = await connection.answer()
  assert.is(answer.status, status)
  if (status >= 400) {
    const all = await connection.closed()
    assert.is(all.match(/HTTP\/1\.1 \d\d\d /g)?.length, 1)
  }
  connection.destroy()
}

/** A request whose line has this many bytes, without its line end. */
function lineOf(wire: Wire, bytes: number): string {
  const rest = `GET ${wire.prefix}/ HTTP/1.1`.length
  return request(wire, 'mirror', { target: `/${'a'.repeat(bytes - rest)}` })
}

/** A request with this many header lines, Host and those that pick the application among them. */
function countOf(wire: Wire, count: number): string {
  const picking = request(wire, 'mirror').split('\r\n').length - 3
  const lines = Array.from({ length: count - picking }, (_, index) => `X-${index}: x`)
  return request(wire, 'mirror', { lines })
}

/** How long something may take to be called cut by a timeout, and not for some other reason. */
async function timed(action: () => Promise<void>): Promise<void> {
  const startedAt = performance.now()
  await action()
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs > STRICT.timeoutMs / 2, `cut after ${tookMs} ms already`)
}

export const rows: readonly Row[] = [
  {
    section,
    promise:
      'a request line of more than request_line_limit is a 414, and one as long as that is not',
    source: 'RFC 9112, 3',
    raw: true,
    strict: true,
    check: async (wire) => {
      await assertStatus(wire, lineOf(wire, STRICT.requestLineLimitBytes), 200)
      await assertStatus(wire, lineOf(wire, STRICT.requestLineLimitBytes + 1), 414)
      assert.equal(await wire.journal(), ['mirror'])
    }
  },
  {
    section,
    promise: 'a target that is far too long is a 414 in every version of HTTP',
    source: 'RFC 9110, 15.5.15',
    strict: true,
    check: async (wire) => {
      const target = `/${'a'.repeat(2 * STRICT.requestLineLimitBytes)}`

      assert.is((await wire.send({ app: 'mirror', target })).status, 414)
      assert.equal(await wire.journal(), [])
    }
  },
  {
    section,
    promise: 'a request line may have 8190 bytes unless something else is said',
    source: 'RFC 9112, 3; mod_wsgi: LimitRequestLine',
    raw: true,
    check: async (wire) => {
      await assertStatus(wire, lineOf(wire, 8190), 200)
      await assertStatus(wire, lineOf(wire, 8191), 414)
    }
  },
  {
    section,
    promise: 'more header lines than header_count_limit are a 431, and as many as that are not',
    source: 'RFC 6585, 5',
    raw: true,
    strict: true,
    check: async (wire) => {
      await assertStatus(wire, countOf(wire, STRICT.headerCountLimit), 200)
      await assertStatus(wire, countOf(wire, STRICT.headerCountLimit + 1), 431)
      await assertStatus(wire, countOf(wire, STRICT.headerCountLimit * 10), 431)
      assert.equal(await wire.journal(), ['mirror'])
    }
  },
  {
    section,
    promise: 'a request may have 100 header lines unless something else is said',
    source: 'mod_wsgi: LimitRequestFields',
    raw: true,
    check: async (wire) => {
      await assertStatus(wire, countOf(wire, 100), 200)
      await assertStatus(wire, countOf(wire, 101), 431)
    }
  },
  {
    section,
    promise: 'far too many header lines are a 431 in every version of HTTP',
    source: 'RFC 6585, 5',
    strict: true,
    check: async (wire) => {
      const count = 2 * STRICT.headerCountLimit
      const headers = Array.from({ length: count }, (_, index) => [`x-${index}`, 'x'] as const)

      assert.is((await wire.send({ app: 'mirror', headers })).status, 431)
      assert.equal(await wire.journal(), [])
    }
  },
  {
    section,
    promise: 'header lines of more than header_limit in all are a 431',
    source: 'RFC 6585, 5',
    strict: true,
    except: { plugin: OWN_SERVER },
    check: async (wire) => {
      const half = 'a'.repeat(STRICT.headerLimitBytes / 2 + 1)
      const one = [['x-a', half]] as const

      const within = await wire.send({ app: 'mirror', headers: one })
      const beyond = await wire.send({ app: 'mirror', headers: [...one, ['x-b', half]] })

      assert.is(within.status, 200)
      assert.is(beyond.status, 431)
    }
  },
  {
    section,
    promise: 'header_limit counts every byte of the lines, and that many are allowed',
    source: 'RFC 6585, 5',
    raw: true,
    strict: true,
    except: { plugin: OWN_SERVER },
    check: async (wire) => {
      const bare = request(wire, 'mirror', { lines: ['X-A: '] })
      const fields = bare.length - bare.indexOf('\r\n') - 4
      const filled = (bytes: number): string =>
        request(wire, 'mirror', { lines: [`X-A: ${'a'.repeat(bytes - fields)}`] })

      await assertStatus(wire, filled(STRICT.headerLimitBytes), 200)
      await assertStatus(wire, filled(STRICT.headerLimitBytes + 1), 431)
      assert.equal(await wire.journal(), ['mirror'])
    }
  },
  {
    section,
    promise: 'so is a header that does not seem to end',
    source: 'RFC 6585, 5',
    raw: true,
    strict: true,
    check: async (wire) => {
      const start = request(wire, 'mirror').slice(0, -2)

      await assertStatus(wire, `${start}X-Long: ${'a'.repeat(200_000)}`, 431)
      await assertStatus(wire, `${start}${'a'.repeat(200_000)}`, 431)
    }
  },
  {
    section,
    promise:
      'a body that is announced as larger than body_limit is a 413, and no application is called',
    source: 'RFC 9110, 15.5.14',
    strict: true,
    check: async (wire) => {
      const largest = 'x'.repeat(STRICT.bodyLimitBytes)

      const within = await wire.send({ app: 'reading', method: 'POST', body: largest })
      const noted = await wire.journal()
      const beyond = await wire.send({ app: 'reading', method: 'POST', body: `${largest}x` })

      assert.is(within.status, 200)
      assert.equal(noted, [`read ${STRICT.bodyLimitBytes}`])
      assert.is(beyond.status, 413)
      assert.equal(await wire.journal(), [])
    }
  },
  {
    section,
    promise: 'a client that asks before it sends such a body is told 413, and not to go on',
    source: 'RFC 9110, 10.1.1',
    traps: [13],
    raw: true,
    strict: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const lines = ['Expect: 100-continue', `Content-Length: ${STRICT.bodyLimitBytes + 1}`]

      connection.write(request(wire, 'reading', { method: 'POST', lines }))
      const { status, interim } = await connection.answer()
      connection.destroy()

      assert.is(status, 413)
      assert.equal(interim, [])
    }
  },
  {
    section,
    promise: 'a body that turns out to be larger is a 413 where the application reads it',
    source: 'RFC 9110, 15.5.14',
    strict: true,
    except: { http10: 'HTTP/1.0 has no bodies of unknown length' },
    check: async (wire) => {
      const chunk = 'x'.repeat(STRICT.bodyLimitBytes / 2)

      const within = await wire.send({ app: 'reading', method: 'POST', chunks: [chunk, chunk] })
      const noted = await wire.journal()
      const chunks = [chunk, chunk, 'x']
      const beyond = await wire.send({ app: 'reading', method: 'POST', chunks })

      assert.is(within.status, 200)
      assert.equal(noted, [`read ${STRICT.bodyLimitBytes}`])
      assert.is(beyond.status, 413)
      const [note, ...others] = await wire.journal()
      assert.match(note ?? '', /^reading \w+$/)
      assert.equal(others, [])
    }
  },
  {
    section,
    promise: 'a head that takes longer than header_timeout is a 408',
    source: 'RFC 9110, 15.5.9',
    raw: true,
    strict: true,
    except: { plugin: OWN_SERVER },
    check: (wire) =>
      timed(async () => {
        await assertStatus(wire, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', 408)
      })
  },
  {
    section,
    promise: 'a head that comes drop by drop takes no longer than that',
    source: 'RFC 9110, 15.5.9; Slowloris',
    raw: true,
    strict: true,
    except: { plugin: OWN_SERVER },
    check: (wire) =>
      timed(async () => {
        const connection = await wire.connect()
        connection.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
        const drops = setInterval(() => connection.write('a'), STRICT.timeoutMs / 10)
        try {
          assert.is((await connection.answer()).status, 408)
          await connection.closed()
        } finally {
          clearInterval(drops)
          connection.destroy()
        }
      })
  },
  {
    section,
    promise: 'a connection on which nothing is asked is closed, the first time and later',
    source: 'RFC 9112, 9.5',
    raw: true,
    strict: true,
    except: { plugin: OWN_SERVER },
    check: async (wire) => {
      const silent = await wire.connect()
      const asked = await wire.connect()
      asked.write(request(wire, 'mirror'))
      await asked.answer()

      assert.match(await silent.closed(), /^(HTTP\/1\.1 408 [\s\S]*)?$/)
      const text = await asked.closed()
      assert.is(text.match(/HTTP\/1\.1 200 /g)?.length, 1)
    }
  },
  {
    section,
    promise: 'a small body that stands still for longer than body_timeout is a 408',
    source: 'RFC 9110, 15.5.9',
    raw: true,
    strict: true,
    check: (wire) =>
      timed(async () => {
        const lines = ['Content-Length: 10']
        await assertStatus(wire, request(wire, 'reading', { lines, body: 'hello' }), 408)
        const noted = (await wire.journal()).filter((note) => note !== 'reading OSError')
        assert.equal(noted, [])
      })
  },
  {
    section,
    promise: 'a large one, or one in chunks, is an OSError to the application as well',
    source: 'RFC 9110, 15.5.9',
    traps: [11],
    raw: true,
    strict: true,
    check: (wire) =>
      timed(async () => {
        const starts = [
          { lines: ['Content-Length: 90000'], body: 'hello' },
          { lines: ['Transfer-Encoding: chunked'], body: '5\r\nhello\r\n' }
        ]
        for (const start of starts) {
          await assertStatus(wire, request(wire, 'reading', start), 408)
          assert.equal(await wire.journal(), ['reading OSError'])
        }
      })
  },
  {
    section,
    promise: 'when the response has begun, such a body cuts it',
    source: 'RFC 9112, 8',
    traps: [11, 26],
    raw: true,
    strict: true,
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(
        request(wire, 'reading_late', { lines: ['Content-Length: 90000'], body: 'hello' })
      )
      const { status, complete } = await connection.answer()
      connection.destroy()

      assert.is(status, 200)
      assert.not.ok(complete)
      assert.equal(await wire.journal(), ['reading OSError'])
    }
  },
  {
    section,
    promise: 'a body that nobody reads is not waited for longer than body_timeout',
    source: 'RFC 9112, 9.6',
    raw: true,
    strict: true,
    except: { plugin: OWN_SERVER },
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(request(wire, 'mirror', { lines: ['Content-Length: 90000'], body: 'hello' }))
      const { status } = await connection.answer()
      await connection.closed()

      assert.is(status, 200)
      assert.equal(await wire.journal(), ['mirror'])
    }
  },
  {
    section,
    promise: 'whatever was refused, the next client is served',
    source: 'RFC 9110, 15',
    strict: true,
    check: async (wire) => {
      assert.is((await wire.send({ app: 'mirror', validated: true })).status, 200)
    }
  }
]
