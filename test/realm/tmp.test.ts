// The limit on files in memory: where it holds, and that what is given back can be used again.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bootPython, type Python } from './python.ts'

const KIB = 1024
const LIMIT = 1024 * KIB
const HALF = LIMIT / 2

let python: Python

test.before(async () => {
  python = await bootPython({ grants: [], tmpLimitBytes: LIMIT })
})

function run(call: string, ...args: readonly unknown[]): unknown {
  return python.evaluate(`memory.${call}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)
}

test('a file as large as the limit does not fit, one a little smaller does', () => {
  const large = run('fill', '/tmp', LIMIT)
  const smaller = run('fill', '/tmp', LIMIT - 64 * KIB)

  assert.equal(large, ['ENOSPC', 0])
  assert.equal(smaller, ['written', LIMIT - 64 * KIB])
})

test('the limit holds wherever Python can write in memory', () => {
  const folders = ['/home', '/dev/shm', '/', '/home/pyodide']

  const outcomes = folders.map((folder) => (run('fill', folder, LIMIT) as unknown[])[0])

  assert.equal(outcomes, ['ENOSPC', 'ENOSPC', 'ENOSPC', 'ENOSPC'])
})

test('a file does not grow beyond the limit by truncation or by a gap', () => {
  const outcomes = [run('grow', '/tmp', 4 * LIMIT), run('skip', '/tmp', 4 * LIMIT)]
  const within = [run('grow', '/tmp', HALF), run('skip', '/tmp', HALF)]

  assert.equal(outcomes, ['ENOSPC', 'ENOSPC'])
  assert.equal(within, ['grown', 'written'])
})

test('empty files, folders and links count, too', () => {
  const [outcome, made] = run('count_files', '/tmp') as [string, number]
  const others = [run('count_folders', '/tmp'), run('long_links', '/tmp', 10_000)]

  assert.is(outcome, 'ENOSPC')
  assert.ok(made > 500 && made <= LIMIT / KIB, String(made))
  assert.equal(others, ['ENOSPC', 'ENOSPC'])
})

test('a removed file counts until it is closed', () => {
  const outcomes = run('hold_removed', '/tmp', HALF + KIB)

  assert.equal(outcomes, ['ENOSPC', 'written'])
})

test('files that come and go do not use the limit up', () => {
  const outcome = run('come_and_go', '/tmp', HALF, 20)

  assert.is(outcome, 'written')
})

test('SQLite works in memory', () => {
  const count = run('database', '/tmp')

  assert.is(count, 1000)
})

test.run()
