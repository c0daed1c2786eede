// Protocols beside HTTP/1.1: asking for another one on a connection, and what shares one of HTTP/2.
import * as assert from 'uvu/assert'
import { request } from '../http1-text.ts'
import { mirrorRaw, only } from '../mirror.ts'
import type { Row } from '../row.ts'
import { OK, telling } from './response-telling.ts'

const section = 'The connection'
const UPGRADES = 'whether connections are upgraded, the server that mounts it says'
const ONE_AT_A_TIME = 'HTTP/1.x has one request at a time'
const CHUNKED = 'Transfer-Encoding: chunked'

export const rows: readonly Row[] = [
  {
    section,
    promise: 'a client that asks for another protocol is answered in this one',
    source: 'RFC 9110, 7.8: a server may ignore Upgrade',
    raw: true,
    except: { plugin: UPGRADES },
    check: async (wire) => {
      for (const protocol of ['websocket', 'h2c', 'TLS/1.0', 'x/1']) {
        const { text } = await mirrorRaw(
          wire,
          `GET ${wire.prefix}/ HTTP/1.1`,
          'Host: x',
          'Connection: Upgrade, HTTP2-Settings',
          `Upgrade: ${protocol}`,
          'HTTP2-Settings: AAMAAABk'
        )

        assert.is(text.HTTP_UPGRADE, protocol)
      }
    }
  },
  {
    section,
    promise: 'a request to upgrade may have a body, with a length or in chunks',
    source: 'RFC 9110, 7.8; Java sends such requests',
    raw: true,
    except: { plugin: UPGRADES },
    check: async (wire) => {
      for (const framing of [[], [CHUNKED]]) {
        const connection = await wire.connect()
        const lines = ['Connection: Upgrade', 'Upgrade: x/1', ...framing]
        const body = framing.length === 0 ? 'hello' : '5\r\nhello\r\n0\r\n\r\n'

        connection.write(request(wire, 'reading', { lines, body }))
        const answer = await connection.answer()
        connection.destroy()

        assert.is(answer.status, 200)
        assert.equal(JSON.parse(answer.body.toString()), ['hello'])
      }
    }
  },
  {
    section,
    promise:
      'no request is lost behind one to upgrade: that one is the last, and the client is told so',
    source: 'RFC 9112, 9.3.2 and 9.6',
    raw: true,
    except: { plugin: UPGRADES },
    check: async (wire) => {
      const lines = ['Connection: keep-alive, UPGRADE', 'Upgrade: h2c']
      for (const [app, body] of [
        ['mirror', ''],
        ['reading', 'hello']
      ] as const) {
        const connection = await wire.connect()

        connection.write(request(wire, app, { lines, body }) + request(wire, 'mirror'))
        const answer = await connection.answer()
        connection.destroy()

        assert.is(answer.status, 200)
        assert.ok(/\bclose\b/i.test(answer.values('connection').join()), app)
        assert.ok(answer.closed)
        assert.not.ok((await wire.journal()).slice(1).includes('mirror'))
      }
    }
  },
  {
    section,
    promise: 'over HTTP/2 requests share a connection, each with its own target, headers and body',
    source: 'RFC 9113, 5',
    except: only(ONE_AT_A_TIME, 'http2'),
    check: async (wire) => {
      const asked = Array.from({ length: 8 }, (_, index) => `${index}`)

      const answers = await wire.sendTogether([
        ...asked.map((own) => ({
          app: 'mirror',
          target: `/${own}`,
          headers: [['x-own', own]] as const
        })),
        ...asked.map((own) => ({ app: 'reading', method: 'POST', validated: true, body: own }))
      ])

      const given = answers.map(({ body }) => JSON.parse(body.toString()))
      const environs = given.slice(0, asked.length).map(({ text }) => text)
      assert.equal(
        environs.map(({ REQUEST_URI, HTTP_X_OWN }) => [REQUEST_URI, HTTP_X_OWN]),
        asked.map((own) => [`/${own}`, own])
      )
      assert.is(new Set(environs.map(({ REMOTE_PORT }) => REMOTE_PORT)).size, 1)
      assert.equal(
        given.slice(asked.length),
        asked.map((own) => [own])
      )
    }
  },
  {
    section,
    promise: 'over HTTP/2 a request that is refused, fails or is cut takes no other one with it',
    source: 'RFC 9113, 5.4.2',
    except: only(ONE_AT_A_TIME, 'http2'),
    check: async (wire) => {
      const other = { app: 'yielding', target: telling(`(${OK}, [b'one', b'two'])`) }

      const [first, refused, second, failed, third, cut, last] = await wire.sendTogether([
        other,
        { app: 'mirror', target: '/#' },
        other,
        { app: 'told', target: telling(`(${OK}, None)`) },
        other,
        { app: 'yielding', target: telling(`(${OK}, [b'one', 'two'])`) },
        other
      ])

      assert.equal([refused?.status, failed?.status, cut?.complete], [400, 500, false])
      for (const answer of [first, second, third, last]) {
        assert.is(answer?.body.toString(), 'onetwo')
        assert.ok(answer?.complete)
      }
    }
  },
  {
    section: 'What is refused',
    promise: 'it refuses methods that nobody has registered, over HTTP/2 as well',
    source: 'RFC 9110, 9.1 and 15.6.2',
    except: only("in HTTP/1.x Node's parser refuses them", 'http2'),
    check: async (wire) => {
      for (const method of ['FOO', 'get', 'PRI']) {
        const { status } = await wire.send({ app: 'mirror', method })
        assert.is(status, 501, method)
      }
    }
  }
]
