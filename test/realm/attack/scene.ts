// One attack on one victim, from boot to report, so that tests of the wall and tests of the attacks
// themselves do exactly the same.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import v8 from 'node:v8'
import vm from 'node:vm'
import { bootVictim, type Victim, type VictimOptions } from './boot.ts'
import { turn } from './void.ts'

/** How an attack went. */
export interface Outcome {
  readonly calls: number
  /** What of the host came to light, a line each. */
  readonly findings: string
  /** Timers that the host counts but that will never fire; they are the sign of a call cut short. */
  readonly lostTimers: number
  /** What the application answers afterwards. */
  readonly answer: unknown
}

export type AttackName = 'arguments' | 'stack' | 'pyodide stack' | 'hooks' | 'intrinsics'

/** Levels near the end of the stack that the glue is called from, in frames of 600 bytes. */
const DEPTHS = 160

/** Boots a victim of its own for the attack, and asks its application for an answer at the end. */
export async function attackVictim(name: AttackName, options: VictimOptions): Promise<Outcome> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wasgi-attack-'))
  try {
    const victim = await bootVictim({ ...options, dataDir })
    const before = timers()
    const { calls, findings } = await ATTACKS[name](victim)
    const lostTimers = (await timersAfterAll()) - before
    const { findings: walked } = victim.walker.walk('given')
    const answer = MAY_BREAK_PYODIDE.has(name) ? 42 : await victim.python('escapes.answer')
    return { calls, findings: [findings, walked].filter(Boolean).join('\n'), lostTimers, answer }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/**
 * Pyodide is the guest's to break: by odd arguments, and by an error that unwinds frames of wasm, which
 * do not put their stack pointer back.
 */
const MAY_BREAK_PYODIDE: ReadonlySet<AttackName> = new Set(['arguments', 'pyodide stack'])

type Result = Pick<Outcome, 'calls' | 'findings'>

const ATTACKS: Readonly<Record<AttackName, (victim: Victim) => Promise<Result>>> = {
  arguments: async (victim) => {
    const attack = victim.attack('arguments.js', victim.script('glue.js'), victim.script('odd.js'))
    await turn()
    return { calls: attack.calls, findings: attack.report() }
  },
  stack: (victim) => attackStack(victim, ''),
  'pyodide stack': (victim) => attackStack(victim, 'pyodide.runPython'),
  hooks: async (victim) => {
    const attack = victim.attack('hooks.js')
    await turn()
    attack.handleLate()
    collectGarbage()
    await turn()
    return { calls: attack.calls + attack.finalised(), findings: attack.report() }
  },
  intrinsics: async (victim) => {
    const attack = victim.attack('intrinsics.js', victim.script('glue.js'), victim.script('spy.js'))
    await victim.python('escapes.answer')
    attack.spreadNets()
    await turn()
    await victim.python('escapes.answer')
    return { calls: attack.calls, findings: attack.report() }
  }
}

/** `only`: the function that runs Python, and with it wasm, or '' for all others. */
async function attackStack(victim: Victim, only: string): Promise<Result> {
  const attack = victim.attack('stack.js', victim.script('glue.js'), DEPTHS, only)
  await turn()
  return { calls: attack.calls, findings: attack.report() }
}

/** So that finalisers run. */
function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc')
  const collect = vm.runInNewContext('gc') as () => void
  v8.setFlagsFromString('--no-expose-gc')
  collect()
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

/** The count once the short timers of the attack have fired. */
async function timersAfterAll(): Promise<number> {
  let last = timers()
  for (let quiet = 0; quiet < 20; quiet++) {
    await turn(1)
    if (timers() < last) quiet = 0
    last = timers()
  }
  return last
}
