// `wsgi.early_hints` over bare sockets: interim responses before the final one, and never another
// byte of the application's choice.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { open } from './connection.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const DATA = temporaryFolder()
const STYLE = 'Link: </style.css>; rel=preload; as=style\r\n'
const SCRIPT = 'Link: </script.js>; rel="preload"; as=script; title="a, b"\r\n'
const INTERIM = 'HTTP/1.1 103 Early Hints\r\n'

const test = suite<{ server: TestServer }>('early hints')

test.before(async (context) => {
  context.server = await serve([testApp('hinting.py'), '--workers', '1', '--data-dir', DATA])
})
test.after(({ server }) => server.close())

/** Everything that comes for one request on a connection of its own. */
async function exchange({ url }: TestServer, path: string, version = '1.1'): Promise<string> {
  const connection = open(url)
  connection.send(`GET ${path} HTTP/${version}\r\nHost: x\r\nConnection: close\r\n\r\n`)
  return connection.closed
}

/** What comes before the final head, and the rest. */
function parts(text: string): { interim: string; final: string } {
  const at = text.search(/HTTP\/1\.1 (?!1)/)
  return { interim: text.slice(0, at), final: text.slice(at) }
}

test(
  'a hint is with the client while the application still works',
  within(LIMIT_MS, async ({ server }) => {
    const connection = open(server.url)
    connection.send('GET /one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')

    await connection.seen(/\r\n\r\n/)
    const early = connection.received()
    writeFileSync(join(DATA, 'released'), '')
    const all = await connection.closed

    assert.is(early, `${INTERIM}${STYLE}\r\n`)
    assert.match(parts(all).final, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\ndone$/)
  })
)

test(
  'each call is an interim response of its own, with every header in order',
  within(LIMIT_MS, async ({ server }) => {
    const { interim, final } = parts(await exchange(server, '/several'))

    assert.is(
      interim,
      `${INTERIM}${STYLE}${SCRIPT}\r\n${INTERIM}X-Other: caf\xe9\r\n\r\n${INTERIM}Link: </late>\r\n\r\n`
    )
    assert.match(final, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\ndone$/)
    assert.not.match(final, /link|x-other/i)
  })
)

test(
  'a client of HTTP/1.0 gets none',
  within(LIMIT_MS, async ({ server }) => {
    const text = await exchange(server, '/several', '1.0')

    assert.match(text, /^HTTP\/1\.[01] 200 OK\r\n[\s\S]*\r\n\r\ndone$/)
    assert.not.match(text, /103|link/i)
  })
)

test(
  'once the head is out there are none',
  within(LIMIT_MS, async ({ server }) => {
    const text = await exchange(server, '/late')

    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
    assert.not.match(text, /103|link/i)
    assert.match(text, /first, [\s\S]*second, [\s\S]*third/)
  })
)

test(
  'what no header may hold is an error for the application, and nothing is sent',
  within(LIMIT_MS, async ({ server }) => {
    const text = await exchange(server, '/hostile')

    const kinds = [...Array(10).fill('ValueError'), ...Array(3).fill('TypeError')]
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
    assert.is(text.split('\r\n\r\n')[1], kinds.join(' '))
  })
)

test(
  'one that is not handled is a 500, before which nothing was sent',
  within(LIMIT_MS, async ({ server }) => {
    assert.match(await exchange(server, '/uncaught'), /^HTTP\/1\.1 500 /)
    await server.logged(/ValueError: response header Link holds a control character/)
  })
)

test(
  'a request sends 16 at most, and says once that there were more',
  within(LIMIT_MS, async ({ server }) => {
    const { interim } = parts(await exchange(server, '/many'))

    const expected = Array.from({ length: 16 }, (_, at) => `${INTERIM}Link: </${at}>\r\n\r\n`)
    assert.is(interim, expected.join(''))
    await server.logged(/too many early hints/)
    await exchange(server, '/several')
    assert.is((await server.caughtUp()).match(/too many early hints/g)?.length, 1)
  })
)

test(
  'those of a request that is over reach nobody',
  within(LIMIT_MS, async ({ server }) => {
    const texts = [await exchange(server, '/keep'), await exchange(server, '/keep')]

    for (const text of texts) assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  })
)

test(
  'an application that goes around the gateway sends nothing that is malformed, and no more',
  within(LIMIT_MS, async ({ server }) => {
    const { interim, final } = parts(await exchange(server, '/forge'))

    // Five of the forged ones count, and are dropped by the host; the sixth is too large.
    assert.is(interim, `${INTERIM}Link: a\r\n\r\n`.repeat(16 - 5))
    assert.match(final, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n16$/)
  })
)

test(
  'the connection goes on after a response with hints',
  within(LIMIT_MS, async ({ server }) => {
    const connection = open(server.url)
    connection.send('GET /several HTTP/1.1\r\nHost: x\r\n\r\n')
    await connection.seen(/HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\ndone/)

    connection.send('GET /several HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const text = await connection.closed

    assert.is(text.match(/HTTP\/1\.1 103/g)?.length, 6)
    assert.is(text.match(/HTTP\/1\.1 200/g)?.length, 2)
  })
)

test.run()
