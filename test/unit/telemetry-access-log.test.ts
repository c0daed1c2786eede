// The access log, as a pure formatter and over real sockets.

import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import { type FastifyInstance, fastify } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Access,
  type AccessLogFormat,
  accessLog,
  clfTime,
  formatCombined,
  formatJson
} from '../../src/telemetry/access-log.ts'
import { within } from './within.ts'

const formats = suite('access log lines')

const access: Access = {
  time: new Date(2000, 9, 10, 13, 55, 36),
  durationMs: 12.3456,
  remoteAddress: '127.0.0.1',
  method: 'GET',
  url: '/apache_pb.gif?x=1',
  httpVersion: '1.0',
  status: 200,
  bytes: 2326,
  referer: 'http://www.example.com/start.html',
  userAgent: 'Mozilla/4.08 [en] (Win98; I ;Nav)'
}

formats("the combined format is Apache's, letter by letter", () => {
  const line = formatCombined(access, '10/Oct/2000:13:55:36 -0700')

  assert.is(
    line,
    '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?x=1 HTTP/1.0" 200 2326 ' +
      '"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"\n'
  )
})

formats('the time is local, with its distance from UTC', () => {
  const time = clfTime(access.time)

  const [, hours = '', minutes = ''] = /^10\/Oct\/2000:13:55:36 ([+-]\d\d)(\d\d)$/.exec(time) ?? []
  const iso = `2000-10-10T13:55:36${hours}:${minutes}`
  assert.is(new Date(iso).getTime(), access.time.getTime())
})

formats('what is absent is a dash, an empty body too', () => {
  const absent = { remoteAddress: undefined, referer: undefined, userAgent: '' }

  const line = formatCombined({ ...access, ...absent, bytes: 0 })

  assert.match(line, /^- - - \[.*\] "GET .*" 200 - "-" "-"\n$/)
})

formats('a client can end neither a field nor a line', () => {
  const userAgent = 'a"b\\c\r\nd\x1b\x7f\xe9\u20ac'

  const line = formatCombined({ ...access, userAgent })

  assert.ok(line.endsWith(' "a\\"b\\\\c\\r\\nd\\x1b\\x7f\\xe9\\xe2\\x82\\xac"\n'))
})

formats('JSON is one object on one line', () => {
  const line = formatJson({ ...access, userAgent: 'a\nb', referer: undefined })

  assert.is(line.indexOf('\n'), line.length - 1)
  assert.equal(JSON.parse(line), {
    time: access.time.toISOString(),
    remote_addr: '127.0.0.1',
    method: 'GET',
    url: '/apache_pb.gif?x=1',
    http_version: '1.0',
    status: 200,
    bytes: 2326,
    duration_ms: 12.346,
    referer: null,
    user_agent: 'a\nb'
  })
})

formats.run()

interface Context {
  app: FastifyInstance
  /** Resolves with the next line that is logged. */
  line: () => Promise<string>
}

const served = suite<Context>('access log of a server')

function start(context: Context, format: AccessLogFormat): FastifyInstance {
  const app = fastify()
  let next = Promise.withResolvers<string>()
  accessLog(app, format, { write: (line) => next.resolve(line) })
  context.app = app
  context.line = async () => {
    const line = await next.promise
    next = Promise.withResolvers()
    return line
  }
  return app
}

served.after.each(({ app }) => app.close())

served(
  'each kind of body is counted without headers and framing',
  within(60_000, async (context) => {
    const app = start(context, 'json')
    app.get('/text', () => 'héllo')
    app.get('/stream', (_, reply) => reply.send(Readable.from([Buffer.alloc(700), 'abc'])))
    app.get('/raw', (_, reply) => {
      reply.hijack()
      reply.raw.write('abc', 'latin1')
      reply.raw.end(Buffer.alloc(5))
    })
    app.get('/none', (_, reply) => reply.code(204).send())
    const url = await app.listen({ port: 0 })
    const bytes: [string, number][] = []

    for (const path of ['/text', '/stream', '/raw', '/none']) {
      await (await fetch(url + path)).arrayBuffer()
      bytes.push([path, JSON.parse(await context.line()).bytes])
    }
    await fetch(`${url}/text`, { method: 'HEAD' })
    bytes.push(['HEAD', JSON.parse(await context.line()).bytes])

    assert.equal(bytes, [
      ['/text', 6],
      ['/stream', 703],
      ['/raw', 8],
      ['/none', 0],
      ['HEAD', 0]
    ])
  })
)

served(
  'unknown paths and failing handlers are logged with the status that was sent',
  within(60_000, async (context) => {
    const app = start(context, 'combined')
    app.get('/fails', () => Promise.reject(new Error('x')))
    const url = await app.listen({ port: 0 })

    await (await fetch(`${url}/nowhere?a="b"`, { headers: { referer: 'r' } })).text()
    const missing = await context.line()
    await (await fetch(`${url}/fails`)).text()
    const failed = await context.line()

    assert.match(missing, /"GET \/nowhere\?a=%22b%22 HTTP\/1\.1" 404 \d+ "r" "node"\n$/)
    assert.match(failed, /"GET \/fails HTTP\/1\.1" 500 \d+ "-" "node"\n$/)
  })
)

served(
  'a client that leaves before any answer is logged as 499',
  within(60_000, async (context) => {
    const app = start(context, 'json')
    const asked = Promise.withResolvers<void>()
    app.get('/never', () => {
      asked.resolve()
      return new Promise(() => {})
    })
    await app.listen({ port: 0 })
    const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    await once(client, 'connect')

    client.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n')
    await asked.promise
    client.destroy()
    const { status, bytes, url } = JSON.parse(await context.line())

    assert.equal([status, bytes, url], [499, 0, '/never'])
  })
)

served.run()
