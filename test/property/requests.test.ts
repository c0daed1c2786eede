// Generated requests through the whole server: what the application saw is what was sent, byte for
// byte. A failure prints its seed and path; WASGI_PROPERTY_SEED runs other cases.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { type Answer, readAnswers, valuesOf } from './answers.ts'
import { converse, cutAt } from './conversation.ts'
import { holds } from './holds.ts'
import { environOf, faultOfReads, type Peer, type SentRequest } from './model.ts'
import { type GeneratedRequest, request, written } from './requests.ts'

const LIMIT_MS = 300_000
const ANSWERED_MS = 60_000

const test = suite<{ server: TestServer }>('generated requests')

test.before(async (context) => {
  const args = [testApp('echoing.py'), '--workers', '2', '--access-log', 'off']
  context.server = await serve(args)
})
test.after(({ server }) => server.close())

interface Told {
  readonly dict: boolean
  readonly environ: Readonly<Record<string, string>>
  readonly terminated: unknown
  readonly lengths: readonly (readonly number[])[]
  readonly after: number
  readonly length: number
  readonly sha256: string
}

/** Only what a client decides: other keys are the server's own. */
const DECIDED =
  /^(?:HTTP_.*|CONTENT_.*|REQUEST_.*|REMOTE_.*|SERVER_(?:NAME|PORT|PROTOCOL)|SCRIPT_NAME|PATH_INFO|QUERY_STRING|wsgi\.url_scheme)$/

function checkTold(answer: Answer, given: GeneratedRequest, sent: SentRequest, peer: Peer): void {
  const [inHeader] = valuesOf(answer, 'x-told')
  const told = JSON.parse(inHeader ?? answer.body.toString('latin1')) as Told
  const decided = Object.entries(told.environ).filter(([key]) => DECIDED.test(key))
  assert.equal(Object.fromEntries(decided), environOf(sent, peer))
  assert.is(told.dict, true)
  assert.is(told.terminated, true)
  assert.is(faultOfReads(given.body, given.reads, told.lengths), undefined)
  assert.is(told.length, given.body.length)
  assert.is(told.sha256, createHash('sha256').update(given.body).digest('hex'))
  assert.is(told.after, 0)
}

test(
  'arrive as they were sent, however many share a connection and wherever the bytes are cut',
  within(LIMIT_MS, async ({ server }) => {
    const { port: serverPort } = new URL(server.url)
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })
    const requests = fc.array(request, { minLength: 1, maxLength: 4 })
    const last = fc.constantFrom('close' as const, 'close' as const, '1.0' as const)

    const arrive = fc.asyncProperty(requests, last, cuts, async (given, ending, fractions) => {
      const sent = given.map((one, index) =>
        written(one, index === given.length - 1 ? ending : undefined)
      )
      const bytes = Buffer.concat(sent.map((one) => one.bytes))

      const { received, port, end } = await converse(server.url, cutAt(bytes, fractions), {
        limitMs: ANSWERED_MS
      })
      const methods = given.map(({ method }) => method)
      const { list, fault } = readAnswers(received, methods, true)

      assert.is(fault, undefined)
      assert.is(end, 'closed')
      assert.equal(
        list.map(({ status, whole }) => `${status} ${whole}`),
        given.map(() => '200 true')
      )
      for (const [index, answer] of list.entries()) {
        const [one, other] = [given[index], sent[index]]
        if (one === undefined || other === undefined) continue
        if (one.echoed) assert.ok(answer.body.equals(one.body), 'the body is not what was sent')
        else checkTold(answer, one, other.sent, { clientPort: port, serverPort })
      }
    })
    await holds(arrive, 400)
  })
)

test(
  'arrive as they were sent also byte by byte',
  within(LIMIT_MS, async ({ server }) => {
    const { port: serverPort } = new URL(server.url)
    const small = request.filter(({ body }) => body.length < 500)

    const arrive = fc.asyncProperty(small, async (given) => {
      const { bytes, sent, body } = written(given, 'close')
      const single = Array.from(bytes, (byte) => Buffer.of(byte))

      const { received, port } = await converse(server.url, single, { limitMs: ANSWERED_MS })
      const { list, fault } = readAnswers(received, [given.method], true)

      assert.is(fault, undefined)
      assert.equal(
        list.map(({ status }) => status),
        [200]
      )
      const [answer] = list
      if (answer === undefined) return
      if (given.echoed) assert.ok(answer.body.equals(body), 'the body is not what was sent')
      else checkTold(answer, given, sent, { clientPort: port, serverPort })
    })
    await holds(arrive, 40)
  })
)

test.run()
