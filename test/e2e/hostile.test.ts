// The published ways out of Pyodide, through a server: none leads out, and whatever a hostile
// application does to its interpreter, the server and the next request do not notice.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder } from './places.ts'

const LIMIT_MS = 180_000
const APP = fileURLToPath(new URL('../realm/hostile/app.py', import.meta.url))
const outside = join(temporaryFolder(), 'secret.txt')
writeFileSync(outside, 'of the host')

const test = suite<{ server: TestServer }>('a hostile application')

test.before(async (context) => {
  context.server = await serve([APP, '--workers', '1', '--request-timeout', '20'])
})
test.after(({ server }) => server.close())

/** A value as JSON, the last line of a traceback, or the status of a request that got neither. */
async function attempt(server: TestServer, name: string, args: readonly unknown[]) {
  const body = JSON.stringify([`escapes.${name}`, args])
  const { status, text } = await server.request('/', { method: 'POST', body })
  if (status !== 200) return String(status)
  const { value, error } = JSON.parse(text) as { value?: unknown; error?: string }
  if (error === undefined) return JSON.stringify(value)
  const lines = error.trim().split('\n')
  return `raised: ${lines.filter((line) => !line.startsWith(' ')).at(-1)}`
}

const ESCAPES: ReadonlyArray<readonly [name: string, args: readonly unknown[], end: RegExp]> = [
  ['from_js', ['process'], /^raised: AttributeError/],
  ['eval_js', ['process.exit(1)'], /^raised: ImportError/],
  ['constructor_chains', ['return process'], /^\["AttributeError","EvalError","not Function/],
  ['named_leaks', [], /^\["EvalError"\]$/],
  ['mount_host', ['/'], /^raised: .*mountNodeFS only works in Node/],
  ['read', [outside], /^raised: FileNotFoundError/],
  ['read', ['/proc/self/environ'], /^raised: FileNotFoundError/],
  ['system', ['true'], /^1$/],
  ['connect', ['127.0.0.1', 9], /^raised: OSError/],
  ['run_script', ['globalThis.escaped = 1'], /^502$/],
  ['fill_memory', [1e12], /./],
  ['call_back', [], /./]
]

for (const [name, args, end] of ESCAPES) {
  test(
    `${name}(${JSON.stringify(args).slice(1, -1)}) does not get out, and the next request is answered`,
    within(LIMIT_MS, async ({ server }) => {
      const outcome = await attempt(server, name, args)

      assert.match(outcome, end)
      assert.is(outcome.includes('of the host'), false)
      assert.is(await attempt(server, 'answer', []), '42')
    })
  )
}

test(
  'and none of it made the server log an error of its own',
  within(LIMIT_MS, async ({ server }) => {
    assert.is(/WASGI_ERR_INTERNAL|uncaught|unhandled/i.test(await server.caughtUp()), false)
  })
)

test.run()
