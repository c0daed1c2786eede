// Workers that are lost, or never get done, while their interpreter is being made.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder } from '../e2e/places.ts'
import { runWasgi, serve } from '../serve.ts'
import { within } from '../unit/within.ts'
import { deathsIn, interpreters } from './events.ts'

const LIMIT_MS = 180_000
const test = suite('booting')

const WORKING = `
import os

def app(environ, start_response):
    if environ["PATH_INFO"] == "/end":
        os._exit(3)
    start_response("200 OK", [])
    return [environ["wasgi.worker"].encode()]
`

/** The import of this one ends the interpreter, but only the first time. */
const LETHAL_ONCE = `
import os

try:
    os.mkdir("/data/tried")
except FileExistsError:
    pass
else:
    os._exit(4)
${WORKING}`

const ENDLESS = `
print("importing", flush=True)
while True:
    pass
`

function written(text: string): string {
  const app = join(temporaryFolder(), 'app.py')
  writeFileSync(app, text)
  return app
}

for (const snapshot of ['--snapshot', '--no-snapshot']) {
  test(
    `a server whose application is never done with its import ends, and says so (${snapshot})`,
    within(LIMIT_MS, async () => {
      const args = ['serve', written(ENDLESS), '--port', '0', '--workers', '1', snapshot]
      const run = runWasgi([...args, '--startup-timeout', '8s'])

      const code = await run.exited

      assert.is(code, 70) // EX_SOFTWARE, as for every worker that cannot boot
      assert.match(run.log(), /startup_timeout \(8000 ms\)/)
      assert.is(run.out(), '')
    })
  )
}

test(
  'a worker that is not ready within startup_timeout is ended, whoever waits is told, and the next one serves',
  within(LIMIT_MS, async () => {
    const app = written(ENDLESS)
    const args = [app, '--lazy', '--workers', '1', '--no-snapshot', '--log-format', 'json']
    const server = await serve([...args, '--startup-timeout', '8s'])
    try {
      const down = await server.request('/')
      writeFileSync(app, WORKING)
      await server.logged(/"msg":"worker ended: [^\n]*\n/)
      const served = server.request('/')

      assert.equal([down.status, down.text.includes('WASGI_ERR_GROUP_DOWN')], [503, true])
      const [death] = deathsIn(server.log())
      assert.is(death?.kind, 'startup-timeout')
      assert.match(death?.reason ?? '', 'it was not ready within startup_timeout (8000 ms)')
      await served
    } finally {
      await server.close()
    }
  })
)

test(
  'a group that loses a replacement while it boots is brought back to strength, and nobody is refused',
  within(LIMIT_MS, async () => {
    const app = written(WORKING)
    const data = temporaryFolder()
    const args = [app, '--workers', '2', '--no-snapshot', '--no-script-reloading']
    const server = await serve([...args, '--data-dir', data, '--log-format', 'json'])
    try {
      await interpreters(server, 2)
      writeFileSync(app, LETHAL_ONCE)
      const lost = await server.request('/end')
      const meanwhile: number[] = []
      const replaced = interpreters(server, 3)
      let done = false
      void replaced.then(() => {
        done = true
      })
      while (!done) meanwhile.push((await server.request('/')).status)

      assert.is(lost.status, 502)
      assert.equal([...new Set(meanwhile)], [200])
      const [first, second] = deathsIn(server.log())
      assert.is(first?.request?.label, 'GET /end')
      assert.equal(
        [second?.kind, second?.request, second?.next],
        ['boot-failed', undefined, 'after']
      )
    } finally {
      await server.close()
    }
  })
)

test.run()
