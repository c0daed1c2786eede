// For how many requests an interpreter serves, drawn each time that it begins anew.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  drawMaximumRequests,
  servesOnce,
  Tenure,
  type TenureSettings
} from '../../workers/tenure.ts'

const test = suite('tenure')

const NONE: TenureSettings = { isolated: false, maximumRequests: 0, maximumRequestsJitter: 0 }

/** How many requests it serves from one beginning to the next, over so many of them. */
function lives(settings: Partial<TenureSettings>, draws: readonly number[]): readonly number[] {
  const left = [...draws]
  const tenure = new Tenure({ ...NONE, ...settings }, () => left.shift() ?? Number.NaN)
  return draws.map((_draw, index) => {
    if (index > 0) tenure.renew()
    for (let served = 1; ; served++) {
      tenure.count()
      if (tenure.due() !== undefined) return served
    }
  })
}

test('maximum_requests_jitter adds at most itself, and nothing to no limit', () => {
  assert.is(drawMaximumRequests(0, 50, 0.9), 0)
  assert.is(drawMaximumRequests(100, 0, 0.999_999), 100)
  assert.is(drawMaximumRequests(100, 50, 0), 100)
  assert.is(drawMaximumRequests(100, 50, 0.999_999), 150)
})

test('each new beginning draws a limit of its own', () => {
  const served = lives({ maximumRequests: 3, maximumRequestsJitter: 4 }, [0, 0.5, 0.999, 0, 0.3])

  assert.equal(served, [3, 5, 7, 3, 4])
})

test('the reason names the limit that was drawn, and nothing is due before the first request', () => {
  const settings = { ...NONE, maximumRequests: 1, maximumRequestsJitter: 1 }
  const tenure = new Tenure(settings, () => 0.9)

  assert.is(tenure.due(), undefined)
  tenure.count()
  assert.is(tenure.due(), undefined)
  tenure.count()

  const reason = 'it served maximum_requests (2)'
  assert.equal(tenure.due(), { cause: 'maximum-requests', reason })
})

test('with isolation = "request" one request is a whole life', () => {
  assert.equal(lives({ isolated: true, maximumRequests: 9 }, [0, 0]), [1, 1])
})

const ONCE: ReadonlyArray<readonly [settings: Partial<TenureSettings>, once: boolean]> = [
  [{}, false],
  [{ isolated: true }, true],
  [{ maximumRequests: 1 }, true],
  [{ maximumRequests: 2 }, false],
  [{ maximumRequests: 1, maximumRequestsJitter: 1 }, false]
]
for (const [settings, once] of ONCE) {
  test(`wsgi.run_once is ${once} with ${JSON.stringify(settings)}`, () => {
    assert.is(servesOnce({ ...NONE, ...settings }), once)
  })
}

test.run()
