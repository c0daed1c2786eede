// Extension modules in snapshots: real wheels for Pyodide's tag, loaded again to where they were.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 300_000
const EXPECTED =
  "{'counted': [1, 2, 3]}, {'name': 'tea', 'price': 2.5}, 7, '/packages/msgpack/_cmsgpack.cpython-314-wasm32-emscripten.so']"

const test = suite<{ packages: string; store: string }>('extension modules')
test.before(async (context) => {
  context.packages = temporaryFolder()
  context.store = temporaryFolder()
  const target = ['--target', context.packages]
  const wasgi = ['bin/wasgi.js', 'install', 'msgpack', 'pydantic', ...target]
  await promisify(execFile)(process.execPath, wasgi)
})

async function started(
  { packages, store }: { packages: string; store: string },
  ...more: string[]
): Promise<TestServer> {
  const app = [testApp('compiled.py'), '--python-path', packages, '--workers', '2']
  return serve([...app, '--snapshot-dir', store, ...more])
}

for (const start of ['captured', 'loaded']) {
  test(
    `are there in workers that were restored from a snapshot that was just ${start}`,
    within(LIMIT_MS, async (context) => {
      const server = await started(context)
      try {
        const replies = await Promise.all([1, 2, 3, 4].map(() => server.request('/')))

        for (const { status, text } of replies) {
          assert.is(status, 200)
          assert.ok(text.endsWith(EXPECTED), text)
        }
        await server.logged(new RegExp(`snapshot ${start}`))
        const ready = /interpreter ready .* boot=restored/g
        await server.tells((log) => log.match(ready)?.length, 2)
      } finally {
        await server.close()
      }
    })
  )
}

test(
  'work in an interpreter that is wiped after every request',
  within(LIMIT_MS, async (context) => {
    const server = await started(context, '--isolation', 'request')
    try {
      for (let i = 0; i < 10; i++) {
        const { text } = await server.request('/')
        assert.is(text, `[1, ${EXPECTED}`)
      }
      assert.not.match(await server.caughtUp(), 'worker ended')
    } finally {
      await server.close()
    }
  })
)

test.run()
