// `npm test`: every suite in turn, and at the end one line, `N passed, N failed`.
// `npm test -- unit e2e` runs only the suites named. Each test file is a program of its own.
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface Program {
  readonly name: string
  readonly command: readonly string[]
  /** How its output says what it did. A program with no count of its own is one test. */
  readonly count: (output: string, ok: boolean) => Counts
}

const FILE_LIMIT_MS = 600_000
/** Characters of standard error that are shown of a program that failed: what V8 warns of can be a flood. */
const ERRORS_KEPT = 20_000
const node = process.execPath
const cache = mkdtempSync(join(tmpdir(), 'wasgi-test-cache-'))

const asOne = (_output: string, ok: boolean): Counts => ({
  passed: ok ? 1 : 0,
  failed: ok ? 0 : 1,
  skipped: 0
})

const number = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0)

/** uvu prints `Total:`, `Passed:`, `Skipped:`; a file that ends without them has failed. */
function uvuCounts(output: string, ok: boolean): Counts {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours its totals
  const plain = output.replace(/\u001b\[[0-9;]*m/g, '')
  const total = number(plain, /^ {2}Total: +(\d+)/gm)
  const passed = number(plain, /^ {2}Passed: +(\d+)/gm)
  const skipped = number(plain, /^ {2}Skipped: +(\d+)/gm)
  const failed = total - passed // what is skipped is in neither
  return { passed, skipped, failed: ok && total > 0 ? failed : Math.max(1, failed) }
}

/** unittest prints `Ran N tests` and, when so, `failures=`, `errors=`, `skipped=`. */
function unittestCounts(output: string, ok: boolean): Counts {
  const total = number(output, /^Ran (\d+) test/gm)
  const failed = number(output, /(?:failures|errors)=(\d+)/g)
  const skipped = number(output, /skipped=(\d+)/g)
  return {
    passed: total - failed - skipped,
    skipped,
    failed: ok && total > 0 ? failed : Math.max(1, failed)
  }
}

const uvu = (pattern: string): Program[] =>
  globSync(pattern)
    .sort()
    .map((file) => ({ name: file, command: [node, file], count: uvuCounts }))

const suites: Readonly<Record<string, () => Program[]>> = {
  check: () => [{ name: 'scripts/check.ts', command: [node, 'scripts/check.ts'], count: asOne }],
  unit: () => uvu('test/unit/*.test.ts'),
  python: () => [
    {
      name: 'test/python',
      command: ['python3', '-m', 'unittest', 'discover', '-s', 'test/python', '-t', 'test/python'],
      count: unittestCounts
    },
    ...uvu('test/python/*.test.ts')
  ],
  realm: () => uvu('test/realm/*.test.ts'),
  conformance: () => uvu('test/conformance/*.test.ts'),
  property: () => uvu('test/property/*.test.ts'),
  fuzz: () => uvu('test/fuzz/*.test.ts'),
  e2e: () => uvu('test/e2e/*.test.ts'),
  fault: () => uvu('test/fault/*.test.ts'),
  browser: () => uvu('test/browser/*.test.ts'),
  package: () => uvu('test/package/*.test.ts')
}

async function run(program: Program): Promise<Counts> {
  const [file = '', ...args] = program.command
  const startedAt = performance.now()
  const temporary = mkdtempSync(join(tmpdir(), 'wasgi-test-'))
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${join(process.cwd(), 'node_modules/.bin')}:${process.env.PATH}`,
      PYTHONDONTWRITEBYTECODE: '1',
      FORCE_COLOR: '0',
      TMPDIR: temporary,
      // One store for the whole run, as on a machine with a home; nothing of it stays.
      XDG_CACHE_HOME: cache
    }
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), FILE_LIMIT_MS)
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-ERRORS_KEPT)
  })
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(-1))
    child.on('close', resolve)
  })
  clearTimeout(timer)
  rmSync(temporary, { recursive: true, force: true })
  const counts = program.count(`${errors}\n${output}`, code === 0)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const { passed, failed, skipped } = counts
  console.log(
    `${failed > 0 ? 'FAIL' : 'ok  '} ${program.name} (${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s)`
  )
  if (failed > 0) console.log(`${errors}\n${output}`)
  return counts
}

const wanted = process.argv.slice(2)
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
for (const [name, programs] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  for (const program of programs()) {
    const { passed, failed, skipped } = await run(program)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
}
rmSync(cache, { recursive: true, force: true })
if (total.skipped > 0) console.log(`${total.skipped} skipped (docs/limits.md tells why)`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
