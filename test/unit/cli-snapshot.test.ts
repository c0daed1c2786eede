// The snapshot commands with their actions replaced: what they ask for, print and exit with.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type {
  Actions,
  SnapshotActions,
  SnapshotInspection,
  StorePlace
} from '../../src/cli/surroundings.ts'
import type { ResolvedSettings } from '../../src/config/settings.ts'
import { WasgiError } from '../../src/errors.ts'
import type { StoredSnapshot, Verdict } from '../../src/snapshot/store.ts'
import { start } from './cli-run.ts'
import { imageOf, keyOf } from './snapshot-fixtures.ts'
import { within } from './within.ts'

const LIMIT_MS = 60_000
const GIB = 2 ** 30
const KEY_A = keyOf('a')
const KEY_B = keyOf('b')

const test = suite<{ folder: string }>('snapshot commands')

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-cli-'))
})
test.after(({ folder }) => rmSync(folder, { recursive: true }))

/** These actions; any other fails. */
function withActions(given: Partial<SnapshotActions>): Partial<Actions> {
  const unexpected = async (): Promise<never> => {
    throw new Error('an action ran')
  }
  const none = {
    build: unexpected,
    list: unexpected,
    inspectStored: unexpected,
    inspectApplication: unexpected,
    verify: unexpected,
    prune: unexpected
  }
  return { snapshots: async () => ({ ...none, ...given }) }
}

const stored = (change: Partial<StoredSnapshot> = {}): StoredSnapshot => ({
  key: KEY_A,
  bytes: 7_961_051,
  createdAt: '2026-07-01T12:00:00.123Z',
  target: 'app.py',
  usedAt: '2026-07-02T12:00:00.000Z',
  state: 'ok',
  ...change
})

const inspection = (change: Partial<SnapshotInspection> = {}): SnapshotInspection => ({
  kind: 'snapshot',
  key: KEY_A,
  report: imageOf().report,
  memoryBytes: 15 * 2 ** 20,
  heapBytes: 30 * 2 ** 20,
  dependencies: [{ path: '/srv/app.py', kind: 'file' }],
  stored: undefined,
  obstacle: '',
  ...change
})

test(
  'build hands over the settings of serve and prints one line',
  within(LIMIT_MS, async ({ folder }) => {
    const given: [ResolvedSettings, boolean][] = []
    const build: SnapshotActions['build'] = async (resolved, ifMissing) => {
      given.push([resolved, ifMissing])
      const sizes = { memoryBytes: 14_929_920, fileBytes: 7_961_051 }
      return { key: KEY_A, made: !ifMissing, ...sizes, ms: 4310.4 }
    }
    const line = ['snapshot', 'build', 'app.py', '--warmup', 'GET /', '--snapshot-dir', 'kept']

    const always = start(line, withActions({ build }), { folder })
    const missing = start([...line, '--if-missing'], withActions({ build }), { folder })

    assert.equal([await always.code, await missing.code], [0, 0])
    const sizes = '14.2 MiB in memory, 7.6 MiB on disk, 4310 ms'
    assert.is(always.out(), `snapshot aaaaaaaaaaaa captured: ${sizes}\n`)
    assert.is(missing.out(), `snapshot aaaaaaaaaaaa is valid and was left alone: ${sizes}\n`)
    assert.equal(
      given.map(([, ifMissing]) => ifMissing),
      [false, true]
    )
    const { app, warmup, snapshotDir } = given[0]?.[0].settings ?? {}
    assert.equal([app, warmup, snapshotDir], ['app.py', ['GET /'], join(folder, 'kept')])
  })
)

const FAILURES: readonly [error: WasgiError, code: number][] = [
  [new WasgiError('WASGI_ERR_SNAPSHOT_REFUSED', ['app.py', 'descriptor 3 is open']), 4],
  [new WasgiError('WASGI_ERR_SNAPSHOT_UNSAVED', ['the disk is full']), 4],
  [new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'KeyError']), 1]
]
for (const [error, code] of FAILURES) {
  test(
    `build that fails with ${error.code} exits with ${code}`,
    within(LIMIT_MS, async () => {
      const failed = start(
        ['snapshot', 'build', 'app.py'],
        withActions({ build: () => Promise.reject(error) })
      )

      assert.is(await failed.code, code)
      assert.is(failed.out(), '')
      assert.is(failed.err(), `wasgi: ${error.message}   ${error.code}\n`)
    })
  )
}

