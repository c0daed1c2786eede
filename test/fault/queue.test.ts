// Requests that wait for a worker: so many, so long, and no more.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { type Reply, serve } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000
const test = suite('a full queue')

test(
  'a request that has waited for queue_timeout is a 504, and its application is not called',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = ['--workers', '1', '--data-dir', data, '--queue-timeout', '500ms']
    const server = await serve([testApp('enduring.py'), ...args])
    try {
      const running = server.request('/wait?open')
      await server.logged(/waiting for open/)

      const late = await server.request('/wait?never')
      writeFileSync(join(data, 'open'), '')

      assert.is(late.status, 504)
      assert.is(late.text, '504 Gateway Timeout\nWASGI_ERR_QUEUE_TIMEOUT\n')
      assert.is((await running).status, 200)
      assert.is((await server.request('/')).status, 200)
      assert.not.match(await server.caughtUp(), 'waiting for never')
    } finally {
      await server.close()
    }
  })
)

test(
  'a request beyond queue_limit is a 503 with Retry-After at once, and the others are answered',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = ['--workers', '1', '--data-dir', data, '--queue-limit', '4']
    const server = await serve([testApp('enduring.py'), ...args])
    try {
      const running = server.request('/wait?open')
      await server.logged(/waiting for open/)
      const enough = Promise.withResolvers<void>()
      const early: Reply[] = []
      const all = Array.from({ length: 10 }, async () => {
        const reply = await server.request('/')
        if (early.push(reply) === 6) enough.resolve()
        return reply.status
      })

      await enough.promise // nobody else is answered before the worker is free
      const refused = early.slice()
      writeFileSync(join(data, 'open'), '')
      const statuses = await Promise.all(all)

      for (const { status, text, headers } of refused) {
        assert.is(status, 503)
        assert.is(text, '503 Service Unavailable\nWASGI_ERR_QUEUE_FULL\n')
        assert.is(headers['retry-after'], '1')
      }
      assert.is(statuses.filter((status) => status === 200).length, 4)
      assert.is((await running).status, 200)
    } finally {
      await server.close()
    }
  })
)

test.run()
