// What the environ says of a request, apart from its headers.
import * as assert from 'uvu/assert'
import { type Mirrored, mirror, mirrorRaw, only } from '../mirror.ts'
import { HOST, type Row } from '../row.ts'

const section = 'The environ'
const PEP = 'PEP 3333, environ Variables'

export const rows: readonly Row[] = [
  {
    section,
    promise: 'the environ is a dict, and everything in it that CGI names is a str',
    source: PEP,
    traps: [9],
    check: async (wire) => {
      const { plain, kinds } = await mirror(wire, { headers: [['X-Number', '1']] })

      assert.ok(plain)
      const others = Object.entries(kinds).filter(
        ([name, kind]) => !name.includes('.') && kind !== 'str'
      )
      assert.equal(others, [])
    }
  },
  {
    section,
    promise: 'every variable that must be there is there',
    source: PEP,
    traps: [8],
    check: async (wire) => {
      const { text, kinds } = await mirror(wire)

      for (const name of ['REQUEST_METHOD', 'SERVER_NAME', 'SERVER_PORT', 'SERVER_PROTOCOL']) {
        assert.ok(text[name], name)
      }
      for (const name of ['wsgi.version', 'wsgi.url_scheme', 'wsgi.input', 'wsgi.errors']) {
        assert.ok(name in kinds, name)
      }
      assert.ok(`${text.SCRIPT_NAME}${text.PATH_INFO}` !== '')
    }
  },
  {
    section,
    promise: 'SERVER_NAME and SERVER_PORT are where the server listens, whatever Host says',
    source: `${PEP}; RFC 3875, 4.1.14 and 4.1.15`,
    check: async (wire) => {
      const { text } = await mirror(wire)

      assert.equal([text.SERVER_NAME, text.SERVER_PORT], [wire.server.name, wire.server.port])
      assert.is(text.HTTP_HOST, HOST)
    }
  },
  {
    section,
    promise: 'wsgi.version is (1, 0)',
    source: PEP,
    check: async (wire) => {
      const { version, kinds } = await mirror(wire)

      assert.equal(version, [1, 0])
      assert.is(kinds['wsgi.version'], 'tuple')
    }
  },
  {
    section,
    promise: 'a worker is one thread, which answers more than one request, and may have siblings',
    source: `${PEP}; mod_wsgi: several processes where a number of them was asked for`,
    traps: [24],
    check: async (wire) => {
      const { flags } = await mirror(wire)

      assert.is(flags['wsgi.multithread'], false)
      assert.is(flags['wsgi.multiprocess'], wire.transport !== 'embedded')
      assert.is(flags['wsgi.run_once'], false)
    }
  },
  {
    section,
    promise: 'an application is told that its input ends where the body does',
    source: 'mod_wsgi: wsgi.input_terminated',
    traps: [11],
    check: async (wire) => {
      const { flags } = await mirror(wire)

      assert.is(flags['wsgi.input_terminated'], true)
    }
  },
  {
    section,
    promise: 'REQUEST_METHOD is the method',
    source: 'RFC 3875, 4.1.12',
    check: async (wire) => {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
        const { text } = await mirror(wire, { method })
        assert.is(text.REQUEST_METHOD, method)
      }
    }
  },
  {
    section,
    promise: "methods that others have added to HTTP's own are the application's as well",
    source: 'RFC 9110, 16.1: the registry of methods',
    except: { plugin: 'which methods a server of somebody else knows, addHttpMethod says' },
    check: async (wire) => {
      for (const method of ['PROPFIND', 'REPORT', 'MKCALENDAR', 'M-SEARCH', 'PURGE']) {
        // The validator knows only CGI's methods.
        const seen = (await wire.json({ app: 'mirror', method })) as Mirrored
        assert.is(seen.text.REQUEST_METHOD, method)
      }
    }
  },
  {
    section,
    promise: 'wsgi.url_scheme is https over TLS, and http elsewhere',
    source: PEP,
    check: async (wire) => {
      const { text } = await mirror(wire)

      const secure = wire.transport === 'tls' || wire.transport === 'http2'
      assert.is(text['wsgi.url_scheme'], secure ? 'https' : 'http')
    }
  },
  {
    section,
    promise: 'SERVER_PROTOCOL is the version that the client speaks',
    source: 'RFC 3875, 4.1.16',
    check: async (wire) => {
      const { text } = await mirror(wire)

      const version = { http10: '1.0', http2: '2.0' }[wire.transport as 'http10' | 'http2']
      assert.is(text.SERVER_PROTOCOL, `HTTP/${version ?? '1.1'}`)
    }
  },
  {
    section,
    promise: 'REMOTE_ADDR and REMOTE_PORT are those of the connection',
    source: 'RFC 3875, 4.1.8',
    except: { unix: 'the client of a Unix socket has no address' },
    check: async (wire) => {
      const headers = [
        ['X-Forwarded-For', '192.0.2.1'],
        ['Forwarded', 'for=192.0.2.1'],
        ['Client-Ip', '192.0.2.1']
      ] as const

      const { text } = await mirror(wire, { headers })

      assert.is(text.REMOTE_ADDR, '127.0.0.1')
      assert.match(text.REMOTE_PORT ?? '', /^[1-9]\d*$/)
    }
  },
  {
    section,
    promise: 'REMOTE_PORT is the port of the client, the same for all that one connection asks',
    source: 'mod_wsgi',
    raw: true,
    except: { unix: 'the client of a Unix socket has no address' },
    check: async (wire) => {
      const connections = [await wire.connect(), await wire.connect()]
      const request = `GET ${wire.prefix}/ HTTP/1.1\r\nHost: x\r\n${wire.pick('mirror')}\r\n`
      for (const connection of [...connections, ...connections]) {
        connection.write(request)

        const { body } = await connection.answer()

        const { text } = JSON.parse(body.toString()) as Mirrored
        assert.is(text.REMOTE_PORT, String(connection.port))
      }
      for (const connection of connections) connection.destroy()
    }
  },
  {
    section,
    promise: 'REMOTE_ADDR is empty where the client has no address',
    source: 'RFC 3875, 4.1.8',
    except: only('its clients have an address', 'unix'),
    check: async (wire) => {
      const { text } = await mirror(wire, { headers: [['X-Forwarded-For', '192.0.2.1']] })

      assert.is(text.REMOTE_ADDR ?? '', '')
    }
  },
  {
    section,
    promise: 'no variable of the server itself is in the environ',
    source: 'mod_wsgi: PATH and HTTPS removed',
    check: async (wire) => {
      const { kinds } = await mirror(wire)

      for (const name of ['PATH', 'HOME', 'PWD', 'HTTPS', 'GATEWAY_INTERFACE', 'NODE_OPTIONS']) {
        assert.not.ok(name in kinds, name)
      }
    }
  },
  {
    section,
    promise: 'what an application does to its environ is gone at the next request',
    source: 'PEP 3333, Specification Details: the application is allowed to modify the dictionary',
    check: async (wire) => {
      const before = await mirror(wire)

      await wire.send({ app: 'tampering' })
      const after = await mirror(wire)

      assert.equal(after.kinds, before.kinds)
      assert.is(after.text.REQUEST_METHOD, 'GET')
    }
  },
  {
    section,
    promise: 'the URL that PEP 3333 rebuilds from the environ is the one that was asked for',
    source: 'PEP 3333, URL Reconstruction',
    check: async (wire) => {
      const target = '/caf%C3%A9/a%20b?x=%26&y=%FF'

      const { body } = await wire.send({ app: 'rebuilding', validated: true, target })

      const secure = wire.transport === 'tls' || wire.transport === 'http2'
      const scheme = secure ? 'https' : 'http'
      assert.is(body.toString('latin1'), `${scheme}://${HOST}${wire.prefix}${target}`)
    }
  },
  {
    section,
    promise: 'HTTP/1.0 needs no Host, and there is no HTTP_HOST then',
    source: 'RFC 1945; RFC 9112, 3.2',
    raw: true,
    check: async (wire) => {
      const { text } = await mirrorRaw(wire, `GET ${wire.prefix}/ HTTP/1.0`)

      assert.not.ok('HTTP_HOST' in text)
      assert.ok(text.SERVER_NAME)
    }
  },
  {
    section,
    promise: "HTTP/2's pseudo fields are no headers, and its authority is HTTP_HOST",
    source: 'RFC 9113, 8.3.1',
    except: only('HTTP/1.x has no pseudo fields', 'http2'),
    check: async (wire) => {
      for (const headers of [[], [['host', HOST]] as const]) {
        const { text, kinds } = await mirror(wire, { headers })

        assert.is(text.HTTP_HOST, HOST)
        const odd = Object.keys(kinds).filter((name) =>
          /:|^HTTP_?_?(METHOD|PATH|SCHEME|AUTH)/.test(name)
        )
        assert.equal(odd, [])
      }
    }
  }
]
