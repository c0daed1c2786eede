// The request target, and what becomes of it.
import * as assert from 'uvu/assert'
import { type Mirrored, mirror, mirrorRaw, only } from '../mirror.ts'
import { HOST, type Row, type Wire } from '../row.ts'

const section = 'The request target'
const PATHS = 'PEP 3333, Unicode Issues; RFC 3875, 4.1.5'

/** Every byte there is, percent-encoded, and as the characters that PATH_INFO has for them. */
const EVERY_BYTE = Array.from({ length: 256 }, (_, code) => code)
const ENCODED = EVERY_BYTE.map((code) => `%${code.toString(16).padStart(2, '0')}`).join('')
const DECODED = String.fromCharCode(...EVERY_BYTE)

async function pathInfo(wire: Wire, target: string): Promise<string | undefined> {
  const { text } = await mirror(wire, { target })
  return text.PATH_INFO
}

/** The environ of a request whose target is in the absolute form. */
function absolute(wire: Wire, start: string, path: string, ...lines: string[]): Promise<Mirrored> {
  return mirrorRaw(wire, `GET ${start}${wire.prefix}${path} HTTP/1.1`, ...lines)
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'PATH_INFO is the decoded bytes of the path, one character each',
    source: PATHS,
    traps: [6],
    except: {
      plugin: "Fastify's router answers 400 to a path that is no UTF-8 when it is decoded"
    },
    check: async (wire) => {
      assert.is(await pathInfo(wire, `/${ENCODED}`), `/${DECODED}`)
      assert.is(await pathInfo(wire, `/${ENCODED.toUpperCase()}`), `/${DECODED}`)
    }
  },
  {
    section,
    promise: 'a path in UTF-8 is as many characters as it has bytes',
    source: PATHS,
    traps: [6],
    check: async (wire) => {
      assert.is(await pathInfo(wire, '/caf%C3%A9/%e2%82%ac'), '/caf\xc3\xa9/\xe2\x82\xac')
    }
  },
  {
    section,
    promise: 'a plus in the path is a plus',
    source: 'RFC 3986, 2.2',
    traps: [6],
    check: async (wire) => {
      assert.is(await pathInfo(wire, "/a+b;c=1,2:3@4!$&'()*~"), "/a+b;c=1,2:3@4!$&'()*~")
    }
  },
  {
    section,
    promise: 'a path is decoded once',
    source: 'RFC 3986, 2.4',
    traps: [6],
    check: async (wire) => {
      assert.is(await pathInfo(wire, '/%2541%252F%25'), '/%41%2F%')
    }
  },
  {
    section,
    promise: 'a percent sign that begins no encoding stays',
    source: 'wsgiref, which decodes with unquote_to_bytes',
    traps: [6],
    except: {
      plugin: "Fastify's router answers 400 to a path that is no UTF-8 when it is decoded"
    },
    check: async (wire) => {
      assert.is(await pathInfo(wire, '/100%/%zz/%4/%'), '/100%/%zz/%4/%')
    }
  },
  {
    section,
    promise: 'an encoded slash is a slash in PATH_INFO, and as it came in REQUEST_URI and RAW_URI',
    source: 'RFC 3875, 4.1.5; mod_wsgi: REQUEST_URI; gunicorn: RAW_URI',
    traps: [7],
    check: async (wire) => {
      const target = '/a%2Fb%2fc/%7E?d=%2F'

      const { text } = await mirror(wire, { target })

      assert.is(text.PATH_INFO, '/a/b/c/~')
      assert.is(text.REQUEST_URI, `${wire.prefix}${target}`)
      assert.is(text.RAW_URI, `${wire.prefix}${target}`)
    }
  },
  {
    section,
    promise: 'QUERY_STRING is as it came, not decoded',
    source: 'RFC 3875, 4.1.7',
    traps: [7],
    check: async (wire) => {
      for (const query of ['a=%20&b=%ff&c=+?d/e', 'x', '?', '%', 'a=b%26c', '*', '&&==']) {
        const { text } = await mirror(wire, { target: `/p?${query}` })
        assert.is(text.QUERY_STRING, query)
        assert.is(text.PATH_INFO, '/p')
      }
    }
  },
  {
    section,
    promise: 'without a query QUERY_STRING is empty, with a question mark or without one',
    source: 'PEP 3333, environ Variables; RFC 3875, 4.1.7',
    check: async (wire) => {
      for (const target of ['/p', '/p?']) {
        const { text } = await mirror(wire, { target })
        assert.is(text.QUERY_STRING, '')
        assert.is(text.PATH_INFO, '/p')
        assert.is(text.REQUEST_URI, `${wire.prefix}${target}`)
      }
    }
  },
  {
    section,
    promise: 'dots in a path are for the application to resolve',
    source: 'PEP 3333, environ Variables: the remainder of the path; RFC 3986, 6.2.2.3',
    traps: [7],
    check: async (wire) => {
      assert.is(await pathInfo(wire, '/a/../b/./c/..'), '/a/../b/./c/..')
      assert.is(await pathInfo(wire, '/%2e%2e/%2E/x'), '/.././x')
    }
  },
  {
    section,
    promise: 'a path that begins with two slashes names no host',
    source: 'RFC 9112, 3.2.1; mod_wsgi makes one of them',
    traps: [8],
    check: async (wire) => {
      const { text } = await mirror(wire, { target: '//evil.example/x' })

      assert.match(text.PATH_INFO ?? '', /^\/\/?evil\.example\/x$/)
      assert.is(text.HTTP_HOST, HOST)
      assert.is(text.REQUEST_URI, `${wire.prefix}//evil.example/x`)
    }
  },
  {
    section,
    promise: 'SCRIPT_NAME is where the application is mounted, without a slash at its end',
    source: 'PEP 3333, environ Variables',
    traps: [8],
    check: async (wire) => {
      const { text } = await mirror(wire, { target: '/a/' })

      assert.is(text.SCRIPT_NAME, wire.prefix)
      assert.is(text.PATH_INFO, '/a/')
    }
  },
  {
    section,
    promise: 'PATH_INFO is a slash at the root of a server',
    source: 'PEP 3333, environ Variables',
    traps: [8],
    except: { plugin: 'it is mounted below the root' },
    check: async (wire) => {
      const { text } = await mirror(wire, { target: '/' })

      assert.equal([text.SCRIPT_NAME, text.PATH_INFO], ['', '/'])
    }
  },
  {
    section,
    promise: 'PATH_INFO is empty where nothing follows the mount, and a slash where one does',
    source: 'PEP 3333, environ Variables',
    traps: [8],
    except: only('it is at the root of its server', 'plugin'),
    check: async (wire) => {
      assert.is(await pathInfo(wire, ''), '')
      assert.is(await pathInfo(wire, '?q'), '')
      assert.is(await pathInfo(wire, '/'), '/')
    }
  },
  {
    section,
    promise: 'a mount is found however the client encodes its name',
    source: 'RFC 3986, 6.2.2.2',
    traps: [8],
    raw: true,
    except: only('it is at the root of its server', 'plugin'),
    check: async (wire) => {
      const { text } = await mirrorRaw(wire, 'GET /%70y/x HTTP/1.1', 'Host: x')

      assert.equal([text.SCRIPT_NAME, text.PATH_INFO], ['/py', '/x'])
    }
  },
  {
    section,
    promise: 'a long target comes whole',
    source: 'RFC 9112, 3: at least 8000 bytes',
    check: async (wire) => {
      const target = `/${'abcdefgh%C3%A9/'.repeat(280)}?${'q=%20&'.repeat(660)}`

      const { text } = await mirror(wire, { target })

      assert.is(text.REQUEST_URI, `${wire.prefix}${target}`)
      assert.is(text.PATH_INFO, `/${'abcdefgh\xc3\xa9/'.repeat(280)}`)
    }
  },
  {
    section,
    promise: 'of an absolute target the path is PATH_INFO, and the host HTTP_HOST',
    source: 'RFC 9112, 3.2.2: Host is ignored then',
    traps: [7],
    raw: true,
    check: async (wire) => {
      for (const scheme of ['http', 'HTTP', 'https']) {
        const start = `${scheme}://target.example:81`
        const { text } = await absolute(wire, start, '/a%20b?q=1', 'Host: field.example')

        assert.equal([text.SCRIPT_NAME, text.PATH_INFO], [wire.prefix, '/a b'])
        assert.is(text.QUERY_STRING, 'q=1')
        assert.is(text.HTTP_HOST, 'target.example:81')
        assert.is.not(text.SERVER_NAME, 'target.example')
        assert.is(text.REQUEST_URI, `${start}${wire.prefix}/a%20b?q=1`)
      }
    }
  },
  {
    section,
    promise: 'an absolute target in HTTP/1.0 names the host, too',
    source: 'RFC 9112, 3.2.2',
    traps: [7],
    raw: true,
    check: async (wire) => {
      const { text } = await mirrorRaw(wire, `GET http://target.example${wire.prefix}/ HTTP/1.0`)

      assert.is(text.HTTP_HOST, 'target.example')
    }
  },
  {
    section,
    promise: 'an absolute target without a path asks for the root',
    source: 'RFC 9110, 4.2.3',
    traps: [7],
    raw: true,
    except: { plugin: 'it is mounted below the root' },
    check: async (wire) => {
      const bare = await absolute(wire, 'http://target.example', '', 'Host: target.example')
      const queried = await absolute(wire, 'http://target.example', '?q', 'Host: target.example')

      assert.is(bare.text.PATH_INFO, '/')
      assert.equal([queried.text.PATH_INFO, queried.text.QUERY_STRING], ['/', 'q'])
    }
  },
  {
    section,
    promise: 'OPTIONS * is answered, and no application sees a path that is an asterisk',
    source: 'RFC 9110, 9.3.7; PEP 3333, environ Variables',
    traps: [7, 8],
    raw: true,
    except: { plugin: 'what is asked of the whole server, the host program answers' },
    check: async (wire) => {
      const connection = await wire.connect()

      connection.write(`OPTIONS * HTTP/1.1\r\nHost: x\r\n${wire.pick('mirror', true)}\r\n`)
      const { status, body } = await connection.answer()
      connection.destroy()

      assert.ok(status === 200 || status === 204, `it is answered with ${status}`)
      if ((await wire.journal()).includes('mirror')) {
        const { text } = JSON.parse(body.toString()) as Mirrored
        assert.match(text.PATH_INFO ?? '', /^(\/.*)?$/)
        assert.is(text.REQUEST_URI, '*')
      }
    }
  }
]
