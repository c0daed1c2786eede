// The worker's side of one request: what it may produce, and what wakes it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FromWorker } from '../../src/wire/messages.ts'
import { RequestTable, requestTableBytes } from '../../src/wire/request-table.ts'
import { Exchange, NOTHING_YET, splitResponse } from '../../workers/exchange.ts'

const test = suite('worker exchange')

const WINDOW = 1_000
const TASK = { id: 7, slot: 0, head: '', body: null, application: 0 }

function opened() {
  const table = new RequestTable(new SharedArrayBuffer(requestTableBytes(1)))
  const posted: FromWorker[] = []
  const settled: Array<[ticket: number, value: number]> = []
  const exchange = new Exchange(
    table,
    // As a port does: what is transferred is gone on this side.
    (message, transfer) => posted.push(structuredClone(message, { transfer })),
    (ticket, value) => settled.push([ticket, value]),
    WINDOW
  )
  table.start(table.claim(), 1)
  exchange.open(TASK)
  return { exchange, table, posted, settled }
}

test('what is sent costs credit, and at none left the application must wait', () => {
  const { exchange, settled } = opened()

  const credit = [exchange.send(2, new Uint8Array(600)), exchange.send(2, new Uint8Array(400))]
  exchange.drain(1)

  assert.equal(credit, [400, 0])
  assert.equal(settled, [])
})

test('credit that comes back wakes whoever waits for it', () => {
  const { exchange, settled } = opened()
  exchange.send(2, new Uint8Array(WINDOW))
  exchange.drain(1)

  exchange.onCredit({ kind: 'credit', id: 7, bytes: 250 })

  assert.equal(settled, [[1, 250]])
})

test('credit of an earlier request is nobody’s', () => {
  const { exchange, settled } = opened()
  exchange.send(2, new Uint8Array(WINDOW))
  exchange.drain(1)

  exchange.onCredit({ kind: 'credit', id: 6, bytes: 250 })

  assert.equal(settled, [])
})

test('the first chunk goes with the head, taken apart', () => {
  const { exchange, posted } = opened()
  const bytes = new Uint8Array([2, 0, 0, 0, 3, 0, 0, 0, 79, 75, 1, 2, 3])

  const credit = exchange.send(1, bytes)

  assert.is(credit, WINDOW - 3)
  assert.equal(posted, [{ kind: 'head', id: 7, head: 'OK', chunk: new Uint8Array([1, 2, 3]) }])
  assert.is(splitResponse(bytes).head, 'OK')
})

test('early hints cost no credit, and a request sends 16 of them at most', () => {
  const { exchange, posted } = opened()
  const bytes = new TextEncoder().encode('Link\n</a>')

  const answers = Array.from({ length: 18 }, () => exchange.send(4, bytes))

  assert.equal(answers, [...Array(16).fill(1), 0, 0])
  assert.is(posted.length, 16)
  assert.equal(posted[0], { kind: 'hints', id: 7, lines: 'Link\n</a>' })
  assert.is(exchange.credit(), WINDOW)
  exchange.open(TASK)
  assert.is(exchange.send(4, bytes), 1)
})

test('early hints that are too large, or for nobody, are not sent', () => {
  const { exchange, table, posted } = opened()

  const large = exchange.send(4, new Uint8Array(8193))
  table.cancel(0)

  assert.equal([large, exchange.send(4, new Uint8Array(1))], [0, -1])
  assert.equal(posted, [])
})

test('a client that is gone ends every wait, and nothing more is sent', () => {
  const { exchange, posted, settled } = opened()
  exchange.send(2, new Uint8Array(WINDOW))
  exchange.drain(1)

  exchange.onCancel(7)

  assert.equal(settled, [[1, -1]])
  assert.is(exchange.send(2, new Uint8Array(1)), -1)
  assert.is(posted.length, 1)
})

test('a cancelled request is seen without any message', () => {
  const { exchange, table } = opened()

  table.cancel(0)

  assert.is(exchange.send(2, new Uint8Array(1)), -1)
})

test('a piece of the body is copied before the wait for it ends', () => {
  const { exchange, posted, settled } = opened()
  const events: string[] = []
  exchange.pull(3)
  const copy = (chunk: Uint8Array): void => {
    events.push(`copied ${chunk.length}, ${settled.length} settled`)
  }

  exchange.onBody({ kind: 'body', id: 7, status: 'more', chunk: new Uint8Array(5) }, copy)

  assert.equal(posted, [
    { kind: 'pull', id: 7 },
    { kind: 'pull', id: 7 }
  ])
  assert.equal(events, ['copied 5, 0 settled'])
  assert.equal(settled, [[3, 5]])
})

test('a piece that came in advance is taken without a wait', () => {
  const { exchange, posted, settled } = opened()
  const copied: number[] = []
  const copy = (chunk: Uint8Array): void => {
    copied.push(chunk.length)
  }
  assert.is(exchange.take(copy), NOTHING_YET)
  exchange.pull(1)
  exchange.onBody({ kind: 'body', id: 7, status: 'more', chunk: new Uint8Array(5) }, copy)
  exchange.onBody({ kind: 'body', id: 7, status: 'more', chunk: new Uint8Array(6) }, copy)

  const taken = [exchange.take(copy), exchange.take(copy)]

  assert.equal(taken, [6, NOTHING_YET])
  assert.equal(copied, [5, 6])
  assert.is(posted.length, 3)
  assert.equal(settled, [[1, 5]])
})

test('the end, a lost client and a body that is too large or too slow are told apart', () => {
  const { exchange, settled } = opened()
  const statuses = ['end', 'gone', 'too-large', 'too-slow'] as const

  for (const [index, status] of statuses.entries()) {
    exchange.pull(index + 1)
    exchange.onBody({ kind: 'body', id: 7, status, chunk: new Uint8Array() }, () => {})
  }

  assert.equal(settled, [
    [1, 0],
    [2, -1],
    [3, -2],
    [4, -4]
  ])
})

test.run()
