// Who waits for whom: an application for a client that does not read, a body for an application, and
// nobody else for either.
import { createHash } from 'node:crypto'
import * as assert from 'uvu/assert'
import type { Row, Wire } from '../row.ts'
import { head, OK, telling } from './response-telling.ts'

const section = 'The iterable'

/** Far more than all that may hold bytes on their way: the response window, buffers of the system. */
const ITEMS = 1024
const ITEM_BYTES = 64 * 1024
/** As long as a server that waits for nobody has to get to the end of its response. */
const TURNS = 100

/** A refusal needs the server, and no worker. */
async function assertRefuses(wire: Wire): Promise<void> {
  assert.is((await wire.send({ app: 'mirror', target: '/#' })).status, 400)
}

async function turns(wire: Wire): Promise<number> {
  for (let turn = 0; turn < TURNS; turn++) await assertRefuses(wire)
  return Date.now()
}

/** Keeps the worker waiting for a client, until the result is called. */
async function waiting(wire: Wire): Promise<() => Promise<void>> {
  const connection = await wire.connect()
  const target = telling(`('yielded', [])`)
  const lines = 'Transfer-Encoding: chunked\r\n'
  connection.write(head(wire, { app: 'taking_turns', target, method: 'POST', lines }))
  await connection.until('your turn;')
  return async () => {
    connection.write('1\r\nx\r\n0\r\n\r\n')
    const { body } = await connection.answer()
    connection.destroy()
    assert.is(body.toString(), 'your turn;thanks for 1;')
  }
}

export const rows: readonly Row[] = [
  {
    section,
    promise: 'an application waits for a client that does not read, and then all of it arrives',
    source: 'PEP 3333, Buffering and Streaming; waitress: outbuf_high_watermark',
    traps: [5, 25],
    check: async (wire) => {
      for (const way of ['yielded', 'written']) {
        const target = telling(`('${way}', ${ITEMS}, ${ITEM_BYTES})`)
        const readFrom = turns(wire)

        const answer = await wire.send({ app: 'stamping', target, unreadUntil: readFrom })

        assert.ok(answer.complete, way)
        assert.is(answer.body.length, ITEMS * ITEM_BYTES, way)
        const stamps = Array.from({ length: ITEMS }, (_, index) =>
          Number(answer.body.toString('latin1', index * ITEM_BYTES, (index + 1) * ITEM_BYTES))
        )
        const startedAt = await readFrom
        const early = stamps.filter((stamp) => stamp < startedAt).length
        assert.ok(early > 0, way)
        assert.ok(early < ITEMS / 2, `${way}: ${early} of ${ITEMS} items that nobody read`)
      }
    }
  },
  {
    section,
    promise: 'an application that waits for its client keeps the server from nothing',
    source: 'PEP 3333, Buffering and Streaming',
    traps: [5],
    raw: true,
    check: async (wire) => {
      const goOn = await waiting(wire)

      await assertRefuses(wire)
      const next = wire.send({ app: 'told', target: telling(`(${OK}, [b'next'])`) })
      await goOn()

      assert.is((await next).body.toString(), 'next')
    }
  },
  {
    section: 'The request body',
    promise: 'a body that has to wait for an application comes whole',
    source: 'PEP 3333, Input and Error Streams',
    traps: [12],
    raw: true,
    check: async (wire) => {
      const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251))
      const sha256 = createHash('sha256').update(body).digest('hex')
      const goOn = await waiting(wire)
      const connection = await wire.connect()
      const lines = `Content-Length: ${body.length}\r\n`

      connection.write(head(wire, { app: 'measuring', method: 'PUT', lines, validated: true }))
      // So that what has come already is in pieces that are no power of two.
      for (let at = 0; at < body.length; at += 50_000) {
        connection.write(body.subarray(at, at + 50_000))
        for (let turn = 0; turn < 5; turn++) await assertRefuses(wire)
      }
      await goOn()
      const answer = await connection.answer()
      connection.destroy()

      assert.equal(JSON.parse(answer.body.toString()), { length: body.length, sha256 })
    }
  }
]
