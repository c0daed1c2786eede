// A hostile application attacks the glue between the realm and the host, with all that JavaScript
// offers: more than Python can do, since its scripts are evaluated in the realm and are handed every
// function of the glue. Nothing of the host may come to light, and the interpreter goes on.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadVictimAssets } from './attack/boot.ts'
import { type AttackName, attackVictim } from './attack/scene.ts'
import { listenToTheVoid } from './attack/void.ts'

const theVoid = listenToTheVoid()
const assets = loadVictimAssets()
const test = suite('the glue')

const PROMISES: Readonly<Record<AttackName, readonly [promise: string, calls: number]>> = {
  arguments: ['gives nothing away for arguments and receivers of every kind', 10_000],
  stack: ['gives nothing away, and leaves nothing half done, at the end of the stack', 10_000],
  'pyodide stack': ['gives nothing away when Python is entered at the end of the stack', 100],
  hooks: ['keeps Node from running its own code on what the guest throws about', 20],
  intrinsics: ['does not use an intrinsic that the guest has replaced', 50]
}

for (const [name, [promise, calls]] of Object.entries(PROMISES)) {
  test(promise, async () => {
    const outcome = await attackVictim(name as AttackName, { assets })

    assert.is(outcome.findings, '')
    assert.ok(outcome.calls >= calls, `${outcome.calls} calls`)
    assert.is(outcome.lostTimers, 0)
    assert.is(outcome.answer, 42)
  })
}

test.after(() => assert.equal(theVoid.ours, []))
test.run()
