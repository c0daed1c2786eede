// What an application may hold while it is captured, and what it may not: then the log says what
// and where, and the server boots cold.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'
import { boots, fromEachWorker, serveFrom, serving, storedIn, warnings } from './snapshots.ts'

const LIMIT_MS = 120_000
const HOLDING = testApp('holding.py')
const KEEPING = testApp('keeping.py')
const test = suite('what can be captured')

const CASES: ReadonlyArray<readonly [string, string, RegExp]> = [
  ['a file of /data', 'DATA_FILE', /descriptor \d+ is open on \/data\/log\.txt, .*holding\.LOG/],
  [
    'a deleted file',
    'UNLINKED_FILE',
    /descriptor \d+ is open on \/tmp\/nameless, .*holding\.NAMELESS/
  ],
  ['a socket', 'SOCKET', /descriptor \d+ is open on .*socket.*holding\.SOCKET/],
  ['a task', 'TASK', /task a task that waits \(holding\.forever, \/app\/holding\.py:\d+\)/],
  ['an object', 'OBJECT', /Python holds a JavaScript object: object Array/],
  ['a proxy', 'PROXY', /Python holds .*JavaScript/],
  ['a callback', 'CALLBACK', /ctypes callback of holding\.three \(\/app\/holding\.py:\d+\)/]
]

for (const [what, name, reason] of CASES) {
  test(
    `${what} held by a global is refused by name, and the server serves without a snapshot`,
    within(LIMIT_MS, async () => {
      const store = temporaryFolder()
      const args = [HOLDING, '--data-dir', temporaryFolder(), '--env', `${name}=1`]
      await serving(serveFrom(store, args), async (server) => {
        const reply = await server.request('/')

        assert.is(reply.text, 'served\n')
        assert.equal(await boots(server), ['default/1 cold'])
        const [warning = '', ...more] = await warnings(server)
        assert.match(warning, reason)
        assert.match(warning, /code=WASGI_ERR_SNAPSHOT_REFUSED$/)
        assert.equal(more, [])
      })
      assert.equal(storedIn(store), [])
    })
  )
}

test(
  'all that is wrong is said at once',
  within(LIMIT_MS, async () => {
    const names = ['DATA_FILE', 'OBJECT', 'UNLINKED_FILE']
    const env = names.flatMap((name) => ['--env', `${name}=1`])
    const args = [HOLDING, '--data-dir', temporaryFolder(), ...env]
    await serving(serveFrom(temporaryFolder(), args), async (server) => {
      assert.is((await server.request('/')).text, 'served\n')
      const [warning = ''] = await warnings(server)
      for (const reason of [/\/data\/log\.txt/, /object Array/, /\/tmp\/nameless/]) {
        assert.match(warning, reason)
      }
    })
  })
)

test(
  'files in memory and open files are captured: content, mode, time and position',
  within(LIMIT_MS, async () => {
    const store = temporaryFolder()
    const source = readFileSync(KEEPING)
    const at = source.indexOf('\n') + 1
    const expected = {
      note: 'written at import\n',
      link: 'deep/note.txt',
      bytes: true,
      entries: ['bytes', 'deep', 'empty', 'link'],
      noteStat: ['-rw-r-----', 1_000_000_000, 18],
      folderStat: ['drwxr-x---', 1_000_000_000],
      emptySize: 0,
      source: [at, source.toString('utf8', at, at + 6)],
      journal: 'two\n',
      chosen: [5, 6, 7],
      appended: 'first;second;'
    }

    for (const from of ['captured', 'loaded']) {
      const isolated = [KEEPING, '--workers', '2', '--isolation', 'request']
      await serving(serveFrom(store, isolated), async (server) => {
        const first = await fromEachWorker<{ worker: string }>(server, 2, '/')
        const { all } = await fromEachWorker<{ worker: string }>(server, 2, '/')

        await server.logged(new RegExp(`snapshot ${from}`))
        for (const { worker, ...answer } of [...first.all, ...all]) {
          assert.equal(answer, expected, worker)
        }
        assert.equal(await warnings(server), [])
      })
    }
  })
)

test.run()
