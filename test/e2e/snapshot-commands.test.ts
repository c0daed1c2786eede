// `wasgi snapshot` and what it makes, with real applications, a real store and a real server.
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const test = suite('wasgi snapshot')

interface Ending {
  readonly code: unknown
  readonly out: string
  readonly log: string
}

async function snapshot(...args: string[]): Promise<Ending> {
  const run = runWasgi(['snapshot', ...args])
  const code = await run.exited
  return { code, out: run.out(), log: run.log() }
}

/** A file with these lines in a folder of its own, served or captured with that as `/data`. */
function application(lines: readonly string[]): { file: string; args: string[] } {
  const folder = temporaryFolder()
  const file = join(folder, 'app.py')
  const end = ['def app(environ, start_response):', '    start_response("204 Fine", [])']
  writeFileSync(file, `${[...lines, ...end, '    return []'].join('\n')}\n`)
  return { file, args: [file, '--data-dir', temporaryFolder()] }
}

test(
  'what is built is listed, restored by serve, inspected, found damaged and removed',
  within(LIMIT_MS, async () => {
    const place = ['--snapshot-dir', join(temporaryFolder(), 'store')]
    const [, folder = ''] = place
    const app = example('hello.py')

    const built = await snapshot('build', app, ...place)
    assert.is(built.code, 0, built.log)
    const line =
      /^snapshot ([0-9a-f]{12}) captured: [\d.]+ MiB in memory, [\d.]+ MiB on disk, \d+ ms\n$/
    const [, key = ''] = line.exec(built.out) ?? []
    assert.is(key.length, 12, built.out)

    const listed = await snapshot('list', ...place)
    assert.equal(
      listed.out.split('\n').map((row) => row.split(/\s+/)[0]),
      ['KEY', key, '']
    )
    const left = await snapshot('build', app, '--if-missing', ...place)
    assert.match(left.out, `snapshot ${key} is valid and was left alone: `)

    const server = await serve([app, '--workers', '1', ...place])
    await server.logged(/boot=restored/)
    await server.logged('snapshot loaded')
    assert.is((await server.request('/')).text, 'Hello, world!\n')
    await server.close()

    const inspected = await snapshot('inspect', key, ...place)
    assert.match(inspected.out, /^key {14}[0-9a-f]{64}\ntarget .*hello\.py\n/)
    assert.match(inspected.out, /\nstate {12}ok\n/)
    assert.equal((await snapshot('verify', ...place)).out, `${key}  ok\n`)

    const [name = ''] = readdirSync(folder)
    truncateSync(join(folder, name), 1_000_000)
    const verified = await snapshot('verify', key, ...place)
    assert.is(verified.code, 4)
    assert.match(verified.out, /^[0-9a-f]{12} {2}The snapshot .* {3}WASGI_ERR_SNAPSHOT_CORRUPT\n$/)

    const pruned = await snapshot('prune', ...place)
    assert.is(pruned.code, 0)
    assert.match(pruned.out, `removed ${key}  976.6 KiB  WASGI_ERR_SNAPSHOT_CORRUPT\n1 snapshot `)
    const empty = await snapshot('list', ...place)
    assert.equal([empty.code, empty.out, empty.log], [0, '', 'No snapshots are stored.\n'])
  })
)

test(
  'a stale snapshot is made again by build --if-missing, which says why',
  within(LIMIT_MS, async () => {
    const place = ['--snapshot-dir', join(temporaryFolder(), 'store')]
    const { file, args } = application([])
    const first = await snapshot('build', ...args, ...place)
    assert.is(first.code, 0, first.log)
    writeFileSync(file, `VERSION = 2\n${readFileSync(file, 'utf8')}`)

    const second = await snapshot('build', ...args, ...place, '--if-missing')

    assert.is(second.code, 0)
    assert.match(second.out, / captured: /)
    assert.match(second.log, /app\.py has changed.*code=WASGI_ERR_SNAPSHOT_STALE/)
  })
)

