// Snapshots that break where no request waits for them: nobody else notices.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isReadAtStart } from '../../src/wire/start-variables.ts'
import { serve } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const test = suite('faults of snapshots')
const store = temporaryFolder()
const app = [testApp('fragile.py'), '--snapshot-dir', store, '--snapshot-env', 'BREAK']

test(
  'a hook that ends the interpreter after a wipe costs the worker, and no request',
  within(LIMIT_MS, async () => {
    const args = ['--isolation', 'request', '--env', 'BREAK=exit', '--workers', '1']
    const server = await serve([...app, ...args])
    try {
      for (let i = 0; i < 3; i++) assert.is((await server.request('/')).status, 200)

      await server.logged(/worker ended: it served its request and was recycled \(.*exit/)
    } finally {
      await server.close()
    }
  })
)

test(
  'a hook that hangs after a wipe is ended after startup_timeout',
  within(LIMIT_MS, async () => {
    const args = ['--isolation', 'request', '--env', 'BREAK=hang', '--workers', '1']
    const server = await serve([...app, ...args, '--startup-timeout', '20s'])
    try {
      assert.is((await server.request('/')).status, 200)
      assert.is((await server.request('/')).status, 200)

      await server.logged(/worker ended: it was not wiped within startup_timeout \(20000 ms\)/)
    } finally {
      await server.close()
    }
  })
)

test(
  'a warm-up request that ends the interpreter leaves a server without a snapshot',
  within(LIMIT_MS, async () => {
    const server = await serve([...app, '--warmup', 'GET /exit', '--workers', '1'])
    try {
      assert.is((await server.request('/')).status, 200)

      await server.logged(/WASGI_ERR_SNAPSHOT_REFUSED/)
      await server.logged('boot=cold')
    } finally {
      await server.close()
    }
  })
)

test(
  'SQLite draws other random numbers in every worker and after every wipe',
  within(LIMIT_MS, async () => {
    const server = await serve([...app, '--isolation', 'request', '--workers', '2'])
    try {
      const drawn = new Set<string>()
      for (let i = 0; i < 12; i++) drawn.add((await server.request('/')).text)

      assert.is(drawn.size, 12)
      await server.logged('boot=restored')
    } finally {
      await server.close()
    }
  })
)

test('only names that Python itself reads are handed over before they are asked for', () => {
  assert.equal(['PYTHONHASHSEED', 'TZ', 'LC_ALL'].map(isReadAtStart), [true, true, true])
  const secrets = ['PYTHON_API_KEY', 'PYTHONANYWHERE_TOKEN', 'TZ_TOKEN', 'LC_KEY2', 'SECRET']
  assert.equal(secrets.filter(isReadAtStart), [])
})

test.run()
