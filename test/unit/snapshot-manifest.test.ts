// What a snapshot depends on: every change that Python could notice is found, none is made up.
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Dependency } from '../../src/snapshot/image.ts'
import { checkManifest, MANIFEST_LIMIT, makeManifest } from '../../src/snapshot/manifest.ts'
import { rejection, temporaryFolder } from './snapshot-fixtures.ts'
import { within } from './within.ts'

interface Context {
  readonly app: string
  readonly file: string
  readonly dependencies: readonly Dependency[]
  readonly remove: () => void
}

const test = suite<Context>('snapshot manifest')

const UNSAVED = 'WASGI_ERR_SNAPSHOT_UNSAVED'
/** Long enough ago that no clock's tick is in doubt. */
const LONG_AGO = 1_700_000_000

test.before.each((context) => {
  const { folder, remove } = temporaryFolder()
  const app = join(folder, 'app')
  const file = join(app, 'wsgi.py')
  mkdirSync(join(app, 'package'), { recursive: true })
  writeFileSync(file, 'value = 1\n')
  utimesSync(file, LONG_AGO, LONG_AGO)
  utimesSync(app, LONG_AGO, LONG_AGO)
  const dependencies: Dependency[] = [
    { path: file, kind: 'file' },
    { path: app, kind: 'folder' },
    { path: join(app, 'local.py'), kind: 'absent' },
    { path: join(app, 'package'), kind: 'exists' }
  ]
  Object.assign(context, { app, file, dependencies, remove })
})
test.after.each(({ remove }) => remove())

test(
  'files that nobody touched are as they were',
  within(60_000, async ({ dependencies }) => {
    const manifest = await makeManifest([...dependencies, ...dependencies])

    assert.is(await checkManifest(manifest), undefined)
    assert.is(manifest.entries.length, 4)
  })
)

test(
  'a changed file is found, whether its size changed or not',
  within(60_000, async ({ file, dependencies }) => {
    const manifest = await makeManifest(dependencies)

    for (const text of ['value = 2\n', 'value = 10\n', '']) {
      writeFileSync(file, text)
      assert.is(await checkManifest(manifest), `${file} has changed`, text)
    }
  })
)

test(
  'a file written again with the same content has not changed',
  within(60_000, async ({ file, app, dependencies }) => {
    const manifest = await makeManifest(dependencies)

    writeFileSync(join(app, 'new'), readFileSync(file))
    renameSync(join(app, 'new'), file)

    assert.is.not(statSync(file).mtimeMs, LONG_AGO * 1000)
    assert.is(await checkManifest(manifest), undefined)
  })
)

test(
  'a file with size and time as recorded is not read',
  within(60_000, async ({ file, dependencies }) => {
    const manifest = await makeManifest(dependencies)

    writeFileSync(file, 'value = 2\n')
    utimesSync(file, LONG_AGO, LONG_AGO)

    assert.is(await checkManifest(manifest), undefined)
  })
)

test(
  'a file that was changed just before the record is read each time',
  within(60_000, async ({ file }) => {
    const now = Date.now() / 1000
    utimesSync(file, now, now)
    const manifest = await makeManifest([{ path: file, kind: 'file' }])
    assert.is(await checkManifest(manifest), undefined)

    writeFileSync(file, 'value = 2\n')
    utimesSync(file, now, now)

    assert.is(await checkManifest(manifest), `${file} has changed`)
  })
)

test(
  'a symbolic link that is switched to a release with equal sizes and times is found',
  within(60_000, async ({ app }) => {
    for (const [release, text] of [
      ['one', 'a'],
      ['two', 'b']
    ] as const) {
      mkdirSync(join(app, release))
      writeFileSync(join(app, release, 'x.py'), text)
      utimesSync(join(app, release, 'x.py'), LONG_AGO, LONG_AGO)
    }
    symlinkSync('one', join(app, 'current'))
    const path = join(app, 'current', 'x.py')
    const manifest = await makeManifest([{ path, kind: 'file' }])
    assert.is(await checkManifest(manifest), undefined)

    rmSync(join(app, 'current'))
    symlinkSync('two', join(app, 'current'))

    assert.is(await checkManifest(manifest), `${path} has changed`)
  })
)

