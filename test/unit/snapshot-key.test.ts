// The key of a snapshot: whatever makes a capture another one makes another key, and nothing else.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { BootTemplate } from '../../src/dispatch/worker.ts'
import { codeHash, type KeyParts, keyedVariables, snapshotKey } from '../../src/snapshot/key.ts'
import { snapshotSource } from '../../src/snapshot/settings.ts'
import type { SnapshotEvents } from '../../src/snapshot/source.ts'
import type { InterpreterAssets } from '../../workers/boot/assets.ts'
import { temporaryFolder } from './snapshot-fixtures.ts'

const test = suite('snapshot key')

const GRANT = { guestPath: '/app', hostPath: '/srv/app', writable: false, hideDotNames: true }
const PARTS: KeyParts = {
  pyodideVersion: '314.0.7',
  pyodideBuildId: 'abc',
  v8Version: '14.6',
  wasgiVersion: '0.1.0',
  codeHash: '00',
  memoryLimitBytes: 1,
  tmpLimitBytes: 2,
  debug: false,
  warmup: ['GET /'],
  application: {
    target: 'a',
    root: '/app',
    file: '/app/a.py',
    module: null,
    callable: null,
    call: false,
    hooks: [],
    dispatched: false,
    consulted: false
  },
  grants: [GRANT],
  sysPath: ['/app', '/packages'],
  variableNames: ['A', 'B'],
  variableValues: { TZ: 'UTC', LANG: 'C' }
}

const CHANGES: Readonly<Record<string, Partial<KeyParts>>> = {
  'version of Pyodide': { pyodideVersion: '314.0.8' },
  'build of Pyodide': { pyodideBuildId: 'abd' },
  'V8 version': { v8Version: '14.7' },
  'version of wasgi': { wasgiVersion: '0.1.1' },
  'code of wasgi': { codeHash: '01' },
  'memory limit': { memoryLimitBytes: 2 },
  'limit of /tmp': { tmpLimitBytes: 1 },
  'debug mode': { debug: true },
  'warm-up': { warmup: ['GET /', 'GET /'] },
  application: { application: { ...PARTS.application, call: true } },
  'grant that is writable': { grants: [{ ...GRANT, writable: true }] },
  'grant of another host folder': { grants: [{ ...GRANT, hostPath: '/srv/other' }] },
  'order of sys.path': { sysPath: ['/packages', '/app'] },
  'name of a variable': { variableNames: ['A', 'C'] },
  'value of a variable': { variableValues: { TZ: 'CET', LANG: 'C' } },
  'lack of a variable': { variableValues: { LANG: 'C' } }
}

for (const [name, change] of Object.entries(CHANGES)) {
  test(`another key for another ${name}`, () => {
    assert.is.not(snapshotKey({ ...PARTS, ...change }), snapshotKey(PARTS))
  })
}

test('a key is 64 hex digits and the same whatever the order in which its parts were named', () => {
  const reversed = Object.fromEntries(Object.entries(PARTS).reverse()) as unknown as KeyParts

  const key = snapshotKey({
    ...reversed,
    variableNames: ['B', 'A', 'B'],
    variableValues: { LANG: 'C', TZ: 'UTC' }
  })

  assert.is(key, snapshotKey(PARTS))
  assert.match(key, /^[0-9a-f]{64}$/)
})

test('values count of the variables that may be stored, and of those Python reads at start', () => {
  const passed = {
    TZ: 'UTC',
    LANG: 'C',
    LC_ALL: 'C',
    PYTHONHASHSEED: '0',
    STAGE: 'test',
    SECRET_KEY: 's3cret',
    MY_TZ: 'CET'
  }

  const keyed = keyedVariables(passed, ['STAGE', 'UNSET'])

  assert.equal(Object.keys(keyed).sort(), ['LANG', 'LC_ALL', 'PYTHONHASHSEED', 'STAGE', 'TZ'])
})

test('the hash of the code follows names and contents, not places nor bytecode', () => {
  const { folder, remove } = temporaryFolder()
  try {
    const gateway = join(folder, 'one')
    mkdirSync(join(gateway, 'supplements'), { recursive: true })
    writeFileSync(join(gateway, 'a.py'), '1')
    writeFileSync(join(gateway, 'supplements', 'b.py'), '2')
    const before = codeHash({ face: 'x' }, gateway)

    mkdirSync(join(gateway, '__pycache__'))
    writeFileSync(join(gateway, '__pycache__', 'a.pyc'), '')
    renameSync(gateway, join(folder, '__pycache__'))
    const moved = join(folder, '__pycache__')
    assert.is(codeHash({ face: 'x' }, moved), before)

    assert.is.not(codeHash({ face: 'y' }, moved), before)
    assert.is.not(codeHash({ lace: 'x' }, moved), before)
    writeFileSync(join(moved, 'supplements', 'b.py'), '3')
    assert.is.not(codeHash({ face: 'x' }, moved), before)
    writeFileSync(join(moved, 'supplements', 'b.py'), '2')
    renameSync(join(moved, 'a.py'), join(moved, 'c.py'))
    assert.is.not(codeHash({ face: 'x' }, moved), before)
  } finally {
    remove()
  }
})

test("Pyodide's scripts count as we have rewritten them, and so do the realm's", () => {
  const { application, grants, sysPath, debug } = PARTS
  const boot = { env: {}, grants, sysPath, application, debug, tmpLimitBytes: 2 }
  const settings = { folder: '/nowhere', limitBytes: 0, warmup: [], storableNames: [] }
  const assets = { moduleScript: 'm', loaderScript: 'l', realmScripts: { face: 'f' }, buildId: 'b' }
  const keyOf = (change: object): string =>
    snapshotSource(
      settings,
      { boot: boot as unknown as BootTemplate, memoryLimitBytes: 1 },
      { ...assets, ...change } as unknown as InterpreterAssets,
      {} as SnapshotEvents
    ).key

  const keys = [
    {},
    { moduleScript: 'm2' },
    { loaderScript: 'l2' },
    { realmScripts: { face: 'f2' } }
  ].map(keyOf)

  assert.is(keyOf({}), keys[0])
  assert.is(new Set(keys).size, 4)
})

test.run()
