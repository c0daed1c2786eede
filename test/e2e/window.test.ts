// Clients that stop reading, and clients that leave: the application produces no more than
// response_window ahead of them, is told when they are gone, and its worker is free again.
// Over a Unix socket, because the kernel's share of what is under way is then a fixed number.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { changed } from '../watching.ts'
import { type Connection, open } from './connection.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000
const DATA = temporaryFolder()
const NARROW = 64 * 1024
const WIDE = 4 * 1024 * 1024
/** What else may hold bytes: Node's buffer for the socket, and one piece in the application's hands. */
const ON_THE_WAY = 64 * 1024 + 16 * 1024
/** What the application produces at a time. */
const PIECE = 16 * 1024
/** Requests while which a server that waits for nobody would send far more than any window. */
const TURNS = 200

interface Context {
  narrow: TestServer
  wide: TestServer
}

const test = suite<Context>('response_window')

const start = (name: string, window: number): Promise<TestServer> => {
  const shared = ['--workers', '1', '--data-dir', DATA, '--request-timeout', '0']
  const socket = ['--uds', join(DATA, `${name}.sock`)]
  return serve([testApp('gated.py'), ...shared, ...socket, '--response-window', String(window)])
}

test.before(async (context) => {
  const [narrow, wide] = await Promise.all([start('narrow', NARROW), start('wide', WIDE)])
  Object.assign(context, { narrow, wide })
})
test.after(async ({ narrow, wide }) => {
  await Promise.all([narrow.close(), wide.close()])
})

/** Asks for a response and reads nothing of it. */
function ask({ url }: TestServer, path: string): Connection {
  const connection = open(url)
  connection.socket.pause()
  connection.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  return connection
}

/** Bytes of the body produced, once the window is full and there was time to produce far more. */
async function produced(server: TestServer, name: string, window = NARROW): Promise<number> {
  const count = (): number => Number(readFileSync(join(DATA, `${name}-produced`), 'utf8'))
  // But for the last piece, which may not fit.
  await changed(DATA, () => count() > window - PIECE)
  for (let turn = 0; turn < TURNS; turn++) {
    assert.is((await server.request('/#')).status, 400) // which needs no worker
  }
  return count()
}

/** What a Unix socket takes before its reader has read anything. */
function kernelBytes(): number {
  const file = '/proc/sys/net/core/wmem_default'
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 256 * 1024
}

const closings = (name: string): number =>
  readFileSync(join(DATA, `${name}-closed`), 'utf8').split('closed\n').length - 1

test(
  'an application is at most response_window ahead of a client that does not read',
  within(LIMIT_MS, async ({ narrow, wide }) => {
    const patient = ask(narrow, '/endless?narrow')
    const greedy = ask(wide, '/endless?wide')

    const [little, much] = await Promise.all([
      produced(narrow, 'narrow'),
      produced(wide, 'wide', WIDE)
    ])
    patient.socket.destroy()
    greedy.socket.destroy()

    assert.ok(little <= NARROW + kernelBytes() + ON_THE_WAY, `${little} bytes`)
    assert.ok(much <= WIDE + kernelBytes() + ON_THE_WAY, `${much} bytes`)
  })
)

test(
  'a client that reads on gets every byte in order',
  within(LIMIT_MS, async ({ narrow }) => {
    const connection = ask(narrow, '/endless?slow')
    await produced(narrow, 'slow')

    connection.socket.resume()
    let length = 0
    while (length < 3_000_000) {
      // Stops after each piece, so that the application is stopped again and again.
      connection.socket.pause()
      length = connection.received().length
      connection.socket.resume()
      await new Promise((resolve) => connection.socket.once('data', resolve))
    }
    connection.socket.destroy()

    const [, body = ''] = connection.received().split(/\r\n\r\n(.*)/s)
    const bytes = withoutChunks(body)
    assert.ok(bytes.length > 2_900_000)
    for (let at = 0; at < bytes.length; at++) {
      if (bytes.charCodeAt(at) !== at % 256) assert.unreachable(`wrong byte at ${at}`)
    }
  })
)

for (const path of ['endless', 'endless-writes', 'long-wait']) {
  test(
    `a client that leaves: close() ran once, and the worker is free (${path})`,
    within(LIMIT_MS, async ({ narrow }) => {
      const connection = ask(narrow, `/${path}?left-${path}`)
      if (path === 'long-wait') {
        connection.socket.resume()
        await connection.seen(/data: first\n\n/)
      } else await produced(narrow, `left-${path}`)

      connection.socket.destroy()

      await narrow.logged(new RegExp(`closed left-${path}`))
      const reply = await narrow.request('/quick?x')
      assert.is(reply.text, 'free\n')
      assert.is(closings(`left-${path}`), 1)
    })
  )
}

test(
  'a client that leaves before its request has started takes nothing with it',
  within(LIMIT_MS, async ({ narrow }) => {
    const busy = ask(narrow, '/endless?busy')
    await produced(narrow, 'busy')
    const waiting = ask(narrow, '/endless?never-started')
    const other = narrow.request('/quick?x')

    waiting.socket.destroy()
    busy.socket.destroy()

    assert.is((await other).text, 'free\n')
    assert.is(closings('busy'), 1)
  })
)

test.run()

/** The data of a chunked body, as far as it came. */
function withoutChunks(body: string): string {
  const parts: string[] = []
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf('\r\n', at)
    const size = end < 0 ? 0 : Number.parseInt(body.slice(at, end), 16)
    if (size === 0) break
    parts.push(body.slice(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
  return parts.join('')
}
