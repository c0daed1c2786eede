// What those are told who come while a group has no worker, and can have none.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError } from '../../src/errors.ts'
import { bench } from './dispatch-bench.ts'
import { within } from './within.ts'

const test = suite('a group that is down')

for (const [retryInMs, seconds] of [
  [0, '1'],
  [1, '1'],
  [1_000, '1'],
  [1_001, '2'],
  [29_999.5, '30']
] as const) {
  test(
    `who is refused ${retryInMs} ms before the next try is told to come back after ${seconds} s`,
    within(60_000, async () => {
      const bootError = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'ImportError: x'])
      const { workers, send } = bench(1, { bootError, retryInMs })
      assert.ok(workers[0])
      workers[0].state = 'empty'

      const exchange = await send()

      const error = await exchange.response.catch((reason: unknown) => reason as WasgiError)
      assert.instance(error, WasgiError)
      const { code, headers } = error as WasgiError
      assert.is(code, 'WASGI_ERR_GROUP_DOWN')
      assert.equal(headers, { 'retry-after': seconds })
    })
  )
}

test.run()
