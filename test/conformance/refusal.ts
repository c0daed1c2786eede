// Rows about requests that no application may see: what is sent, and the statuses that may come.
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import type { Row, Wire } from './row.ts'

/** How much of a request is shown of one that failed. */
const SHOWN = 300

export interface Refusal {
  /** What is refused: `two Hosts, different or equal`. */
  readonly promise: string
  readonly source: string
  readonly traps?: readonly number[]
  readonly parser?: `HPE_${string}`
  readonly except?: NonNullable<Row['except']>
  /** The bytes that follow may be anything, so the connection has to be closed. */
  readonly closes?: boolean
  /** Default: 400. Several where the specification leaves the choice. */
  readonly statuses?: readonly number[]
  /** The request; `pick` is the lines that pick an application. Several are tried one by one. */
  readonly requests: (prefix: string, pick: string) => readonly string[]
}

/**
 * Each request is answered with such a status, once, and what follows it is no request; no
 * application has been called, but one that reads, and could not read to an end.
 */
export function refusal(refused: Refusal): Row {
  const { requests, statuses = [400], closes = false, ...row } = refused
  return {
    section: 'What is refused',
    raw: true,
    ...row,
    promise: `it refuses ${row.promise}`,
    check: async (wire) => {
      for (const request of requests(wire.prefix, wire.pick('reading'))) {
        const shown = JSON.stringify(request.slice(0, SHOWN))
        if (row.parser !== undefined) assert.is(await parserCode(request), row.parser, shown)
        await assertRefused(wire, request, { statuses, closes }, shown)
      }
      assert.is((await wire.send({ app: 'mirror' })).status, 200)
    }
  }
}

async function assertRefused(
  wire: Wire,
  request: string,
  { statuses, closes }: { statuses: readonly number[]; closes: boolean },
  shown: string
): Promise<void> {
  const connection = await wire.connect()
  connection.write(request)
  const answer = await connection.answer().catch((error) => {
    throw new Error(`${shown}: ${error.message.slice(0, SHOWN)}`)
  })
  assert.ok(statuses.includes(answer.status), `${shown} is answered with ${answer.status}`)
  assert.ok(answer.complete, `${shown}: the answer is cut short`)
  if (!closes) connection.end()
  const text = await connection.closed()
  connection.destroy()
  assert.is(text.match(/HTTP\/1\.[01] \d{3} /g)?.length, 1, `${shown}: more than one answer`)
  const called = (await wire.journal()).filter((note) => note !== 'reading OSError')
  assert.equal(called, [], `${shown} reached an application`)
}

/** What Node's parser says of these bytes; undefined when it takes them for a request. */
export async function parserCode(request: string): Promise<string | undefined> {
  const server = http.createServer((incoming, response) => {
    incoming.resume().once('end', () => response.end())
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const code = Promise.withResolvers<string | undefined>()
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    code.resolve(error.code)
    socket.destroy()
  })
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.on('data', () => code.resolve(undefined))
  socket.once('close', () => code.resolve(undefined))
  socket.write(request, 'latin1')
  try {
    return await code.promise
  } finally {
    socket.destroy()
    server.close()
    server.closeAllConnections()
  }
}
