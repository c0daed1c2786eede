// request_timeout and interrupt_timeout: a late request is interrupted where it is, in its own Python
// code; only one that does not come to an end costs its worker.
import { once } from 'node:events'
import net from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000
const LATE = '504 Gateway Timeout\nWASGI_ERR_REQUEST_TIMEOUT\n'

const test = suite<{ server: TestServer; token: string }>('interrupts')

test.before(async (context) => {
  const folder = temporaryFolder()
  const args = [testApp('tardy.py'), '--workers', '1', '--data-dir', folder]
  context.server = await serve([...args, '--request-timeout', '2s', '--interrupt-timeout', '20s'])
  context.token = (await context.server.request('/token')).text
})
test.after(({ server }) => server.close())

for (const [path, what] of [
  ['loop', 'a loop without end'],
  ['swallowing', 'a loop that catches every Exception'],
  ['sleep', 'a long sleep'],
  ['naps', 'short sleeps without end'],
  ['regex', 'a regular expression that tries everything'],
  ['power', 'a large power'],
  ['asyncio', 'a coroutine that never ends'],
  ['webloop', "a wait for a promise of the application's own"]
] as const) {
  test(
    `${what} is a 504, and its worker lives`,
    within(LIMIT_MS, async ({ server, token }) => {
      const late = server.request(`/${path}`)
      await server.logged(new RegExp(`begun ${path}`))
      const behind = server.request('/token')

      const { status, text } = await late

      assert.equal([status, text], [504, LATE])
      await server.logged(new RegExp(`${path} ended by RequestTimeout`))
      assert.is((await behind).text, token)
    })
  )
}

test(
  'a body that does not come, a client that does not read, and a stream that stops are interrupted, too',
  within(LIMIT_MS, async ({ server, token }) => {
    const head = 'HTTP/1.1\r\nHost: a\r\n'
    const silent = await talk(server, `POST /input ${head}Content-Length: 100000\r\n\r\n12345`)
    await server.logged(/input ended by RequestTimeout/)
    assert.match((await silent.end()).slice(0, 12), 'HTTP/1.1 504')

    const deaf = await talk(server, `GET /output ${head}\r\n`)
    deaf.socket.pause()
    await server.logged(/output ended/)
    deaf.socket.destroy()

    const cut = await talk(server, `GET /stream ${head}\r\n`)
    await server.logged(/stream ended/)
    const received = await cut.end()
    assert.match(received, /first/)
    assert.not.match(received, /\r\n0\r\n\r\n$/)
    assert.is((await server.request('/token')).text, token)
  })
)

test(
  'a callback that waits beside a late request is not interrupted',
  within(LIMIT_MS, async ({ server, token }) => {
    const { status } = await server.request('/besides')

    assert.is(status, 504)
    await server.logged(/besides ended by RequestTimeout/)
    const [said] = await server.logged(/besides: (?:it came|lost .*)/)
    assert.is(said, 'besides: it came')
    assert.is((await server.request('/token')).text, token)
  })
)

test(
  'an application that handles the timeout may still answer',
  within(LIMIT_MS, async ({ server, token }) => {
    const { status, headers, text } = await server.request('/recovering')

    assert.equal([status, headers['x-error']], [503, 'RequestTimeout'])
    assert.is(text, 'better an answer than none')
    assert.is((await server.request('/token')).text, token)
  })
)

test(
  'what a request waits for after it has been interrupted is not interrupted again',
  within(LIMIT_MS, async ({ server, token }) => {
    const body = Buffer.alloc(1_000_000)

    const reply = await server.request('/careful', { method: 'POST', body })

    assert.equal([reply.status, reply.headers['x-read']], [503, '1000000'])
    assert.is(reply.text.length, 40 * 65536)
    assert.is((await server.request('/token')).text, token)
  })
)

