// An application that raises: the client learns that it failed, the log why, and the worker goes on.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { testApp } from './places.ts'

const LIMIT_MS = 90_000
const FILE = testApp('failing.py')
const LINE =
  1 +
  readFileSync(FILE, 'utf8')
    .split('\n')
    .findIndex((line) => /raise Value/.test(line))

const test = suite<{ server: TestServer; debugging: TestServer }>('an application that raises')

test.before(async (context) => {
  const one = [FILE, '--workers', '1', '--memory-limit', '128M']
  const [server, debugging] = await Promise.all([serve(one), serve([...one, '--debug'])])
  Object.assign(context, { server, debugging })
})
test.after(async ({ server, debugging }) => {
  await Promise.all([server.close(), debugging.close()])
})

test(
  'a client gets 500 and a code, and nothing of the traceback',
  within(LIMIT_MS, async ({ server }) => {
    const reply = await server.request('/raise')

    assert.is(reply.status, 500)
    assert.is(reply.text, '500 Internal Server Error\nWASGI_ERR_APP_EXCEPTION\n')
    assert.not.match(JSON.stringify(reply.rawHeaders), /detail|Traceback|failing\.py/)
  })
)

test(
  'the log has the traceback, with host paths, the request and the worker',
  within(LIMIT_MS, async ({ server }) => {
    await server.request('/raise')

    const [, said = '', rest = ''] = await server.logged(
      /^(.*ERROR \[default\/1\] .* GET \/raise\. .*)\n([\s\S]*?\n\w+Error: .*)\n/m
    )
    assert.match(said, / code=WASGI_ERR_APP_EXCEPTION$/)
    assert.match(rest, /^Traceback \(most recent call last\):\n/)
    assert.ok(rest.includes(`\n  File "${FILE}", line ${LINE}, in raise_error\n`), rest)
    assert.match(rest, /^ValueError: a detail that is nobody's business$/m)
  })
)

for (const [path, name] of [
  ['exit', 'SystemExit'],
  ['interrupt', 'KeyboardInterrupt'],
  ['recurse', 'RecursionError']
] as const) {
  test(
    `${name} is a 500, and the same worker answers the next request`,
    within(LIMIT_MS, async ({ server }) => {
      const before = await server.request('/token')

      const reply = await server.request(`/${path}`)
      const after = await server.request('/token')

      assert.is(reply.status, 500)
      assert.is(after.status, 200)
      assert.is(after.text, before.text)
      await server.logged(new RegExp(`raised ${name}.* GET /${path}`))
    })
  )
}

test(
  'MemoryError is a 500, and another interpreter answers the next request',
  within(LIMIT_MS, async ({ server }) => {
    const before = await server.request('/token')

    const reply = await server.request('/memory')
    const after = await server.request('/token')

    assert.is(reply.status, 500)
    assert.is(after.status, 200)
    assert.is.not(after.text, before.text)
    await server.logged(/raised MemoryError.* GET \/memory/)
    await server.logged(
      /\[default\/1\] worker ended: it ran out of memory and was recycled \(its memory has grown\)/
    )
  })
)

test(
  'what waits behind a MemoryError runs in another interpreter',
  within(LIMIT_MS, async ({ server }) => {
    const before = await server.request('/token')
    const begun = (log: string): number => log.split('begun memory').length
    const seen = begun(await server.caughtUp())
    const fatal = server.request('/memory')
    await server.tells(begun, seen + 1)

    const behind = await Promise.all(Array.from({ length: 6 }, () => server.request('/token')))

    assert.is((await fatal).status, 500)
    for (const { status, text } of behind) {
      assert.is(status, 200)
      assert.is.not(text, before.text)
    }
  })
)

test(
  '--debug shows the traceback in the browser, as text that cannot be HTML',
  within(LIMIT_MS, async ({ debugging }) => {
    const reply = await debugging.request('/raise')

    assert.is(reply.status, 500)
    assert.match(String(reply.headers['content-type']), /^text\/html/)
    assert.match(reply.text, /Traceback \(most recent call last\):/)
    assert.match(reply.text, /a detail that is nobody/)
    assert.not.match(reply.text, /<module>/)
  })
)

test.run()
