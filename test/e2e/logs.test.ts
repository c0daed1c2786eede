// What a running server writes, and where: all of it to standard error.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { testApp } from './places.ts'

const LIMIT_MS = 90_000

const test = suite<{ text: TestServer; json: TestServer }>('logs')

test.before(async (context) => {
  const app = testApp('talkative.py')
  context.text = await serve([app, '--workers', '1', '--process-group', 'shop'])
  const json = ['--access-log', 'json', '--log-format', 'json']
  context.json = await serve([app, '--workers', '1', ...json])
})
test.after(async ({ text, json }) => {
  await text.close()
  await json.close()
})

test(
  "what an application prints and logs appears with its worker's name",
  within(LIMIT_MS, async ({ text }) => {
    await text.request('/?words')

    await text.logged(/^\S+Z INFO {2}\[shop\/1\] printed words(?: |$)/m)
    await text.logged(/^\S+Z \w+ +\[shop\/1\] to stderr words(?: |$)/m)
    await text.logged(/^\S+Z \w+ +\[shop\/1\] WARNING:shop:logged words(?: |$)/m)
    await text.logged(/^\S+Z WARN {2}\[shop\/1\] errors words(?: |$)/m)
    await text.logged(/\[shop\/builder\] printed at import(?: |$)/m)
  })
)

test(
  'a line without its end is not lost',
  within(LIMIT_MS, async ({ text }) => {
    await text.request('/?half')

    await text.logged(/unfinished half/)
  })
)

test(
  'an application can neither write to standard output nor steer the terminal',
  within(LIMIT_MS, async ({ text }) => {
    await text.request('/?one')
    await text.logged(/\\x1b\[2Jforged one/)

    assert.match(text.out(), /^wasgi ready on http:\/\/127\.0\.0\.1:\d+\n$/)
    assert.not.ok((await text.caughtUp()).includes('\x1b'))
  })
)

test(
  "the access log is Apache's combined format",
  within(LIMIT_MS, async ({ text }) => {
    const headers = { referer: 'http://example.org/"a"', 'user-agent': 'tester/1.0' }
    await text.request('/some/path?q=1', { headers })

    const line = await text.logged(/^.*GET \/some\/path.*$/m)

    const date = '\\d\\d/\\w{3}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4}'
    const rest =
      '"GET /some/path\\?q=1 HTTP/1\\.1" 200 3 "http://example\\.org/\\\\"a\\\\"" "tester/1\\.0"'
    assert.match(line[0], new RegExp(`^127\\.0\\.0\\.1 - - \\[${date}\\] ${rest}$`))
  })
)

test(
  'as JSON, every line is an object, of the access log and of the log',
  within(LIMIT_MS, async ({ json }) => {
    await json.request('/json?q=1', { headers: { 'user-agent': 'tester/1.0' } })
    await json.logged(/"url":"\/json\?q=1".*\n/)
    await json.logged(/printed q=1.*\n/)

    const lines = json.log().split('\n').slice(0, -1) // the last one may not be whole yet
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>)

    const access = records.find((record) => record.url === '/json?q=1')
    assert.is(access?.status, 200)
    assert.is(access?.bytes, 3)
    assert.is(access?.user_agent, 'tester/1.0')
    const printed = records.find((record) => record.msg === 'printed q=1')
    assert.is(printed?.worker, 'default/1')
    assert.is(printed?.level, 'info')
  })
)

test.run()
