// The gateway between real connections and a group that does only what the test says.
import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Exchange, type GatewayRequest } from '../../src/dispatch/exchange.ts'
import type { ProcessGroup } from '../../src/dispatch/group.ts'
import { ResponseStream } from '../../src/dispatch/response-stream.ts'
import { WasgiError } from '../../src/errors.ts'
import { answer } from '../../src/server/gateway.ts'
import type { Hooks } from '../../src/server/hooks/hooks.ts'
import { place, routes } from './hook-places.ts'
import { within } from './within.ts'

const test = suite('gateway')

interface Site {
  readonly app: FastifyInstance
  readonly port: number
  /** Settles once the gateway has given up a request that still runs. */
  readonly cancelled: Promise<Exchange>
}

/** `serve` is the application: it gets each request's exchange once it is under way. */
async function site(
  app: FastifyInstance,
  serve: (exchange: Exchange, request: GatewayRequest) => void,
  hooks?: Pick<Hooks, 'pass'>,
  bodyTimeoutMs = 0
): Promise<Site> {
  const { promise: cancelled, resolve } = Promise.withResolvers<Exchange>()
  const handle = (request: GatewayRequest): Exchange => {
    const exchange = new Exchange(1, request, resolve)
    exchange.assign({ send: () => {} }, 0)
    setImmediate(serve, exchange, request)
    return exchange
  }
  const options = {
    routes: routes({ ...place('default'), group: { handle } as unknown as ProcessGroup }),
    hooks: hooks as Hooks | undefined,
    passAuthorization: true,
    scriptName: '',
    limits: { requestLineLimit: 8190, headerLimit: 16_384, headerCountLimit: 100 },
    bodyLimitBytes: 1e8,
    bodyTimeoutMs,
    proxies: undefined,
    debug: false
  }
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', (request, reply) => answer(options, request, reply))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: (app.server.address() as AddressInfo).port, cancelled }
}

interface Got {
  readonly status: number | undefined
  readonly types: string[]
  readonly text: string
}

async function get(port: number): Promise<Got> {
  const request = http.get({ port, host: '127.0.0.1', agent: false })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const chunks = await response.setEncoding('utf8').toArray()
  const { statusCode: status, rawHeaders } = response
  const types = rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === 'content-type')
  return { status, types, text: chunks.join('') }
}

function begin(exchange: Exchange, head: string, chunk: Uint8Array): void {
  exchange.receive({ kind: 'head', id: 1, head, chunk })
}

const BYTES = new Uint8Array([65, 66])

test(
  'every status an application may give reaches the client',
  within(60_000, async () => {
    const { app, port } = await site(Fastify(), (exchange) => {
      begin(exchange, '999 Denied', BYTES.slice())
      exchange.finishStream()
    })

    const { status, text } = await get(port)

    assert.equal([status, text], [999, 'AB'])
    await app.close()
  })
)

test(
  'a Content-Type given twice is not replaced by another one',
  within(60_000, async () => {
    for (const [one, other] of [
      ['a/b', 'c/d'],
      ['', ';'],
      ['/', 'a/b']
    ] as const) {
      const { app, port } = await site(Fastify(), (exchange) =>
        exchange.complete(`200 OK\nContent-Type\n${one}\ncontent-type\n${other}`, BYTES)
      )

      assert.equal((await get(port)).types, [one, other])
      await app.close()
    }
  })
)

for (const fields of ['Content-Length: 90000', 'Transfer-Encoding: chunked']) {
  test(
    `who is answered and never ends an unread body of ${fields} loses the connection`,
    within(60_000, async () => {
      const answers = (exchange: Exchange): void => exchange.complete('200 OK', BYTES)
      const { app, port } = await site(Fastify(), answers, undefined, 50)
      const client = connect(port, '127.0.0.1').on('error', () => {})
      const received: Buffer[] = []
      client.on('data', (bytes: Buffer) => received.push(bytes))

      client.write(`POST / HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`)
      await new Promise((resolve) => client.once('close', resolve))

      assert.match(Buffer.concat(received).toString(), /^HTTP\/1.1 200 OK\r\n/)
      await app.close()
    })
  )
}

test(
  'of several questions of hooks the last is cancelled with its client, by one listener',
  within(60_000, async () => {
    const fastify = Fastify()
    const asked = Promise.withResolvers<readonly number[]>()
    const cancelled = Promise.withResolvers<void>()
    const question = { cancel: () => {} }
    let raw = new EventEmitter()
    fastify.addHook('onRequest', async (_request, reply) => {
      raw = reply.raw
    })
    const pass: Hooks['pass'] = async (_facts, label, _routes, follow = () => {}) => {
      const counts = [raw.listenerCount('close')]
      for (let i = 0; i < 3; i++) follow(question)
      follow({ cancel: cancelled.resolve })
      asked.resolve([...counts, raw.listenerCount('close')])
      await cancelled.promise
      throw new WasgiError('WASGI_ERR_CLIENT_GONE', [label])
    }
    const { app, port } = await site(fastify, () => {}, { pass })
    const client = connect(port, '127.0.0.1').on('error', () => {})

    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const [before = 0, after] = await asked.promise
    client.destroy()
    await cancelled.promise

    assert.is(after, before + 1)
    await app.close()
  })
)

