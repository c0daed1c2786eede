// Where interpreters are, and when: lazy or eager, restricted or not, embedded or in a daemon process
// group, with a hook or without.
import Fastify, { type FastifyInstance } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const WORKERS = 2
const test = suite('initialisation policy')
const store = temporaryFolder()

interface Count {
  readonly main: number
  readonly workers: number
}

interface Row {
  readonly lazy: boolean
  readonly restricted: boolean
  readonly mode: 'embedded' | 'daemon'
  readonly hook: boolean
  readonly before: Count
  readonly status: number
  readonly after: Count
}

/** Written down by hand from mod_wsgi's rules, not computed: see docs/guides/start-up.md. */
function rows(): Row[] {
  const none = { main: 0, workers: 0 }
  const table: Row[] = []
  const add = (
    [lazy, restricted, mode, hook]: [boolean, boolean, Row['mode'], boolean],
    before: Count,
    status: number,
    after: Count
  ): void => {
    table.push({ lazy, restricted, mode, hook, before, status, after })
  }
  const eager = { main: 0, workers: WORKERS }
  add([false, false, 'daemon', false], eager, 200, eager)
  add([false, true, 'daemon', false], eager, 200, eager)
  add([false, false, 'daemon', true], { main: 1, workers: WORKERS }, 200, {
    main: 1,
    workers: WORKERS
  })
  add([false, true, 'daemon', true], { main: 1, workers: WORKERS }, 200, {
    main: 1,
    workers: WORKERS
  })
  add([true, false, 'daemon', false], none, 200, { main: 0, workers: 1 })
  add([true, true, 'daemon', false], none, 200, { main: 0, workers: 1 })
  add([true, false, 'daemon', true], none, 200, { main: 1, workers: 1 })
  add([true, true, 'daemon', true], none, 200, { main: 1, workers: 1 })
  add([false, false, 'embedded', false], { main: 1, workers: 0 }, 200, { main: 1, workers: 0 })
  add([false, true, 'embedded', false], none, 500, none)
  // The hook's interpreter is its own: it shares nothing with the application.
  add([false, false, 'embedded', true], { main: 2, workers: 0 }, 200, { main: 2, workers: 0 })
  add([false, true, 'embedded', true], { main: 1, workers: 0 }, 500, { main: 1, workers: 0 })
  add([true, false, 'embedded', false], none, 200, { main: 1, workers: 0 })
  add([true, true, 'embedded', false], none, 500, none)
  add([true, false, 'embedded', true], none, 200, { main: 2, workers: 0 })
  add([true, true, 'embedded', true], none, 500, { main: 1, workers: 0 })
  return table
}

function counted(app: FastifyInstance): Count {
  const modes = app.wasgi.interpreters().map(({ mode }) => mode)
  const embedded = modes.filter((mode) => mode === 'embedded')
  return { main: embedded.length, workers: modes.length - embedded.length }
}

for (const { lazy, restricted, mode, hook, before, status, after } of rows()) {
  const name = [
    lazy ? 'lazy' : 'eager',
    restricted ? 'restricted' : 'unrestricted',
    mode,
    hook ? 'with a hook' : 'without a hook'
  ].join(', ')
  test(
    `${name}: ${after.main} in the main thread and ${after.workers} in workers`,
    within(LIMIT_MS, async () => {
      const app = Fastify({ pluginTimeout: 0 })
      await app.register(wasgi, {
        app: example('hello.py'),
        mode,
        lazyInitialization: lazy,
        restrictEmbedded: restricted,
        snapshotDir: store,
        ...(mode === 'daemon' ? { workers: WORKERS } : {}),
        ...(hook ? { accessScript: testApp('gatekeeper.py') } : {})
      })
      await app.ready()
      try {
        assert.equal(counted(app), before, 'before the first request')

        const reply = await app.inject('/')

        assert.is(reply.statusCode, status)
        if (status === 500) assert.is(reply.json().code, 'WASGI_ERR_EMBEDDED_RESTRICTED')
        assert.equal(counted(app), after, 'after the first request')
      } finally {
        await app.close()
      }
    })
  )
}

test.run()
