// Which header lines reach the environ, under which keys, and as what.
import * as assert from 'uvu/assert'
import { mirror, mirrorRaw, only } from '../mirror.ts'
import type { Row } from '../row.ts'

const section = 'The environ'
const HTTP_VARIABLES = 'RFC 3875, 4.1.18'

/** All that RFC 9110, 5.5 lets a value have, but for the space at its ends. */
const VALUE_BYTES = `!${String.fromCharCode(
  ...Array.from({ length: 256 }, (_, code) => code).filter(
    (code) => code === 9 || (code >= 32 && code !== 127)
  )
)}!`

/** What Node's own `headers` keep only the first of. */
const FIRST_ONLY =
  'Age Authorization ETag Expires From If-Modified-Since If-Unmodified-Since Last-Modified Location Max-Forwards Proxy-Authorization Referer Retry-After Server User-Agent'

const keyOf = (name: string): string => `HTTP_${name.toUpperCase().replaceAll('-', '_')}`

export const rows: readonly Row[] = [
  {
    section,
    promise: 'a header becomes HTTP_ and its name in capitals, whatever case it came in',
    source: HTTP_VARIABLES,
    check: async (wire) => {
      const headers = [
        ['x-lower', '1'],
        ['X-UPPER', '2'],
        ['X-mIxEd-2', '3']
      ] as const

      const { text } = await mirror(wire, { headers })

      assert.equal([text.HTTP_X_LOWER, text.HTTP_X_UPPER, text.HTTP_X_MIXED_2], ['1', '2', '3'])
    }
  },
  {
    section,
    promise: 'Content-Type and Content-Length have keys without HTTP_, and no others',
    source: 'PEP 3333, environ Variables; RFC 3875, 4.1.2 and 4.1.3',
    traps: [10],
    check: async (wire) => {
      const headers = [['Content-Type', 'text/x-odd;  Q="é"']] as const

      const { text } = await mirror(wire, { method: 'POST', headers, body: 'four' })

      assert.is(text.CONTENT_TYPE, 'text/x-odd;  Q="é"')
      assert.is(text.CONTENT_LENGTH, '4')
      assert.not.ok('HTTP_CONTENT_TYPE' in text)
      assert.not.ok('HTTP_CONTENT_LENGTH' in text)
    }
  },
  {
    section,
    promise: 'without Content-Type and Content-Length their keys are absent, or empty',
    source: 'PEP 3333, environ Variables',
    traps: [10],
    check: async (wire) => {
      const { text } = await mirror(wire)

      assert.is(text.CONTENT_TYPE ?? '', '')
      assert.is(text.CONTENT_LENGTH ?? '', '')
    }
  },
  {
    section,
    promise: 'a Content-Type that is none reaches the application as it is',
    source: 'PEP 3333, environ Variables: the contents of any Content-Type fields',
    check: async (wire) => {
      for (const type of ['nonsense', 'text/', '/', 'text/plain; charset="', 'a b c']) {
        const headers = [['Content-Type', type]] as const
        const { text } = await mirror(wire, { method: 'POST', headers, body: 'x' })
        assert.is(text.CONTENT_TYPE, type)
      }
    }
  },
  {
    section,
    promise: 'a Content-Length of 0 is told',
    source: 'RFC 3875, 4.1.2',
    check: async (wire) => {
      const { text } = await mirror(wire, { method: 'POST', body: '' })

      assert.is(text.CONTENT_LENGTH, '0')
    }
  },
  {
    section,
    promise: 'a body without a length has no CONTENT_LENGTH, and its coding is not to be seen',
    source: 'RFC 9112, 7.1.3: the coding is removed with the chunks',
    traps: [11],
    except: { http10: 'HTTP/1.0 has no chunks' },
    check: async (wire) => {
      const { text } = await mirror(wire, { method: 'POST', chunks: ['one', 'two'] })

      assert.is(text.CONTENT_LENGTH ?? '', '')
      assert.not.ok('HTTP_TRANSFER_ENCODING' in text)
    }
  },
  {
    section,
    promise: 'the values of a repeated header are one, in their order, with commas between them',
    source: 'RFC 9110, 5.3',
    traps: [17],
    check: async (wire) => {
      const headers = [
        ['X-Many', 'one'],
        ['X-Other', 'between'],
        ['x-many', 'two, three'],
        ['X-Many', 'four']
      ] as const

      const { text } = await mirror(wire, { headers })

      assert.is(text.HTTP_X_MANY, 'one, two, three, four')
    }
  },
  {
    section,
    promise: 'no value is lost of a header that Node keeps only the first of',
    source: 'RFC 9110, 5.3',
    traps: [17],
    raw: true,
    check: async (wire) => {
      const names = FIRST_ONLY.split(' ')
      const lines = names.flatMap((name) => [`${name}: one`, `${name}: two`])

      const { text } = await mirrorRaw(wire, `GET ${wire.prefix}/ HTTP/1.1`, 'Host: x', ...lines)

      for (const name of names) assert.is(text[keyOf(name)], 'one, two', name)
    }
  },
  {
    section,
    promise: 'cookies that came in several lines are one, with semicolons between them',
    source: 'RFC 6265, 5.4; RFC 9113, 8.2.3',
    traps: [17],
    check: async (wire) => {
      const headers = [
        ['Cookie', 'a=1; b=2'],
        ['Cookie', 'c=3,4']
      ] as const

      const { text } = await mirror(wire, { headers })

      assert.is(text.HTTP_COOKIE, 'a=1; b=2; c=3,4')
    }
  },
  {
    section,
    promise: 'an empty value is an empty str',
    source: HTTP_VARIABLES,
    check: async (wire) => {
      const { text } = await mirror(wire, { headers: [['X-Empty', '']] })

      assert.is(text.HTTP_X_EMPTY, '')
    }
  },
  {
    section,
    promise: 'spaces and tabs around a value are no part of it, and those within it are',
    source: 'RFC 9110, 5.5',
    raw: true,
    check: async (wire) => {
      const { text } = await mirrorRaw(
        wire,
        `GET ${wire.prefix}/ HTTP/1.1`,
        'Host: x',
        'X-Wide: \t  a \t b\t ',
        'X-Tight:a',
        'X-Blank: \t '
      )

      assert.is(text.HTTP_X_WIDE, 'a \t b')
      assert.is(text.HTTP_X_TIGHT, 'a')
      assert.is(text.HTTP_X_BLANK, '')
    }
  },
  {
    section,
    promise: 'the bytes of a value are the characters of a str, each of them',
    source: 'PEP 3333, Unicode Issues',
    traps: [6],
    check: async (wire) => {
      const { text } = await mirror(wire, { headers: [['X-Bytes', VALUE_BYTES]] })

      assert.is(text.HTTP_X_BYTES, VALUE_BYTES)
    }
  },
  {
    section,
    promise: 'a long value comes whole, however long it is',
    source: 'RFC 9110, 5.4',
    check: async (wire) => {
      for (const length of [127, 128, 254, 255, 256, 257, 6800]) {
        for (const value of [
          'a'.repeat(length),
          'é0123456789abcdef'.repeat(400).slice(0, length)
        ]) {
          const { text } = await mirror(wire, { headers: [['X-Long', value]] })

          assert.is(text.HTTP_X_LONG, value, `${length}`)
        }
      }
    }
  },
  {
    section,
    promise: 'a header with an underscore does not reach the application',
    source: 'mod_wsgi; CVE-2015-0219',
    traps: [18],
    check: async (wire) => {
      const headers = [
        ['X_Real_Ip', '192.0.2.1'],
        ['X-Real-Ip', '192.0.2.2'],
        ['X-Real_Ip', '192.0.2.3'],
        ['Content_Type', 'text/forged'],
        ['Content_Length', '7'],
        ['X_App', 'stray']
      ] as const

      const { text } = await mirror(wire, { headers })

      assert.is(text.HTTP_X_REAL_IP, '192.0.2.2')
      assert.is(text.HTTP_X_APP, 'mirror')
      assert.is(text.CONTENT_TYPE ?? '', '')
      assert.is(text.CONTENT_LENGTH ?? '', '')
      assert.not.ok('HTTP_CONTENT_TYPE' in text)
    }
  },
  {
    section,
    promise: 'nor does one with anything but letters, digits and hyphens in its name',
    source: 'mod_wsgi',
    traps: [18],
    check: async (wire) => {
      const names = [...".!#$%&'*+^`|~"].map((character) => `X-Odd${character}Name`)

      const { text } = await mirror(wire, { headers: names.map((name) => [name, 'odd']) })

      const odd = Object.entries(text).filter(([, value]) => value.includes('odd'))
      assert.equal(odd, [])
    }
  },
  {
    section,
    promise: 'a Proxy header never becomes HTTP_PROXY',
    source: 'mod_wsgi; CVE-2016-5385',
    traps: [19],
    check: async (wire) => {
      const headers = [
        ['Proxy', 'http://192.0.2.1/'],
        ['proxy', 'http://192.0.2.2/']
      ] as const

      const { text } = await mirror(wire, { headers })

      assert.not.ok('HTTP_PROXY' in text)
    }
  },
  {
    section,
    promise: 'each request has its own headers, however many others there were before it',
    source: 'PEP 3333, environ Variables',
    check: async (wire) => {
      // Servers that remember lists of names remember this many, and then forget.
      for (let i = 0; i < 260; i++) {
        const headers: Array<[string, string]> = [[`X-Only-${i}`, `${i}`]]
        headers.splice(i % 2, 0, ['X-Always', `${-i}`])
        const { text } = await mirror(wire, { headers })
        const own = Object.entries(text).filter(([name]) => /^HTTP_X_(ONLY|ALWAYS)/.test(name))
        assert.equal(Object.fromEntries(own), {
          [`HTTP_X_ONLY_${i}`]: `${i}`,
          HTTP_X_ALWAYS: `${-i}`
        })
      }
      const { text } = await mirror(wire)
      assert.not.ok('HTTP_X_ALWAYS' in text)
    }
  },
  {
    section,
    promise: 'trailers are no headers, even where nobody reads them',
    source: 'RFC 9110, 6.5.1',
    raw: true,
    check: async (wire) => {
      const connection = await wire.connect()
      const head = `POST ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n`
      const trailers = 'X-Late: forged\r\nHost: forged\r\nCookie: forged\r\nX-App: stray\r\n'

      connection.write(`${head}${wire.pick('mirror', true)}\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`)
      const { body } = await connection.answer()
      const again = `GET ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\n${wire.pick('mirror')}\r\n`
      connection.write(again)
      const next = await connection.answer()

      assert.not.match(body.toString(), 'forged')
      assert.not.match(next.body.toString(), 'forged')
      assert.equal(await wire.journal(), ['mirror', 'mirror'])
      connection.destroy()
    }
  },
  {
    section,
    promise: 'TE: trailers may be said over HTTP/2, and is a header as any other',
    source: 'RFC 9113, 8.2.2',
    except: only('the row is about a field that HTTP/2 allows as an exception', 'http2'),
    check: async (wire) => {
      const { text } = await mirror(wire, { headers: [['te', 'trailers']] })

      assert.is(text.HTTP_TE, 'trailers')
    }
  }
]
