// Behind the wall of the realm stands another one: in the worker threads of `wasgi serve` V8 makes no
// code from strings, so that a function of the host alone is not yet the host.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder } from './places.ts'

const probe = join(temporaryFolder(), 'probe.mjs')
writeFileSync(
  probe,
  `import { isMainThread, Worker } from 'node:worker_threads'
const code = "(() => { try { return new Function('return \\"code\\"')() } catch (error) { return error.name } })()"
const say = (name) => "process._rawDebug('" + name + ": ' + " + code + ")"
if (isMainThread) process.once('SIGWINCH', () => {
  new Worker(say('a worker thread'), { eval: true })
  try { process._rawDebug('main thread: ' + new Function('return "code"')()) } catch (error) { process._rawDebug('main thread: ' + error.name) }
})
`
)

const test = suite('the second wall')

test(
  'no code is made from strings in a worker, and the main thread still does',
  within(120_000, async () => {
    const started = runWasgi(['serve', 'pyapps/hello.py', '--port', '0', '--workers', '1'], {
      env: { NODE_OPTIONS: `--import=${probe}` }
    })
    await started.printed(/ready on/)
    started.child.kill('SIGWINCH')
    const [, worker] = await started.logged(/a worker thread: (\w+)/)
    const [, main] = await started.logged(/main thread: (\w+)/)
    started.child.kill()
    await started.exited

    assert.is(worker, 'EvalError')
    assert.is(main, 'code')
  })
)

test.run()
