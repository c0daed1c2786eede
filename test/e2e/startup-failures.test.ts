// What keeps a server from starting: one message, a stable code, Python's traceback with the paths of
// this machine, an exit code, and no JavaScript stack.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000
const JAVASCRIPT_STACK = /^\s+at .*(?:node:|file:|\.[jt]s:\d)/m

const test = suite('a server that cannot start')

interface Ending {
  readonly code: unknown
  readonly log: string
}

async function ending(args: readonly string[]): Promise<Ending> {
  const run = runWasgi(args)
  const code = await run.exited
  assert.is(run.out(), '')
  assert.not.match(run.log(), JAVASCRIPT_STACK)
  return { code, log: run.log() }
}

const inServe = (...args: string[]): Promise<Ending> =>
  ending(['serve', ...args, '--workers', '1', '--port', '0'])

/** Made here: no formatter or linter would take such a file. */
function unparsable(): string {
  const file = join(temporaryFolder(), 'unparsable.py')
  writeFileSync(
    file,
    '"""Lacks a colon."""\n\n\ndef application(environ, start_response)\n    return []\n'
  )
  return file
}

test(
  "a failed import shows Python's traceback with host paths and the right lines",
  within(LIMIT_MS, async () => {
    const file = testApp('broken/fails_to_import.py')

    const { code, log } = await ending(['serve', file, '--workers', '2', '--port', '0'])

    assert.is(code, 1)
    const [first, second, ...rest] = log.split('\n')
    assert.match(String(first), /^wasgi: Importing .*KeyError.* {3}WASGI_ERR_APP_IMPORT$/)
    assert.is(second, 'Traceback (most recent call last):')
    assert.equal(rest, [
      `  File "${file}", line 8, in <module>`,
      '    configured = settings()',
      `  File "${file}", line 5, in settings`,
      '    return {}["DATABASE_URL"]',
      '           ~~^^^^^^^^^^^^^^^^',
      "KeyError: 'DATABASE_URL'",
      ''
    ])
  })
)

test(
  'a syntax error shows the line',
  within(LIMIT_MS, async () => {
    const file = unparsable()

    const { code, log } = await inServe(file)

    assert.is(code, 1)
    assert.match(log, /^wasgi: Python cannot parse [^\n]* {3}WASGI_ERR_APP_SYNTAX\n/)
    assert.ok(log.includes(`  File "${file}", line 4\n`), log)
    assert.ok(log.includes('    def application(environ, start_response)\n'), log)
  })
)

test(
  'a missing callable is told apart from a missing file',
  within(LIMIT_MS, async () => {
    const noCallable = await inServe(testApp('broken/no_callable.py'))
    const wrongName = await inServe(testApp('mirror.py:nobody'))
    const noFile = await inServe(testApp('broken/nowhere.py'))

    assert.is(noCallable.code, 1)
    assert.match(noCallable.log, /^wasgi: [^\n]* {3}WASGI_ERR_APP_CALLABLE\n$/)
    assert.is(wrongName.code, 1)
    assert.match(wrongName.log, /^wasgi: [^\n]*nobody[^\n]* {3}WASGI_ERR_APP_CALLABLE\n$/)
    assert.is(noFile.code, 1)
    assert.match(noFile.log, /^wasgi: [^\n]* {3}WASGI_ERR_APP_NOT_FOUND\n$/)
  })
)

test(
  'a package that is not installed is named',
  within(LIMIT_MS, async () => {
    const { code, log } = await inServe(testApp('broken/missing_package.py'))

    assert.is(code, 1)
    assert.match(
      log,
      /^wasgi: [^\n]*a_package_that_nobody_installed[^\n]* {3}WASGI_ERR_APP_IMPORT\n/
    )
  })
)

test(
  'check fails as serve does',
  within(LIMIT_MS, async () => {
    const { code, log } = await ending(['check', unparsable()])

    assert.is(code, 1)
    assert.match(log, /WASGI_ERR_APP_SYNTAX\n/)
  })
)

test(
  'check loads the scripts of hooks, too, even where serve would load them for the first request',
  within(LIMIT_MS, async () => {
    const script = unparsable()

    const { code, log } = await ending([
      ...['check', testApp('mirror.py'), '--access-script', script, '--lazy']
    ])

    assert.is(code, 1)
    assert.ok(log.includes(script), log)
  })
)

test(
  'a taken port ends with 4 and says which',
  within(LIMIT_MS, async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    try {
      const { port } = other.address() as AddressInfo

      const run = runWasgi(['serve', testApp('mirror.py'), '--workers', '1', '--port', `${port}`])

      assert.is(await run.exited, 4)
      assert.is(run.out(), '')
      const said = `^wasgi: Cannot listen on 127\\.0\\.0\\.1:${port}: [^\\n]* {3}WASGI_ERR_LISTEN$`
      assert.match(run.log(), new RegExp(said, 'm'))
      assert.not.match(run.log(), JAVASCRIPT_STACK)
    } finally {
      other.close()
    }
  })
)

test(
  'an option that is not understood ends with 3, a root that shows too much too',
  within(LIMIT_MS, async () => {
    const value = await inServe(testApp('mirror.py'), '--request-timeout', 'soon')
    const root = await inServe(testApp('mirror.py'), '--root', '/')

    assert.is(value.code, 3)
    assert.match(value.log, /^wasgi: request_timeout must be [^\n]* {3}WASGI_ERR_CONFIG_INVALID\n$/)
    assert.is(root.code, 3)
    assert.match(root.log, /^wasgi: root "\/" [^\n]* {3}WASGI_ERR_ROOT_REFUSED\n$/)
  })
)

test.run()