test(
  'where snapshots are is read from flags, variables and the file, and needs no TARGET',
  within(LIMIT_MS, async ({ folder }) => {
    writeFileSync(join(folder, 'some.toml'), 'snapshot_dir = "filed"\nport = "no number"\n')
    const given: StorePlace[] = []
    const list: SnapshotActions['list'] = async (place) => {
      given.push(place)
      return []
    }
    const run = (flags: string[], variables: Record<string, string> = {}): Promise<number> =>
      start(['snapshot', 'list', ...flags], withActions({ list }), { folder, variables }).code
    const variables = { WASGI_SNAPSHOT_DIR: 'varied', WASGI_SNAPSHOT_LIMIT: '2K' }

    await run([])
    await run(['--config', 'some.toml'])
    await run(['--config', 'some.toml'], variables)
    await run(['--snapshot-dir', 'flagged', '--snapshot-limit', '3M'], variables)

    assert.equal(given, [
      { snapshotLimit: GIB },
      { snapshotDir: join(folder, 'filed'), snapshotLimit: GIB },
      { snapshotDir: join(folder, 'varied'), snapshotLimit: 2048 },
      { snapshotDir: join(folder, 'flagged'), snapshotLimit: 3 * 2 ** 20 }
    ])
  })
)

test(
  'list prints a table, or JSON',
  within(LIMIT_MS, async () => {
    const all = [
      stored(),
      stored({ key: KEY_B, bytes: 12, createdAt: undefined, target: undefined })
    ]
    const actions = withActions({ list: async () => all })

    const text = start(['snapshot', 'list'], actions)
    const json = start(['snapshot', 'list', '--json'], actions)

    assert.equal([await text.code, await json.code], [0, 0])
    assert.equal(text.out().split('\n'), [
      'KEY           TARGET     SIZE  CREATED               LAST USED             STATE',
      'aaaaaaaaaaaa  app.py  7.6 MiB  2026-07-01T12:00:00Z  2026-07-02T12:00:00Z  ok',
      'bbbbbbbbbbbb  -          12 B  -                     2026-07-02T12:00:00Z  ok',
      ''
    ])
    assert.is(JSON.parse(json.out()).length, 2)
    assert.is(JSON.parse(json.out())[0].key, KEY_A)
  })
)

test(
  'an empty store is no error',
  within(LIMIT_MS, async () => {
    const actions = withActions({ list: async () => [], verify: async () => [] })

    for (const command of ['list', 'verify']) {
      const run = start(['snapshot', command], actions)

      assert.is(await run.code, 0)
      assert.equal([run.out(), run.err()], ['', 'No snapshots are stored.\n'])
    }
  })
)

test(
  'inspect takes eight hex digits or more for a key, and all else for a target',
  within(LIMIT_MS, async () => {
    const asked: string[] = []
    const actions = withActions({
      inspectStored: async (_place, prefix) => {
        asked.push(`key ${prefix}`)
        return inspection()
      },
      inspectApplication: async ({ settings }) => {
        asked.push(`target ${settings.app}`)
        return inspection()
      }
    })
    const subjects = ['aaaaaaaa', KEY_A, 'aaaaaaa', './aaaaaaaa', 'app.py', 'AAAAAAAA']

    for (const subject of subjects) {
      assert.is(await start(['snapshot', 'inspect', subject], actions).code, 0)
    }

    const [first, second, ...targets] = subjects
    assert.equal(asked, [
      `key ${first}`,
      `key ${second}`,
      ...targets.map((target) => `target ${target}`)
    ])
  })
)

