// No object of the host is reachable in the realm: from what Python holds, from the realm's global,
// from the glue and all it gives, in the main thread (embedded mode) and in a worker thread.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bareWalker, loadVictimAssets } from './attack/boot.ts'
import { hostIntrinsics } from './attack/host-intrinsics.ts'
import { listenToTheVoid, turn } from './attack/void.ts'
import { bootAndWalk, type Walked } from './attack/walk.ts'

const theVoid = listenToTheVoid()
const assets = loadVictimAssets()

const walk = suite('the walk')

/** Fewer would mean that it did not get in: Pyodide alone has as many exported functions. */
const AT_LEAST = 30_000

walk('finds nothing of the host in the main thread', async () => {
  const walked = await bootAndWalk({ assets })

  assert.is(walked.findings, '')
  assert.ok(walked.objects > AT_LEAST, `${walked.objects} objects`)
  assert.equal(walked.withinPython, [])
})

walk('finds nothing of the host in a worker thread', async () => {
  const worker = new Worker(new URL('attack/walk.ts', import.meta.url), {
    resourceLimits: { stackSizeMb: 8 }
  })

  const [walked] = (await once(worker, 'message')) as [Walked]
  await worker.terminate()

  assert.is(walked.findings, '')
  assert.ok(walked.objects > AT_LEAST, `${walked.objects} objects`)
  assert.equal(walked.withinPython, [])
})

walk.after(() => assert.equal(theVoid.ours, []))
walk.run()

/** Ways to put something of the host where only a walk finds it. */
const PLACES: Readonly<Record<string, string>> = {
  'in a property': '(root, thing) => { root.planted = thing }',
  'in an array': '(root, thing) => { root.planted = [[1, [thing]]] }',
  'under a symbol': '(root, thing) => { root[Symbol("planted")] = thing }',
  'as the result of a getter':
    '(root, thing) => { root.planted = { get deep() { return thing } } }',
  'as a getter itself':
    '(root, thing) => { Object.defineProperty(root, "planted", { get: typeof thing === "function" ? thing : () => thing }) }',
  'in what a getter throws': '(root, thing) => { root.planted = { get deep() { throw thing } } }',
  'as an inherited getter':
    '(root, thing) => { root.planted = Object.create({ get deep() { return thing } }) }',
  'in a map': '(root, thing) => { root.planted = new Map([[1, thing]]) }',
  'as a key of a map': '(root, thing) => { root.planted = new Map([[thing, 1]]) }',
  'in a set': '(root, thing) => { root.planted = new Set([thing]) }',
  'behind a weak reference': '(root, thing) => { root.planted = new WeakRef(thing) }',
  'in a promise': '(root, thing) => { root.planted = Promise.resolve([thing]) }',
  'in a rejection': '(root, thing) => { root.planted = Promise.reject([thing]) }',
  'as a prototype': '(root, thing) => { root.planted = Object.create(thing) }',
  'on an intrinsic': '(root, thing) => { Math.planted = thing }',
  'in a wasm global':
    '(root, thing) => { root.planted = new WebAssembly.Global({ value: "externref" }, thing) }',
  'in a wasm table':
    '(root, thing) => { root.planted = new WebAssembly.Table({ element: "externref", initial: 1 }, thing) }'
}

/** Things of the host, of the kinds that leaks have been made of. */
const THINGS: ReadonlyArray<readonly [what: string, make: () => object]> = [
  ['a function', () => () => {}],
  ['an array', () => []],
  ['an error', () => new Error('of the host')],
  ['a promise', () => Promise.resolve()],
  ['an object', () => ({})],
  ['a function in an object without prototype', () => ({ __proto__: null, deep: () => {} })],
  ['a function without prototype', () => Object.setPrototypeOf(() => {}, null)],
  ['a proxy', () => new Proxy({}, {})],
  ['a buffer', () => Buffer.from('of the host')],
  ['process', () => process]
]

const known = hostIntrinsics()
const evidence = suite('the walk, where something was planted,')

for (const [place, plant] of Object.entries(PLACES)) {
  evidence(`finds what is ${place}`, async () => {
    const missed: string[] = []
    for (const [what, make] of THINGS) {
      const { walker, run } = bareWalker(known)
      const put = run(`(${plant})`) as (root: unknown, thing: object) => void
      put(walker.keep('root', run('({})')), make())

      const { findings } = walker.walk('root', 'global')
      await turn(1)
      const settled = walker.walkSettled()

      if (findings + settled.findings === '') missed.push(what)
    }

    assert.equal(missed, [])
  })
}

evidence('finds nothing where nothing is', () => {
  const { walker } = bareWalker(known)

  const { findings, objects } = walker.walk('global')

  assert.is(findings, '')
  assert.ok(objects > 1000, `${objects} objects`)
})

evidence.run()