const OBSTACLES: readonly [what: string, lines: string[], reason: RegExp][] = [
  [
    'an open file of /data',
    ['log = open("/data/log.txt", "a")'],
    /\n {2}descriptor \d+ is open on \/data\/log\.txt, file .* of app\.log\n/
  ],
  [
    'a pending task',
    [
      'import asyncio',
      'async def wait():',
      '    await asyncio.sleep(3600)',
      'from pyodide.webloop import WebLoop',
      'task = WebLoop().create_task(wait())'
    ],
    /\n {2}The task Task-\d+ \(app\.wait, .*app\.py:\d+\) has not finished\.\n/
  ]
]
for (const [what, lines, reason] of OBSTACLES) {
  test(
    `${what} is told by inspect, fails build, and leaves nothing in the store`,
    within(LIMIT_MS, async () => {
      const place = ['--snapshot-dir', join(temporaryFolder(), 'store')]
      const { args } = application(lines)

      const [inspected, built] = await Promise.all([
        snapshot('inspect', ...args, ...place),
        snapshot('build', ...args, ...place)
      ])

      assert.is(inspected.code, 0, inspected.log)
      assert.match(inspected.out, /^\S*app\.py cannot be captured:\n/)
      assert.match(inspected.out, reason)
      assert.equal([built.code, built.out], [4, ''])
      assert.match(built.log, / {3}WASGI_ERR_SNAPSHOT_REFUSED\n$/)
      assert.is((await snapshot('list', ...place)).out, '')
    })
  )
}

test(
  'a secret that was read keeps the snapshot off the disk until snapshot_env names it',
  within(LIMIT_MS, async () => {
    const place = ['--snapshot-dir', join(temporaryFolder(), 'store')]
    const { args } = application(['import os', 'TOKEN = os.environ["TOKEN"]'])
    const given = [...args, '--env', 'TOKEN=hunter2', ...place]

    const inspected = await snapshot('inspect', ...given)
    const refused = await snapshot('build', ...given)
    const allowed = await snapshot('build', ...given, '--snapshot-env', 'TOKEN')

    assert.match(inspected.out, /\nmay be stored {4}no: .*TOKEN \(\/app\/app\.py:2\)/)
    assert.match(inspected.out, /\nenvironment variables read: 1\n {2}TOKEN {2}\/app\/app\.py:2\n/)
    assert.equal([refused.code, refused.out], [4, ''])
    assert.match(refused.log, /TOKEN .* {3}WASGI_ERR_SNAPSHOT_UNSAVED\n$/)
    assert.is(allowed.code, 0, allowed.log)
    for (const { out, log } of [inspected, refused, allowed]) {
      assert.not.match(out + log, 'hunter2')
    }
  })
)

test(
  'build fails as check does when the application cannot be imported',
  within(LIMIT_MS, async () => {
    const { code, out, log } = await snapshot('build', testApp('broken/fails_to_import.py'))

    assert.equal([code, out], [1, ''])
    assert.match(log, /^wasgi: Importing .* {3}WASGI_ERR_APP_IMPORT\nTraceback /)
  })
)

test(
  'with hooks, an application that keeps a database open is captured, and opens it in each copy',
  within(LIMIT_MS, async () => {
    const place = ['--snapshot-dir', join(temporaryFolder(), 'store')]
    const args = [testApp('reconnecting.py'), '--data-dir', temporaryFolder(), ...place]
    const built = await snapshot('build', ...args)
    assert.is(built.code, 0, built.log)

    const server = await serve([...args, '--workers', '2'])
    const replies = [await server.request('/'), await server.request('/')]
    await server.close()
    const cold = await serve([...args, '--workers', '1', '--no-snapshot'])
    replies.push(await cold.request('/'))
    await cold.close()

    assert.equal(
      replies.map(({ text }) => text),
      ['1 visits, 0 pages kept\n', '2 visits, 0 pages kept\n', '3 visits, 1 pages kept\n']
    )
    assert.match(server.log(), 'snapshot loaded')
    assert.not.match(server.log(), 'boot=cold')
  })
)

test(
  'a key that names no snapshot, or several, is a mistake of the command line',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    for (const end of ['0', '1']) {
      writeFileSync(join(folder, `${'ab'.repeat(31)}a${end}.snapshot`), 'x', { mode: 0o600 })
    }

    const none = await snapshot('verify', 'ff', '--snapshot-dir', folder)
    const two = await snapshot('inspect', 'abababab', '--snapshot-dir', folder)

    assert.equal([none.code, two.code], [2, 2])
    assert.match(none.log, /no snapshot in .* begins with "ff"/)
    assert.match(two.log, /2 keys begin with "abababab"/)
  })
)

test.run()