test(
  'the log tells where the request was when it was interrupted',
  within(LIMIT_MS, async ({ server }) => {
    await server.request('/sleep')

    const [line] = await server.logged(
      /did not finish GET \/sleep within.*\n(?:.*\n)*?.*RequestTimeout/
    )
    assert.match(line, 'It was interrupted where the traceback ends')
    assert.match(line, /File "[^"]*tardy\.py", line \d+, in late_sleep/)
  })
)

test(
  'an interruption is for one request: those that follow run as long as they may',
  within(LIMIT_MS, async ({ server, token }) => {
    for (let round = 0; round < 3; round++) {
      const replies = await Promise.all(
        ['/loop', '/token', '/token', '/sleep', '/token'].map((path) => server.request(path))
      )
      assert.equal(
        replies.map(({ status }) => status),
        [504, 200, 200, 504, 200]
      )
      assert.ok(replies.every(({ status, text }) => status === 504 || text === token))
    }
  })
)

const stubborn = suite<{ server: TestServer }>('what cannot be interrupted')

stubborn.before(async (context) => {
  const args = [testApp('tardy.py'), '--workers', '1', '--request-timeout', '2s']
  context.server = await serve([...args, '--interrupt-timeout', '500ms'])
})
stubborn.after(({ server }) => server.close())

for (const [path, what] of [
  ['sum', 'a computation in C that looks for no signals'],
  ['deaf', 'an application that catches the timeout and goes on']
] as const) {
  stubborn(
    `${what} is a 504, and costs its worker`,
    within(LIMIT_MS, async ({ server }) => {
      const before = (await server.request('/token')).text
      const late = server.request(`/${path}`)
      await server.logged(new RegExp(`begun ${path}`))
      const behind = server.request('/token')

      const { status, text } = await late

      assert.equal([status, text], [504, LATE])
      await server.logged(/Its worker \S+ was terminated and is being replaced/)
      const { status: next, text: after } = await behind
      assert.is(next, 200)
      assert.is.not(after, before)
    })
  )
}

const locked = suite<{ server: TestServer }>('a lock that another worker has')

locked.before(async (context) => {
  const args = [testApp('tardy.py'), '--workers', '2', '--data-dir', temporaryFolder()]
  context.server = await serve([...args, '--request-timeout', '2s', '--interrupt-timeout', '20s'])
  await context.server.request('/keeping')
})
locked.after(({ server }) => server.close())

for (const kind of ['lock', 'record_lock']) {
  locked(
    `who waits for a ${kind.replace('_', ' ')} is interrupted`,
    within(LIMIT_MS, async ({ server }) => {
      const busy = server.request('/sleep') // by the one that keeps the lock
      await server.logged(/begun sleep/)

      const { status } = await server.request(`/${kind}`)

      assert.is(status, 504)
      await server.logged(new RegExp(`${kind} ended by RequestTimeout`))
      await busy
    })
  )
}

const embedded = suite<{ server: TestServer }>('embedded mode')

embedded.before(async (context) => {
  const args = [testApp('tardy.py'), '--mode', 'embedded', '--request-timeout', '2s']
  context.server = await serve([...args, '--interrupt-timeout', '20s'])
})
embedded.after(({ server }) => server.close())

embedded(
  'what waits in the main thread is interrupted, too',
  within(LIMIT_MS, async ({ server }) => {
    const before = (await server.request('/token')).text

    for (const path of ['sleep', 'asyncio', 'webloop']) {
      const { status } = await server.request(`/${path}`)

      assert.is(status, 504)
      await server.logged(new RegExp(`${path} ended by RequestTimeout`))
    }
    assert.is((await server.request('/token')).text, before)
  })
)

interface Talk {
  readonly socket: net.Socket
  /** Everything received, once the server has closed the connection. */
  end(): Promise<string>
}

async function talk(server: TestServer, text: string): Promise<Talk> {
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(text)
  return {
    socket,
    end: async () => {
      if (!socket.closed) await once(socket, 'close')
      return received
    }
  }
}

test.run()
stubborn.run()
locked.run()
embedded.run()
