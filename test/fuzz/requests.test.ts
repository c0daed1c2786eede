// Thousands of requests that are valid, damaged or meant to deceive: each is answered or refused, none
// is seen that was not sent, and the server is afterwards as it was before. The same each time, unless
// WASGI_FUZZ_SEED or WASGI_FUZZ_COUNT is set; a million are sent by `npm run fuzz`.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testApp } from '../e2e/places.ts'
import { converse } from '../property/conversation.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { FUZZED_ARGS, Fuzzer, NOTES } from './fuzzer.ts'
import { fuzzCase } from './generator.ts'
import { faultOfNotes, type Note } from './judge.ts'
import { residentBytes } from './memory.ts'
import { readRequests } from './reading.ts'

const SEED = Number(process.env.WASGI_FUZZ_SEED ?? 9112)
const COUNT = Number(process.env.WASGI_FUZZ_COUNT ?? 4000)
const BATCH = 100
const LIMIT_MS = 500_000
const MEBIBYTE = 2 ** 20
/** Of V8's heap, which grows before it is collected. */
const GROWTH_LIMIT = 96 * MEBIBYTE

const test = suite<{ server: TestServer }>(`requests fuzzed with seed ${SEED}`)

test.before(async (context) => {
  context.server = await serve([testApp('marking.py'), ...FUZZED_ARGS])
})
test.after(({ server }) => server.close())

test('the strict reading finds in valid bytes what the generator put there', () => {
  let found = 0
  for (let index = 0; index < 2000; index++) {
    const { bytes, targets } = fuzzCase(SEED, index)
    if (targets === undefined) continue
    const { requests, end } = readRequests(bytes)
    assert.equal(
      requests.map(({ target }) => target),
      targets
    )
    assert.ok(requests.every(({ complete }) => complete))
    assert.ok(end === 'clean' || end === 'last')
    found += requests.length
  }
  assert.ok(found > 100)
})

test(
  'each is answered or refused, none is seen that was not sent, and the server stays as it was',
  within(LIMIT_MS, async ({ server }) => {
    const fuzzer = new Fuzzer(server)
    let resident = 0

    for (let first = 0; first < COUNT; first += BATCH) {
      const inputs = Array.from({ length: Math.min(BATCH, COUNT - first) }, (_, offset) =>
        fuzzCase(SEED, first + offset)
      )
      const reports = await fuzzer.batch(inputs)
      assert.is(reports.join('\n'), '')
      if (first < COUNT / 3) resident = residentBytes(server.pid)
    }

    assert.ok(fuzzer.seen > COUNT / 4, `only ${fuzzer.seen} requests reached the application`)
    const grown = residentBytes(server.pid) - resident
    assert.ok(grown < GROWTH_LIMIT, `it holds ${grown / MEBIBYTE} MiB more than before`)
  })
)

test(
  'a client that stops in the middle, and does not leave, is let go; nothing of it is seen as whole',
  within(LIMIT_MS, async () => {
    const times = ['--header-timeout', '1s', '--body-timeout', '1s', '--keep-alive-timeout', '1s']
    const server = await serve([testApp('marking.py'), ...FUZZED_ARGS, ...times])
    try {
      // Each 500 bytes give a client another second, so these are short.
      const inputs = Array.from({ length: 200 }, (_, index) => fuzzCase(SEED + 1, index))
        .filter(({ bytes }) => bytes.length < 1000)
        .slice(0, 50)

      const ends = await Promise.all(
        inputs.map(async ({ bytes }) => {
          const stopping = bytes.subarray(0, Math.floor(bytes.length * 0.7))
          const { end, port } = await converse(server.url, [stopping], { limitMs: LIMIT_MS / 2 })
          return { end, port, reading: readRequests(stopping) }
        })
      )
      const { text } = await server.request(NOTES)

      const { notes } = JSON.parse(text) as { notes: Note[] }
      for (const { end, port, reading } of ends) {
        const own = notes.filter((note) => note.port === port)
        assert.is.not(end, 'late')
        assert.is(faultOfNotes(reading.requests, own), undefined)
      }
    } finally {
      await server.close()
    }
  })
)

test.run()
