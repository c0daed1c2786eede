// Request and response bodies on the main thread: nothing is read or produced ahead of its reader.
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PIECE_BYTES, RequestBody } from '../../src/dispatch/request-body.ts'
import { ResponseStream } from '../../src/dispatch/response-stream.ts'
import { WasgiError } from '../../src/errors.ts'
import { within } from './within.ts'

const test = suite('bodies')

const LIMITS = { limitBytes: 1e6, timeoutMs: 0, heldBack: false, announcedBytes: undefined }

test(
  'a request body comes in pieces of the piece size, then its end',
  within(60_000, async () => {
    const source = new PassThrough({ highWaterMark: 1_000_000 })
    source.end(Buffer.alloc(PIECE_BYTES + 10, 'a'))
    const body = new RequestBody(source, { ...LIMITS, limitBytes: 1_000_000 })

    const pieces = [await body.next(), await body.next(), await body.next()]

    assert.equal(
      pieces.map(({ status, chunk }) => [status, chunk.length]),
      [
        ['more', PIECE_BYTES],
        ['more', 10],
        ['end', 0]
      ]
    )
  })
)

test(
  'a piece is given as soon as there is one, without waiting for more',
  within(60_000, async () => {
    const source = new PassThrough()
    const body = new RequestBody(source, { ...LIMITS, limitBytes: 1_000 })
    const first = body.next()
    source.write('a')

    const piece = await first

    assert.is(Buffer.from(piece.chunk).toString(), 'a')
    source.destroy()
  })
)

test(
  'a body without a known length is cut off at the limit',
  within(60_000, async () => {
    const source = new PassThrough()
    const body = new RequestBody(source, { ...LIMITS, limitBytes: 5 })
    source.write('123456')

    const piece = await body.next()

    assert.is(piece.status, 'too-large')
    source.destroy()
  })
)

test(
  'a client that goes away in the middle is gone, not at the end',
  within(60_000, async () => {
    const source = new PassThrough()
    const body = new RequestBody(source, { ...LIMITS, limitBytes: 1_000 })
    const waiting = body.next()
    source.destroy(new Error('reset'))

    assert.is((await waiting).status, 'gone')
    assert.is(await body.whole(), 'gone')
  })
)

test(
  'a body that comes drop by drop is too slow: all waits count together',
  within(60_000, async () => {
    const source = new PassThrough()
    const body = new RequestBody(source, { ...LIMITS, timeoutMs: 40 })
    const drops = setInterval(() => source.write('x'), 20)
    setTimeout(() => source.end(), 1_000)

    let { status } = await body.next()
    while (status === 'more') status = (await body.next()).status
    clearInterval(drops)

    assert.is(status, 'too-slow')
  })
)

test(
  'each 500 bytes earn a client another second',
  within(60_000, async () => {
    const source = new PassThrough()
    const body = new RequestBody(source, { ...LIMITS, timeoutMs: 1 })
    source.write(Buffer.alloc(5_000))
    await body.next()
    setTimeout(() => source.end('end'), 100)

    const next = await body.next()

    assert.is(next.status, 'more')
  })
)

test(
  'what is left of a body is drained although the next piece is being waited for',
  within(60_000, async () => {
    const source = new PassThrough()
    const body = new RequestBody(source, LIMITS)
    const waiting = body.next()

    body.discard()
    source.write(Buffer.alloc(1_000_000))
    source.end()
    await once(source, 'end')

    assert.is((await waiting).status, 'gone')
  })
)

for (const [name, chunks] of [
  ['what was produced before it', ['one', 'two']],
  ['nothing at all', []]
] as const) {
  test(
    `a response that breaks off before anybody reads it gives its reader ${name}, then the error`,
    within(60_000, async () => {
      const body = new ResponseStream({ accepted: () => {}, closed: () => {} })
      for (const chunk of chunks) body.deliver(Buffer.from(chunk))
      body.break(new WasgiError('WASGI_ERR_INTERNAL', ['broken']))

      const seen: string[] = []
      const failure = once(body, 'error')
      body.on('data', (chunk: Buffer) => seen.push(chunk.toString()))

      const [error] = (await failure) as [Error & { code?: string }]
      assert.is(error.code, 'WASGI_ERR_INTERNAL')
      assert.equal(seen, [...chunks])
    })
  )
}