test(
  'inspect names the largest modules and sums up the rest, or shows all',
  within(LIMIT_MS, async () => {
    const modules = Array.from({ length: 25 }, (_, index) => ({
      name: `module${index}`,
      bytes: 2048 * (25 - index)
    }))
    const report = { ...imageOf().report, modules }
    const actions = withActions({ inspectApplication: async () => inspection({ report }) })

    const short = start(['snapshot', 'inspect', 'app.py'], actions)
    const whole = start(['snapshot', 'inspect', 'app.py', '--all'], actions)
    const json = start(['snapshot', 'inspect', 'app.py', '--json'], actions)
    await Promise.all([short.code, whole.code, json.code])

    assert.match(short.out(), 'modules imported: 25, with 650.0 KiB\n  50.0 KiB  module0\n')
    assert.match(short.out(), '  12.0 KiB  module19\n  30.0 KiB  5 others\n')
    assert.match(short.out(), 'files of the host it depends on: 1\n')
    assert.not.match(short.out(), '/srv/app.py')
    assert.match(whole.out(), '   2.0 KiB  module24\n')
    assert.match(whole.out(), 'depends on: 1\n  content    /srv/app.py\n')
    assert.is(JSON.parse(json.out()).report.modules.length, 25)
  })
)

test(
  'inspect tells what was read and drawn, and whether the snapshot may be stored',
  within(LIMIT_MS, async () => {
    const obstacle = 'the application read SECRET_KEY (/app/app.py:3)'
    const actions = withActions({ inspectApplication: async () => inspection({ obstacle }) })

    const run = start(['snapshot', 'inspect', 'app.py'], actions)

    assert.is(await run.code, 0)
    for (const text of [
      'size in memory   15.0 MiB, of 30.0 MiB of the interpreter\n',
      `may be stored    no: ${obstacle}\n`,
      'environment variables read: 1\n  SECRET_KEY  /app/app.py:3\n',
      'random numbers drawn from the system: 1\n  2 times  /app/app.py:9\n',
      'open files: 1\n  /app/data\n',
      'in-memory files: 1\n  1000 B  /tmp/x\n',
      'warm-up requests: 1\n  GET /\n'
    ]) {
      assert.ok(run.out().includes(text), `${text}\nis not in\n${run.out()}`)
    }
  })
)

test(
  'inspect gives each reason against a capture a line, and exits 0, since it has answered',
  within(LIMIT_MS, async () => {
    const reasons = ['descriptor 3 is open on /data/log', 'the extension module x.so is loaded']
    const refused = { kind: 'refused', target: 'app.py', reasons, traceback: '' } as const

    const run = start(
      ['snapshot', 'inspect', 'app.py'],
      withActions({ inspectApplication: async () => refused })
    )

    assert.is(await run.code, 0)
    assert.is(run.out(), `app.py cannot be captured:\n  ${reasons.join('\n  ')}\n`)
  })
)

test(
  'nothing that an application or a file says steers the terminal or forges a line',
  within(LIMIT_MS, async () => {
    const evil = 'x\x1b[2J\x9b2J\n  may be stored    yes'
    const report = { ...imageOf().report, target: evil, openFiles: [evil] }
    const refused = { kind: 'refused', target: evil, reasons: [evil], traceback: evil } as const
    const message = evil
    const bad = { key: KEY_A, bytes: 1, state: 'WASGI_ERR_SNAPSHOT_CORRUPT', message } as const
    const runs = [
      start(['snapshot', 'list'], withActions({ list: async () => [stored({ target: evil })] })),
      start(
        ['snapshot', 'list', '--json'],
        withActions({ list: async () => [stored({ target: evil })] })
      ),
      start(
        ['snapshot', 'inspect', 'a'],
        withActions({ inspectApplication: async () => inspection({ report }) })
      ),
      start(['snapshot', 'inspect', 'a'], withActions({ inspectApplication: async () => refused })),
      start(['snapshot', 'verify'], withActions({ verify: async () => [bad] }))
    ]

    for (const run of runs) {
      await run.code
      assert.not.match(run.out(), /(?!\n)\p{Cc}/u)
    }
    const [list, , inspected, , verified] = runs.map((run) => run.out().split('\n').length)
    assert.equal([list, verified], [3, 2])
    assert.is(inspected, 22)
  })
)

