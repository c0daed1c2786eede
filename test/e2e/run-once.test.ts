// What the environ says of the interpreter: one thread always, and whether it is for one request.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { testApp } from './places.ts'

const LIMIT_MS = 180_000
const test = suite('wsgi.run_once')
const servers: TestServer[] = []
test.after(async () => {
  await Promise.all(servers.map((server) => server.close()))
})

const CASES: ReadonlyArray<readonly [what: string, args: readonly string[], once: boolean]> = [
  ['as it comes', [], false],
  ['wiped after every request', ['--isolation', 'request'], true],
  ['replaced after every request', ['--maximum-requests', '1', '--no-snapshot'], true],
  ['wiped after every second request', ['--maximum-requests', '2'], false],
  [
    'in the main thread, wiped after every request',
    ['--mode', 'embedded', '--isolation', 'request'],
    true
  ]
]

for (const [what, args, once] of CASES) {
  test(
    `an interpreter ${what} says ${once ? 'True' : 'False'} each time`,
    within(LIMIT_MS, async () => {
      const server = await serve([testApp('lifetimes.py'), ...args])
      servers.push(server)

      const texts = []
      for (let request = 0; request < 3; request++) texts.push((await server.request('/')).text)

      assert.equal(texts, Array(3).fill(`multithread False, run_once ${once ? 'True' : 'False'}\n`))
    })
  )
}

test.run()