test(
  'a body that ends before or after its announced length is not a whole one',
  within(60_000, async () => {
    const results: unknown[] = []
    for (const announcedBytes of [2, 3, 4]) {
      const source = new PassThrough()
      source.end('abc')
      const whole = await new RequestBody(source, { ...LIMITS, announcedBytes }).whole()
      results.push(typeof whole === 'string' ? whole : Buffer.from(whole).toString())
    }

    assert.equal(results, ['gone', 'abc', 'gone'])
  })
)

test(
  'trailers that could be taken for header fields of the request make a body malformed',
  within(60_000, async () => {
    const statuses: string[] = []
    for (const rawTrailers of [
      ['X-Checksum', 'Host'],
      ['HOST', 'x']
    ]) {
      const source = Object.assign(new PassThrough(), { rawTrailers })
      source.end()
      const body = new RequestBody(source, LIMITS)
      statuses.push((await body.next()).status)
    }

    assert.equal(statuses, ['end', 'malformed'])
  })
)

test(
  'what an application never reads is drained, but not what a client holds back',
  within(60_000, async () => {
    const flowing: boolean[] = []
    for (const heldBack of [false, true]) {
      const source = new PassThrough()
      new RequestBody(source, { ...LIMITS, heldBack }).discard()
      await new Promise(setImmediate)
      flowing.push(source.readableFlowing === true)
    }

    assert.equal(flowing, [true, false])
  })
)

test(
  'a whole body is put together from its pieces',
  within(60_000, async () => {
    const source = new PassThrough()
    const body = new RequestBody(source, { ...LIMITS, limitBytes: 1_000 })
    source.write('ab')
    setImmediate(() => source.end('cd'))

    const whole = await body.whole()

    assert.is(Buffer.from(whole ?? []).toString(), 'abcd')
  })
)

/** A socket that accepts a chunk only when the test lets it. */
function slowSocket(): { socket: Writable; accept: () => void } {
  let release: (() => void) | undefined
  const socket = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      release = done
    }
  })
  return { socket, accept: () => release?.() }
}

test(
  'credit comes back only for what the socket has accepted',
  within(60_000, async () => {
    const accepted: number[] = []
    const stream = new ResponseStream({
      accepted: (bytes) => accepted.push(bytes),
      closed: () => {}
    })
    const { socket, accept } = slowSocket()
    stream.pipe(socket)
    stream.deliver(new Uint8Array(100))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(accepted, [])

    const drained = once(socket, 'drain')
    accept()
    await drained
    await new Promise((resolve) => setImmediate(resolve))

    assert.equal(accepted, [100])
  })
)

test(
  'a chunk is handed on without waiting for the next one',
  within(60_000, async () => {
    const stream = new ResponseStream({ accepted: () => {}, closed: () => {} })
    const seen: string[] = []
    stream.on('data', (chunk: Buffer) => seen.push(chunk.toString()))
    await new Promise((resolve) => setImmediate(resolve))

    stream.deliver(Buffer.from('one'))
    await new Promise((resolve) => setImmediate(resolve))

    assert.equal(seen, ['one'])
    stream.destroy()
  })
)

test(
  'whoever destroys the stream is heard of once',
  within(60_000, async () => {
    let closed = 0
    const stream = new ResponseStream({ accepted: () => {}, closed: () => closed++ })
    stream.destroy()
    stream.destroy()
    await once(stream, 'close')

    stream.deliver(new Uint8Array(10))
    stream.finish()

    assert.is(closed, 1)
  })
)

test.run()
