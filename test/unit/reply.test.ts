// What Fastify makes of a response: the application's own bytes and headers, and nothing else.
import Fastify, { type FastifyInstance } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseResponseHead } from '../../src/dispatch/response-head.ts'
import { sendResponse } from '../../src/server/reply.ts'

const test = suite('reply')

function answering(head: string, body: string | Uint8Array): FastifyInstance {
  const app = Fastify()
  app.get('/', (request, reply) =>
    sendResponse(request, reply, { ...parseResponseHead(head), body })
  )
  return app
}

const JSON_HEAD = '200 OK\nContent-Type\napplication/json\nContent-Length\n2'

test('a text keeps its Content-Type, also where Fastify would add to it', async () => {
  const json = await answering(JSON_HEAD, '{}').inject('/')
  const plain = await answering('200 OK\nContent-Type\ntext/plain', 'x').inject('/')

  assert.is(json.headers['content-type'], 'application/json')
  assert.is(json.body, '{}')
  assert.is(plain.headers['content-type'], 'text/plain')
})

test('every byte arrives as it was sent, as text or as bytes', async () => {
  const text = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))
  const bytes = Uint8Array.from({ length: 256 }, (_, code) => code)
  const plain = '200 OK\nContent-Type\ntext/plain'

  for (const head of [plain, `${plain}\nX-Latin\ncaf\xe9`]) {
    for (const body of [text, bytes]) {
      const reply = await answering(head, body).inject('/')

      assert.equal([...reply.rawPayload], [...bytes])
    }
  }
})

test('an error handler may still send what it likes after a hook has failed', async () => {
  const app = answering(JSON_HEAD, '{}')
  let failed = false
  app.addHook('onSend', async (_request, _reply, payload) => {
    if (failed) return payload
    failed = true
    throw new Error('of the hook')
  })
  app.setErrorHandler((error: Error, _request, reply) => reply.send({ said: error.message }))

  const reply = await app.inject('/')

  assert.is(reply.headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(reply.json(), { said: 'of the hook' })
})

test.run()
