// What `app.wasgi.interpreters()` says: how many interpreters there are, and what they are like.
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const MEBIBYTE = 1_048_576
const test = suite('interpreters')

test(
  'an eager application has one for each worker, a lazy one has none before the first request',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    const hello = { app: example('hello.py') }
    await app.register(wasgi, { ...hello, prefix: '/eager', workers: 2, processGroup: 'eager' })
    const lazy = { ...hello, prefix: '/lazy', workers: 2, processGroup: 'lazy' }
    await app.register(wasgi, { ...lazy, lazyInitialization: true })
    await app.ready()
    try {
      const groups = () => app.wasgi.interpreters().map(({ group }) => group)
      assert.equal(groups(), ['eager', 'eager'])

      const reply = await app.inject('/lazy/you')

      assert.is(reply.body, 'Hello, you!\n')
      assert.equal(groups(), ['eager', 'eager', 'lazy'])
      const [first, , third] = app.wasgi.interpreters()
      assert.ok(first !== undefined && third !== undefined)
      const { heapBytes, ...rest } = third
      const worker = { mode: 'daemon', state: 'ready', boot: 'restored', generation: 1 }
      assert.equal(rest, { group: 'lazy', worker: rest.worker, ...worker, served: 1 })
      assert.match(rest.worker, /^lazy\/[12]$/)
      assert.ok(heapBytes > 20 * MEBIBYTE && heapBytes < 200 * MEBIBYTE, String(heapBytes))
      assert.equal([first.served, first.heapBytes > 20 * MEBIBYTE], [0, true])
    } finally {
      await app.close()
    }
  })
)

test(
  'what became of snapshots is counted',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    const snapshotDir = temporaryFolder()
    const dataDir = temporaryFolder()
    const good = { app: example('hello.py'), snapshotDir, workers: 2 }
    await app.register(wasgi, { ...good, prefix: '/good' })
    const env = { DATA_FILE: '1' }
    const holding = { app: testApp('holding.py'), snapshotDir, dataDir, env, workers: 1 }
    await app.register(wasgi, { ...holding, prefix: '/holding' })
    await app.ready()
    try {
      const [captured, refused] = app.wasgi.applications.map((each) => each.snapshot())

      assert.match(captured?.id ?? '', /^[0-9a-f]{32}$/)
      assert.equal([captured?.from, captured?.restored, captured?.failures], ['capture', 2, {}])
      assert.equal(refused, {
        from: undefined,
        id: undefined,
        restored: 0,
        failures: { WASGI_ERR_SNAPSHOT_REFUSED: 1 }
      })
    } finally {
      await app.close()
    }
  })
)

test.run()