test(
  'verify prints a line for each, and fails with the code of the first that is not valid',
  within(LIMIT_MS, async () => {
    const error = new WasgiError('WASGI_ERR_SNAPSHOT_STALE', ['b', 'app.py has changed'])
    const ok: Verdict = { key: KEY_A, bytes: 1, state: 'ok', message: undefined }
    const { message } = error
    const bad: Verdict = { key: KEY_B, bytes: 1, state: 'WASGI_ERR_SNAPSHOT_STALE', message }
    const asked: (readonly string[])[] = []
    const verify: SnapshotActions['verify'] = async (_place, prefixes) => {
      asked.push(prefixes)
      return prefixes.length === 1 ? [ok] : [ok, bad]
    }

    const one = start(['snapshot', 'verify', 'aaaa'], withActions({ verify }))
    const all = start(['snapshot', 'verify'], withActions({ verify }))

    assert.equal([await one.code, await all.code], [0, 4])
    assert.equal(asked, [['aaaa'], []])
    assert.is(one.out(), 'aaaaaaaaaaaa  ok\n')
    const [, second] = all.out().split('\n')
    assert.is(second, `bbbbbbbbbbbb  ${error.message}   WASGI_ERR_SNAPSHOT_STALE`)
  })
)

test(
  'prune names what it removed and why, and sums it up',
  within(LIMIT_MS, async () => {
    const asked: boolean[] = []
    const prune: SnapshotActions['prune'] = async (_place, all) => {
      asked.push(all)
      return [
        { key: KEY_A, bytes: 2 ** 20, reason: 'WASGI_ERR_SNAPSHOT_CORRUPT' },
        { key: KEY_B, bytes: 2 ** 21, reason: all ? 'all' : 'surplus' }
      ]
    }

    const some = start(['snapshot', 'prune'], withActions({ prune }))
    const all = start(['snapshot', 'prune', '--all'], withActions({ prune }))
    const none = start(['snapshot', 'prune'], withActions({ prune: async () => [] }))

    assert.equal([await some.code, await all.code, await none.code], [0, 0, 0])
    assert.equal(asked, [false, true])
    assert.equal(some.out().split('\n'), [
      'removed aaaaaaaaaaaa  1.0 MiB  WASGI_ERR_SNAPSHOT_CORRUPT',
      'removed bbbbbbbbbbbb  2.0 MiB  beyond snapshot_limit',
      '2 snapshots removed, 3.0 MiB',
      ''
    ])
    assert.match(all.out(), 'bbbbbbbbbbbb  2.0 MiB  --all\n')
    assert.is(none.out(), '0 snapshots removed, 0 B\n')
  })
)

const REFUSED: readonly [line: string[], text: string][] = [
  [['snapshot', 'verify', 'app.py'], '"app.py" is no KEY'],
  [['snapshot', 'build'], 'no TARGET is given'],
  [['snapshot', 'inspect'], 'no TARGET is given'],
  [['snapshot', 'list', 'app.py'], 'too many arguments'],
  [['snapshot', 'list', '--port', '1'], "unknown option '--port'"],
  [['snapshot', 'lst'], 'Did you mean list?']
]
for (const [line, text] of REFUSED) {
  test(
    `"wasgi ${line.join(' ')}" is not understood`,
    within(LIMIT_MS, async () => {
      const refused = start(line, withActions({}))

      assert.is(await refused.code, 2)
      assert.ok(refused.err().includes(text), refused.err())
      assert.match(refused.err(), /^wasgi: [^\n]+ {3}WASGI_ERR_USAGE\n$/)
    })
  )
}

test(
  'a bare "wasgi snapshot" fails with the help, which the general help points to',
  within(LIMIT_MS, async () => {
    const bare = start(['snapshot'])
    const help = start(['--help'])

    assert.equal([await bare.code, await help.code], [2, 0])
    assert.match(bare.err(), /build .*\n.*list .*\n.*inspect .*\n.*verify .*\n.*prune /s)
    assert.match(help.out(), 'wasgi snapshot build app.py')
  })
)

test.run()
