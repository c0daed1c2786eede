// For how long a group makes nothing after something has gone wrong, and what it says of that.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Setbacks } from '../../src/dispatch/setbacks.ts'
import { WasgiError } from '../../src/errors.ts'

const test = suite('setbacks')

const BROKEN = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'ImportError: x'])

test('a group that nothing has happened to makes workers at once', () => {
  const setbacks = new Setbacks('shop', 2)

  assert.equal([setbacks.retryInMs, setbacks.bootError], [0, undefined])
})

const still = (): number => 12_345.6

test('each failure to boot makes the pause longer, and one that succeeds ends the count', () => {
  const setbacks = new Setbacks('shop', 2, still)
  const pauses: number[] = []

  for (let i = 0; i < 3; i++) {
    setbacks.addBootFailure(BROKEN, true)
    pauses.push(setbacks.retryInMs)
  }
  setbacks.forgetBoots()
  assert.is(setbacks.bootError, undefined)
  setbacks.addBootFailure(BROKEN, true)
  pauses.push(setbacks.retryInMs)

  assert.equal(pauses, [500, 1_000, 2_000, 500])
  assert.is(setbacks.failedBoots, 4)
})

test('a pause is over when its time has passed', () => {
  let now = 1_000
  const setbacks = new Setbacks('shop', 2, () => now)
  setbacks.addBootFailure(BROKEN, true)

  now += 300
  assert.is(setbacks.retryInMs, 200)
  now += 300
  assert.is(setbacks.retryInMs, 0)
})

test('threads that are lost while they boot are blamed on the application after the third', () => {
  const setbacks = new Setbacks('shop', 2)
  const blamed: boolean[] = []

  for (let i = 0; i < 3; i++) {
    setbacks.addBootFailure(BROKEN, false)
    blamed.push(setbacks.bootError !== undefined)
  }

  assert.equal(blamed, [false, false, true])
})

test.run()