test(
  'an application whose response a hook has replaced is stopped, not left to wait',
  within(60_000, async () => {
    const fastify = Fastify()
    fastify.addHook('onSend', async () => 'something else')
    const { app, port, cancelled } = await site(fastify, (exchange) =>
      begin(exchange, '200 OK', BYTES.slice())
    )

    const { text } = await get(port)

    assert.is(text, 'something else')
    assert.is((await cancelled).over, true)
    await app.close()
  })
)

test(
  'a response that breaks while a hook still thinks does not end the server',
  within(60_000, async () => {
    const stream = new ResponseStream({ accepted: () => {}, closed: () => {} })

    stream.destroy(new Error('broken before anybody listens'))
    await new Promise((resolve) => stream.on('close', resolve))

    assert.is(stream.errored?.message, 'broken before anybody listens')
  })
)

test(
  'a response that breaks before its head is sent tells the client nothing of why',
  within(60_000, async () => {
    const { app, port } = await site(Fastify(), (exchange) => {
      begin(exchange, '200 OK', new Uint8Array())
      setImmediate(() =>
        exchange.fail(new WasgiError('WASGI_ERR_APP_EXCEPTION', ['ValueError: secret', 'GET /']))
      )
    })

    const { status, text } = await get(port)

    assert.is(status, 500)
    assert.not.match(text, 'secret')
    assert.match(text, 'WASGI_ERR_APP_EXCEPTION')
    await app.close()
  })
)

test(
  'a connection can be used again when the application read only a part of a body',
  within(60_000, async () => {
    const { app, port } = await site(Fastify(), (exchange, { source }) => {
      if (source === undefined) {
        exchange.complete('200 OK', BYTES)
        return
      }
      void source.next().then(() => {
        void source.next() // asked for in advance; it is still on its way at the end
        exchange.complete('403 Forbidden', BYTES)
      })
    })
    const socket = connect(port, '127.0.0.1')
    const length = 8_000_000
    socket.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)
    socket.write(Buffer.alloc(1000))
    const replies = socket.setEncoding('latin1')[Symbol.asyncIterator]()
    const first = String((await replies.next()).value)

    socket.write(Buffer.alloc(length - 1000))
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const second = String((await replies.next()).value)

    assert.match(first, 'HTTP/1.1 403 ')
    assert.match(second, 'HTTP/1.1 200 ')
    socket.destroy()
    await app.close()
  })
)

test(
  'over HTTP/2 the authority is the Host, and a body needs no Content-Length',
  within(60_000, async () => {
    const heads: string[] = []
    const bodies: string[] = []
    const fastify = Fastify({ http2: true }) as unknown as FastifyInstance
    const { app, port } = await site(fastify, async (exchange, { head, source }) => {
      heads.push(head)
      bodies.push(Buffer.from((await source?.whole()) ?? []).toString())
      exchange.complete('200 OK', BYTES)
    })
    const client = http2.connect(`http://127.0.0.1:${port}`)
    const stream = client.request({ ':method': 'POST', ':authority': 'site.test:81' })

    stream.end('body')
    await stream.resume().toArray()

    assert.match(heads[0] ?? '', '\nhost\nsite.test:81')
    assert.not.match(heads[0] ?? '', '\n:')
    assert.equal(bodies, ['body'])
    client.close()
    await app.close()
  })
)

test(
  'a client that leaves while a hook decides has its request go nowhere',
  within(60_000, async () => {
    const fastify = Fastify()
    const asked = Promise.withResolvers<void>()
    const decided = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<string>()
    fastify.addHook('onRequest', async (_request, reply) => {
      reply.raw.once('close', left.resolve)
    })
    fastify.addHook('onError', async (_request, _reply, error) => {
      answered.resolve(error.code)
    })
    const pass: Hooks['pass'] = async (facts, _label, { own }) => {
      asked.resolve()
      await decided.promise
      return { facts, destination: own }
    }
    const served = (): void => answered.resolve('the application was asked')
    const { app, port } = await site(fastify, served, { pass })

    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await asked.promise
    socket.destroy()
    await left.promise
    decided.resolve()

    assert.is(await answered.promise, 'WASGI_ERR_CLIENT_GONE')
    await app.close()
  })
)

test.run()
