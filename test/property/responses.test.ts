// Generated responses through the whole server: the client receives the status, the headers and the
// bytes that the application sent, framed so that the next response on the connection is found.
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { type Answer, readAnswers, valuesOf } from './answers.ts'
import { converse } from './conversation.ts'
import { holds } from './holds.ts'
import { type ExpectedResponse, expectedOf, type GeneratedResponse, response } from './responses.ts'

const LIMIT_MS = 300_000
const ANSWERED_MS = 60_000

const test = suite<{ server: TestServer }>('generated responses')

test.before(async (context) => {
  const args = [testApp('echoing.py'), '--workers', '1', '--access-log', 'off']
  context.server = await serve(args)
})
test.after(({ server }) => server.close())

/** What HTTP/1.1 itself puts into a head. */
const SERVERS_OWN = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding'
])

function headersOf(answer: Answer, wanted: ExpectedResponse['headers']): [string, string[]][] {
  const names = new Set(answer.fields.map(([name]) => name.toLowerCase()))
  return [...names]
    .filter((name) => wanted.has(name) || !SERVERS_OWN.has(name))
    .map((name): [string, string[]] => [name, valuesOf(answer, name)])
    .sort(byName)
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

/** RFC 9112, 6 and RFC 9110, 8.6. */
function checkFraming(answer: Answer, given: GeneratedResponse, wanted: ExpectedResponse): void {
  const [length] = valuesOf(answer, 'content-length')
  if (given.version === '1.0') assert.equal(valuesOf(answer, 'transfer-encoding'), [])
  if (answer.status === 205) assert.is(length ?? '0', '0')
  else if (wanted.declared !== undefined && answer.status !== 204) {
    assert.is(length, String(wanted.declared))
  } else if (length !== undefined) assert.is(length, String(wanted.produced))
}

/** The plan, and behind it on the connection a request for something that is easy to recognise. */
function requestFor(given: GeneratedResponse, number: number): Buffer {
  const { declared } = expectedOf(given)
  const headers = [...given.headers]
  // In the middle, so that nothing rests on its place.
  if (declared !== undefined) headers.splice(1, 0, ['Content-Length', String(declared)])
  const plan = JSON.stringify({ ...given, headers, number })
  const head = `${given.method} /respond HTTP/${given.version}\r\nHost: x\r\nX-Plan: {"do": "respond"}\r\nContent-Length: ${Buffer.byteLength(plan)}\r\n\r\n`
  const next = `GET /next HTTP/1.1\r\nHost: x\r\nX-Plan: {"do": "tell", "reads": [], "piece": 1}\r\nConnection: close\r\n\r\n`
  return Buffer.from(given.version === '1.0' ? `${head}${plan}` : `${head}${plan}${next}`)
}

test(
  'arrive as the application sent them, and its close() is called once for each',
  within(LIMIT_MS, async ({ server }) => {
    let number = 0

    const arrive = fc.asyncProperty(response, async (given) => {
      const wanted = expectedOf(given)
      const bytes = requestFor(given, number++)

      const { received, end } = await converse(server.url, [bytes], { limitMs: ANSWERED_MS })
      const { list, fault } = readAnswers(received, [given.method, 'GET'], true)

      assert.is(fault, undefined)
      assert.is.not(end, 'late')
      const [answer, next] = list
      assert.ok(answer, 'there is no answer')
      // A body too short for its Content-Length may fail before anything is sent, or be cut.
      if (!wanted.whole && answer.status === 500) return
      assert.is(answer.status, wanted.status)
      // Where the application has no phrase, the server may have one.
      if (wanted.reason !== '') assert.is(answer.reason, wanted.reason)
      assert.equal(headersOf(answer, wanted.headers), [...wanted.headers].sort(byName))
      assert.is(answer.whole, wanted.whole)
      assert.ok(answer.body.equals(wanted.body), `${answer.body.length} other bytes`)
      checkFraming(answer, given, wanted)
      assert.is(next?.status, wanted.whole && given.version === '1.1' ? 200 : undefined)
    })
    await holds(arrive, 800)

    const headers = { 'X-Plan': '{"do": "closes"}' }
    const { text } = await server.request('/', { headers })
    const closes = Object.values(JSON.parse(text) as Record<string, number>)
    assert.ok(closes.length > number / 4)
    assert.ok(closes.every((count) => count === 1))
  })
)

test.run()
