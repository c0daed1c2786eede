// Everything that can be said about the code without running it: types, Biome, ruff, pyright, layout,
// generated pages. Exits 1 when one of them complains; each complains in its own words.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const run = (name: string, command: readonly string[]): boolean => {
  const [program = '', ...args] = command
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  console.error(`check: ${name} ${status === 0 ? 'passed' : 'FAILED'}`)
  return status === 0
}

const node = process.execPath
const bin = (name: string): string => `node_modules/.bin/${name}`
const checks: Array<readonly [string, readonly string[]]> = [
  ['types', [bin('tsc'), '--noEmit', '-p', '.']],
  ['biome', [bin('biome'), 'ci', '--colors=off', '--error-on-warnings', '.']],
  ['layout', [node, 'scripts/layout.ts']],
  ['ruff', [node, 'scripts/ruff.ts', '--check']],
  ['reference', [node, 'scripts/reference.ts', '--check']],
  ['conformance', [node, 'scripts/conformance.ts', '--check']],
  ['snippets', [node, 'scripts/snippets.ts']]
]
const failed = checks.filter(([name, command]) => {
  const script = command[0] === node ? command[1] : undefined
  return (script !== undefined && !existsSync(script)) || !run(name, command)
})
process.exitCode = failed.length === 0 ? 0 : 1
