// The tests of the wall are only worth something if they fail when it falls. Here it falls: each hole
// is one rule of docs/design/realm.md broken in one place, and the attack that is for it must find it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadVictimAssets, type Weakness } from './attack/boot.ts'
import { type AttackName, attackVictim } from './attack/scene.ts'
import { listenToTheVoid } from './attack/void.ts'
import { bootAndWalk } from './attack/walk.ts'

listenToTheVoid()
const assets = loadVictimAssets()
const test = suite('the wall with a hole in it')

interface Hole {
  readonly hole: string
  readonly attack: AttackName
  readonly weaken: Weakness
}

const HOLES: readonly Hole[] = [
  {
    hole: 'errors of the host are passed on',
    attack: 'stack',
    weaken: {
      script: 'primordials',
      from: 'catch {\n      throw FAILURE',
      to: 'catch (error) {\n      throw error'
    }
  },
  {
    hole: 'the host is called with whatever was given for a string',
    attack: 'arguments',
    weaken: {
      script: 'primordials',
      from: "if (typeof value !== 'string') throw BAD_ARGUMENT",
      to: ''
    }
  },
  {
    hole: 'stacks are recorded',
    attack: 'hooks',
    weaken: {
      script: 'lockdown',
      from: "Object.defineProperty(Error, 'stackTraceLimit', fixed)",
      to: 'Error.stackTraceLimit = 10'
    }
  },
  {
    hole: 'wasm can be streamed',
    attack: 'hooks',
    weaken: { script: 'lockdown', from: 'delete WebAssembly.compileStreaming', to: '' }
  },
  {
    hole: 'a function of the host is called through an intrinsic looked up late',
    attack: 'intrinsics',
    weaken: {
      script: 'channel',
      from: 'hostLog(number(level), string(stream), string(text))',
      to: 'Reflect.apply(host.log, undefined, [level, stream, text])'
    }
  }
]

for (const { hole, attack, weaken } of HOLES) {
  test(`falls when ${hole}`, async () => {
    const { findings } = await attackVictim(attack, { assets, weaken })

    assert.is.not(findings, '')
  })
}

test('falls when a function of the host is handed out', async () => {
  const weaken: Weakness = {
    script: 'channel',
    from: 'module: freeze(module)',
    to: 'module: freeze({ ...module, raw: host.log })'
  }

  const { findings } = await bootAndWalk({ assets, weaken })

  assert.match(findings, /\.raw: /)
})

test.run()