test(
  'a file that is gone, and one that is there now, are found',
  within(60_000, async ({ app, file, dependencies }) => {
    const manifest = await makeManifest(dependencies.filter(({ kind }) => kind !== 'folder'))

    writeFileSync(join(app, 'local.py'), '')
    assert.is(await checkManifest(manifest), `${join(app, 'local.py')} is there now`)

    rmSync(join(app, 'local.py'))
    rmSync(file)
    assert.is(await checkManifest(manifest), `${file} is gone`)
  })
)

test(
  'a file in the place of a folder is found, and the other way about',
  within(60_000, async ({ app, file, dependencies }) => {
    const manifest = await makeManifest(dependencies.filter(({ kind }) => kind !== 'folder'))

    rmSync(join(app, 'package'), { recursive: true })
    writeFileSync(join(app, 'package'), '')
    assert.is(await checkManifest(manifest), `${join(app, 'package')} is no longer a folder`)

    rmSync(join(app, 'package'))
    mkdirSync(join(app, 'package'))
    rmSync(file)
    mkdirSync(file)
    assert.is(await checkManifest(manifest), `${file} is no longer a file`)
  })
)

test(
  'a folder with another entry is found, one with the same entries is not',
  within(60_000, async ({ app }) => {
    const manifest = await makeManifest([{ path: app, kind: 'folder' }])

    writeFileSync(join(app, 'flask.py'), '')
    assert.is(await checkManifest(manifest), `the folder ${app} has other entries`)

    rmSync(join(app, 'flask.py'))
    assert.is(await checkManifest(manifest), undefined)

    rmSync(join(app, 'package'), { recursive: true })
    writeFileSync(join(app, 'package'), '')
    assert.is(await checkManifest(manifest), `the folder ${app} has other entries`)
  })
)

test(
  'a change of what was only looked for does not matter',
  within(60_000, async ({ file }) => {
    const manifest = await makeManifest([{ path: file, kind: 'exists' }])

    writeFileSync(file, 'something else')
    chmodSync(file, 0o700)

    assert.is(await checkManifest(manifest), undefined)
  })
)

test(
  'what is not what Python saw any more cannot be recorded',
  within(60_000, async ({ app, file }) => {
    const cases: readonly Dependency[] = [
      { path: file, kind: 'absent' },
      { path: join(app, 'gone.py'), kind: 'file' },
      { path: join(app, 'gone'), kind: 'folder' },
      { path: join(app, 'gone'), kind: 'exists' },
      { path: app, kind: 'file' },
      { path: file, kind: 'folder' },
      { path: '/dev/null', kind: 'file' }
    ]
    for (const dependency of cases) {
      const error = await rejection(makeManifest([dependency]), UNSAVED, dependency.path)
      assert.match(error.reason, dependency.path)
    }
  })
)

test(
  'what changed since the capture began cannot be recorded',
  within(60_000, async ({ file, app, dependencies }) => {
    const later = Date.now() + 10_000
    assert.is((await makeManifest(dependencies, later)).entries.length, 4)

    const since = statSync(file).ctimeMs - 1000
    const error = await rejection(makeManifest([{ path: file, kind: 'file' }], since), UNSAVED)
    await rejection(makeManifest([{ path: app, kind: 'folder' }], since), UNSAVED)

    assert.is(error.reason, `${file} was changed during the capture`)
  })
)

test(
  'there is a limit to how many files one may depend on',
  within(20_000, async ({ app }) => {
    const many = Array.from({ length: MANIFEST_LIMIT + 1 }, (_, index) => {
      return { path: join(app, `x${index}`), kind: 'absent' } as const
    })

    await rejection(makeManifest(many), UNSAVED)
  })
)

test.run()
