// All workers of a group replaced one after another, under load.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { WorkerOptions } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { fetchRaw } from '../serve.ts'
import { within } from '../unit/within.ts'
import { type House, house } from './house.ts'

const LIMIT_MS = 120_000
const test = suite('rolling replacement')

/** Clients ask until `work` has settled; gives the statuses and the least ready workers seen. */
async function underLoad(
  app: House,
  work: Promise<void>
): Promise<[statuses: number[], ready: number]> {
  let settled = false
  const done = work.finally(() => {
    settled = true
  })
  const statuses = new Set<number>()
  let least = Number.POSITIVE_INFINITY
  const client = async (): Promise<void> => {
    while (!settled) {
      statuses.add((await fetchRaw(app.url, '/work')).status)
      const ready = app.group.interpreters().filter(({ state }) => state === 'ready').length
      least = Math.min(least, ready)
    }
  }
  await Promise.all([client(), client(), client(), client(), done])
  return [[...statuses], least]
}

for (const [workers, least] of [
  [1, 1],
  [3, 2]
] as const) {
  test(
    `of ${workers} at least ${least} go on, and every request is answered`,
    within(LIMIT_MS, async () => {
      const app = await house({ app: testApp('enduring.py'), workers })
      try {
        const before = app.group.workers().map(({ threadId }) => threadId)

        const [statuses, ready] = await underLoad(
          app,
          app.group.recycle('reload', 'the test says so')
        )

        const after = app.group.workers().map(({ threadId }) => threadId)
        assert.equal(statuses, [200])
        assert.ok(ready >= least, `${ready} were ready`)
        assert.is(after.length, workers)
        assert.equal(
          before.filter((threadId) => after.includes(threadId)),
          []
        )
        assert.is(app.deaths().filter(({ kind }) => kind === 'reload').length, workers)
      } finally {
        await app.close()
      }
    })
  )
}

test(
  'if the new one cannot be loaded the old one goes on, and whoever asked is told why',
  within(LIMIT_MS, async () => {
    const file = join(temporaryFolder(), 'app.py')
    const working =
      'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"old"]\n'
    writeFileSync(file, working)
    const app = await house({ app: file, workers: 1, snapshot: false })
    try {
      writeFileSync(file, 'import missing_module\n')

      const error = await app.group.recycle('reload', 'a test').catch((reason: unknown) => reason)
      const reply = await fetchRaw(app.url, '/')

      assert.is((error as { code?: string }).code, 'WASGI_ERR_APP_IMPORT')
      assert.equal([reply.status, reply.text], [200, 'old'])

      writeFileSync(file, working.replace('old', 'new'))
      await app.group.recycle('reload', 'a test')

      assert.is((await fetchRaw(app.url, '/')).text, 'new')
      assert.is(app.group.workers().length, 1)
    } finally {
      await app.close()
    }
  })
)

test(
  'a thread that is lost as it begins is made again, and then its worker is replaced',
  within(LIMIT_MS, async () => {
    const app = await house({ app: testApp('enduring.py'), workers: 1 })
    // What Piscina takes its threads from.
    const threads = createRequire(import.meta.url)('node:worker_threads')
    const { Worker } = threads
    let lost = 0
    threads.Worker = class extends Worker {
      constructor(file: string, options: WorkerOptions) {
        super(file, options)
        if (lost++ === 0) void this.terminate()
      }
    }
    try {
      const [before] = app.group.workers()

      await app.group.recycle('reload', 'the test says so')

      assert.ok(lost > 1)
      const ready = app.group.workers().filter(({ state }) => state === 'ready')
      assert.is(ready.length, 1)
      assert.is.not(ready[0]?.threadId, before?.threadId)
    } finally {
      threads.Worker = Worker
      await app.close()
    }
  })
)

test.run()
