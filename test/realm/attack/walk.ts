// Boots a victim, hands the walker everything a guest can get hold of, and walks it. Run in the main
// thread (embedded mode) and, as a worker's entry, in a thread like the pool's.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort } from 'node:worker_threads'
import { bootVictim, type Victim, type VictimOptions } from './boot.ts'
import { listenToTheVoid, turn } from './void.ts'

/** What the walk saw. */
export interface Walked {
  readonly objects: number
  /** What is not of the realm, a line each. */
  readonly findings: string
  /** Intrinsics that Python must not be able to reach, of those it can. */
  readonly withinPython: readonly string[]
}

/** With these a guest could do what V8 and Node were not built to withstand. */
const OUT_OF_REACH = [
  'globalThis',
  'Proxy',
  'Reflect',
  'Atomics',
  'SharedArrayBuffer',
  'eval',
  'WebAssembly'
]

/** Walks from what Python holds, then from the global and the glue, then from what that gives. */
export async function walkVictim(victim: Victim): Promise<Walked> {
  const { walker } = victim
  await victim.python('roots.collect')
  const python = walker.walk('pyodide')
  const withinPython = OUT_OF_REACH.filter((name) => walker.reached(victim.run(name)))
  const rest = walker.walk('global', 'channel', 'face')
  const given = (victim.script('returns.js') as (...all: unknown[]) => unknown)(
    walker,
    victim.script('glue.js')
  )
  walker.keep('given', given)
  const returned = walker.walk('given')
  const findings = [python.findings, rest.findings, returned.findings]
  for (let round = 0; round < 5; round++) {
    await turn()
    const { findings: settled, more } = walker.walkSettled()
    findings.push(settled)
    if (more === 0) break
  }
  return {
    objects: python.objects + rest.objects + returned.objects,
    findings: findings.filter((text) => text !== '').join('\n'),
    withinPython
  }
}

/** Boots, walks, cleans up. */
export async function bootAndWalk(options: VictimOptions = {}): Promise<Walked> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wasgi-walk-'))
  try {
    return await walkVictim(await bootVictim({ ...options, dataDir }))
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

if (!isMainThread) {
  listenToTheVoid()
  parentPort?.postMessage(await bootAndWalk())
}
