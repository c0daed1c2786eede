// The one guard that every call of the host goes through (realm/primordials.js), on its own.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createRealm } from '../../workers/realm.ts'

type HostFunction = (...args: unknown[]) => unknown
type Guard = (hostFunction: HostFunction) => HostFunction

const source = readFileSync(new URL('../../workers/realm/primordials.js', import.meta.url), 'utf8')

/** A realm with a guard in it, and `from` replaced by `to` in its source. */
function makeRealm(from = '', to = '') {
  const realm = createRealm()
  const script = realm.evaluate(source.replace(from, to), 'primordials.js')
  const { guard } = (script as () => { guard: Guard })()
  return { run: (text: string) => realm.evaluate(text, 'guest.js'), guard }
}

/** Calls `call` from 4,000 levels at the end of the stack. */
const DIVE = `(call) => {
  let left = 4000
  const dive = () => {
    try { dive() } catch {}
    if (left-- > 0) try { call() } catch {}
  }
  dive()
}`

/** Begins, needs 32 KB of stack, and ends: what a host function does that changes several things. */
function makeTwoSteps() {
  const counts = { begun: 0, ended: 0 }
  const words = new Array(4096).fill(0)
  const twoSteps = (): void => {
    counts.begun++
    Reflect.apply(() => {}, undefined, words)
    counts.ended++
  }
  return { counts, twoSteps }
}

const test = suite('the guard')

test('runs a function of the host to its end or not at all', () => {
  const { run, guard } = makeRealm()
  const { counts, twoSteps } = makeTwoSteps()

  const dive = run(DIVE) as (call: HostFunction) => void
  const guarded = guard(twoSteps)
  guarded() // compiled only once there is room: V8 wants more of it than this function does
  dive(guarded)

  assert.ok(counts.begun > 1, 'it never ran')
  assert.is(counts.begun, counts.ended)
})

test('would not, if it did not ask for room', () => {
  const { run, guard } = makeRealm('apply(nothing, undefined, ROOM)')
  const { counts, twoSteps } = makeTwoSteps()

  const dive = run(DIVE) as (call: HostFunction) => void
  const guarded = guard(twoSteps)
  guarded()
  dive(guarded)

  assert.ok(counts.begun > counts.ended, `begun ${counts.begun}, ended ${counts.ended}`)
})

test('goes on asking for room once V8 has optimised it', () => {
  const { run, guard } = makeRealm()
  const { counts, twoSteps } = makeTwoSteps()
  const guarded = guard(twoSteps)

  const warm = run('(call) => { for (let i = 0; i < 20_000; i++) call() }') as typeof guarded
  warm(guarded)
  const dive = run(DIVE) as (call: HostFunction) => void
  dive(guarded)

  assert.is(counts.begun, counts.ended)
})

const caught = `(call) => {
  try { return { value: call() } } catch (error) { return { error, ours: error instanceof Error } }
}`
type Caught = (call: HostFunction) => { value?: unknown; error?: unknown; ours?: boolean }

for (const [what, make] of [
  ['an error', () => new Error('secret')],
  ['a string', () => 'secret'],
  ['undefined', () => undefined]
] as const) {
  test(`throws an error of the realm when the host throws ${what}`, () => {
    const { run, guard } = makeRealm()
    const fail = (): never => {
      throw make()
    }

    const { error, ours } = (run(caught) as Caught)(guard(fail))

    assert.is(ours, true)
    assert.not.match(String(error), /secret/)
  })
}

for (const [what, value] of Object.entries({
  'a function': () => {},
  'an array': [1],
  'a promise': Promise.resolve(1),
  null: null,
  'a symbol': Symbol('host'),
  'a bigint': 1n
})) {
  test(`throws when the host returns ${what}`, () => {
    const { run, guard } = makeRealm()

    const { value: given, ours } = (run(caught) as Caught)(guard(() => value))

    assert.is(given, undefined)
    assert.is(ours, true)
  })
}

test('hands on numbers, strings, booleans and nothing', () => {
  const { guard } = makeRealm()

  const given = [1, 'text', true, undefined].map((value) => guard(() => value)())

  assert.equal(given, [1, 'text', true, undefined])
})

test.run()
