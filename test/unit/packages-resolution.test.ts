// Which versions are chosen, and what of them is installed: a real interpreter against an index on
// the loopback interface.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Installer,
  LoopbackIndex,
  metadata,
  tarGz,
  temporaryFolder,
  wheel
} from './packages-fixtures.ts'
import { within } from './within.ts'

const test = suite('choosing packages')
const LIMIT = 60_000

let installer: Installer
let index: LoopbackIndex

test.before(async () => {
  installer = await Installer.start()
})
test.after(() => installer.close())
test.before.each(async () => {
  index = await LoopbackIndex.start()
})
test.after.each(() => index.close())

const PLATFORM_WHEEL = 'cp314-cp314-manylinux_2_28_x86_64.whl'

test(
  'the newest version and everything it needs is installed',
  within(LIMIT, async () => {
    index.wheel('web', '1.9').wheel('web', '1.10', { requires: ['lib>=2'] })
    index.wheel('lib', '1.0').wheel('lib', '2.0')

    const { names, target } = await installer.install(index, ['web'])

    assert.equal(names, ['lib==2.0', 'web==1.10'])
    assert.is(readFileSync(join(target, 'web.py'), 'utf8'), "version = '1.10'\n")
  })
)

test(
  'extras bring what they need, and only they do',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', { extras: ['async'], requires: ['lib; extra == "async"'] })
    index.wheel('app', '1.0', { requires: ['web[async]'] })
    index.wheel('lib', '1.0')

    const without = await installer.install(index, ['web'])
    const asked = await installer.install(index, ['web[async]'])
    const needed = await installer.install(index, ['web', 'app'])

    assert.equal(without.names, ['web==1.0'])
    assert.equal(asked.names, ['lib==1.0', 'web==1.0'])
    assert.equal(needed.names, ['app==1.0', 'lib==1.0', 'web==1.0'])
  })
)

test(
  'markers are evaluated for the guest, not for this machine',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', {
      requires: [
        'guest; sys_platform == "emscripten" and platform_machine == "wasm32"',
        'newer; python_full_version >= "3.14"',
        'host; sys_platform == "linux"'
      ]
    })
    index.wheel('guest', '1.0').wheel('newer', '1.0').wheel('host', '1.0')

    const { names } = await installer.install(index, ['web', 'host; os_name == "nt"'])

    assert.equal(names, ['guest==1.0', 'newer==1.0', 'web==1.0'])
  })
)

test(
  'an older version is taken when the newest does not go with the rest',
  within(LIMIT, async () => {
    index.wheel('web', '2.0', { requires: ['lib'] }).wheel('tool', '1.0', { requires: ['lib<2'] })
    index.wheel('lib', '1.5').wheel('lib', '2.0')
    index.wheel('zoo', '2.0', { requires: ['lib>=2'] }).wheel('zoo', '1.0', { requires: ['lib<2'] })

    const { names } = await installer.install(index, ['web', 'zoo', 'tool'])

    assert.equal(names, ['lib==1.5', 'tool==1.0', 'web==2.0', 'zoo==1.0'])
  })
)

test(
  'a version that is not for this Python, or was yanked, is passed over',
  within(LIMIT, async () => {
    index
      .wheel('web', '1.0')
      .wheel('web', '1.1', {}, { yanked: true })
      .wheel('web', '1.2', {}, { requiresPython: '<3.13' })
      .wheel('web', '1.3', { requiresPython: '>=4' })

    const newest = await installer.install(index, ['web'])
    const pinned = await installer.install(index, ['web==1.1'])

    assert.equal(newest.names, ['web==1.0'])
    assert.equal(pinned.names, ['web==1.1'])
  })
)

test(
  'pre-releases are for those who ask, or when there is nothing else',
  within(LIMIT, async () => {
    index.wheel('web', '1.0').wheel('web', '2.0rc1').wheel('young', '0.1a1')

    const usual = await installer.install(index, ['web', 'young'])
    const pre = await installer.install(index, ['web'], { pre: true })

    assert.equal(usual.names, ['web==1.0', 'young==0.1a1'])
    assert.equal(pre.names, ['web==2.0rc1'])
  })
)

test(
  "a wheel for Pyodide's own tag goes before one of plain Python",
  within(LIMIT, async () => {
    const own = 'fast-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl'
    index.wheel('fast', '1.0').file('fast', own, wheel('fast', '1.0'))

    const { progress } = await installer.install(index, ['fast'])

    assert.is(progress.find(({ kind }) => kind === 'downloading')?.detail, own)
  })
)

test(
  'what satisfies already is kept, without asking the index',
  within(LIMIT, async () => {
    index.wheel('web', '1.0')
    const { target } = await installer.install(index, ['web'])
    const before = index.asked.length
    index.wheel('web', '1.1')

    const again = await installer.install(index, ['web>=1'], { target })

    assert.equal([again.names, index.asked.length], [[], before])
    assert.equal(again.progress, [{ kind: 'kept', name: 'web', version: '1.0' }])
  })
)

test(
  '--upgrade replaces what was asked for and every file of it',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', {
      requires: ['lib'],
      members: [{ path: 'web_old/part.py', text: '' }]
    })
    index.wheel('lib', '1.0')
    const { target } = await installer.install(index, ['web'])
    index.wheel('web', '2.0', { requires: ['lib'] }).wheel('lib', '2.0')

    const { names } = await installer.install(index, ['web'], { target, upgrade: true })

    assert.equal(names, ['web==2.0'])
    assert.is(readFileSync(join(target, 'web.py'), 'utf8'), "version = '2.0'\n")
    assert.equal(
      ['web_old', 'web-1.0.dist-info', 'web-2.0.dist-info'].map((name) =>
        existsSync(join(target, name))
      ),
      [false, false, true]
    )
  })
)

test(
  'a requirements file with constraints and nested files is followed',
  within(LIMIT, async () => {
    index
      .wheel('web', '1.0', { requires: ['lib'] })
      .wheel('lib', '1.0')
      .wheel('lib', '2.0')
    index.wheel('more', '1.0')
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'more.txt'), 'more # a comment\n')
    writeFileSync(join(folder, 'limits.txt'), 'lib<2\nunused==9\n')
    const file = join(folder, 'requirements.txt')
    writeFileSync(file, `--index-url ${index.url}\n-r more.txt\n-c limits.txt\nweb \\\n  >=1\n`)

    const { names } = await installer.install('http://127.0.0.1:9/unused', [], {
      requirementFiles: [file],
      indexUrl: index.url
    })

    assert.equal(names, ['lib==1.0', 'more==1.0', 'web==1.0'])
  })
)

test(
  'a wheel can be named by its path or its URL',
  within(LIMIT, async () => {
    index.wheel('lib', '1.0').serve('far-1.0-py3-none-any.whl', wheel('far', '1.0'))
    const path = join(temporaryFolder(), 'near-1.0-py3-none-any.whl')
    writeFileSync(path, wheel('near', '1.0', { extras: ['x'], requires: ['lib; extra == "x"'] }))

    const { names } = await installer.install(index, [
      `${path}[x]`,
      `far @ ${index.origin}/files/far-1.0-py3-none-any.whl`
    ])

    assert.equal(names, ['far==1.0', 'lib==1.0', 'near==1.0'])
  })
)

test(
  'JSON pages and separate metadata files are used where they are offered',
  within(LIMIT, async () => {
    const filename = 'web-1.0-py3-none-any.whl'
    index.serve(filename, wheel('web', '1.0', { requires: ['lib'] })).wheel('lib', '1.0')
    index.serve(`${filename}.metadata`, Buffer.from(metadata('web', '1.0', { requires: ['lib'] })))
    index.special('/simple/web/', (request, response) => {
      const json = 'application/vnd.pypi.simple.v1+json'
      response.setHeader(
        'content-type',
        request.headers.accept?.includes(json) ? json : 'text/plain'
      )
      const file = { filename, url: `../../files/${filename}`, hashes: {}, 'core-metadata': true }
      response.setHeader('content-encoding', 'gzip')
      const page = { meta: { 'api-version': '1.1' }, name: 'web', files: [file] }
      response.end(gzipSync(JSON.stringify(page)))
    })

    const { names } = await installer.install(index, ['web'])

    assert.equal(names, ['lib==1.0', 'web==1.0'])
    assert.ok(index.asked.includes(`/files/${filename}.metadata`))
  })
)

test(
  'a search through many versions reads a little of each',
  within(LIMIT, async () => {
    const ballast = { path: 'ballast.txt', text: 'x'.repeat(400_000) }
    for (const version of ['1.0', '1.1', '1.2', '1.3', '1.4']) {
      const requires = version === '1.0' ? ['lib==1.0'] : ['ghost']
      index.wheel('web', version, { members: [ballast], requires })
    }
    index.wheel('lib', '1.0')

    const ranged = await installer.install(index, ['web'])
    const withRanges = index.sentBytes
    index.ranges = false
    const whole = await installer.install(index, ['web'])

    assert.equal(ranged.names, ['lib==1.0', 'web==1.0'])
    assert.equal(whole.names, ranged.names)
    assert.ok(withRanges < 1_300_000, `${withRanges} bytes were sent`)
    assert.ok(index.sentBytes - withRanges > 2_000_000)
  })
)

test(
  'of a source archive in the table, the plain Python is copied',
  within(LIMIT, async () => {
    const top = 'markupsafe-3.0'
    const archive = tarGz([
      { path: `${top}/PKG-INFO`, text: metadata('MarkupSafe', '3.0') },
      { path: `${top}/LICENSE.txt`, text: 'free' },
      { path: `${top}/setup.py`, text: 'raise SystemExit("a build script ran")' },
      { path: `${top}/src/markupsafe/__init__.py`, text: 'plain = True\n' },
      { path: `${top}/src/markupsafe/_speedups.c`, text: 'int x;' }
    ])
    index.file('markupsafe', 'markupsafe-3.0.tar.gz', archive)
    index.file('markupsafe', `markupsafe-3.0-${PLATFORM_WHEEL}`, wheel('markupsafe', '3.0'))

    const { names, target } = await installer.install(index, ['markupsafe'])

    const info = join(target, 'markupsafe-3.0.dist-info')
    assert.equal(names, ['markupsafe==3.0'])
    assert.is(readFileSync(join(target, 'markupsafe/__init__.py'), 'utf8'), 'plain = True\n')
    assert.not.ok(existsSync(join(target, 'markupsafe/_speedups.c')))
    assert.is(readFileSync(join(info, 'INSTALLER'), 'utf8'), 'wasgi\n')
    assert.match(readFileSync(join(info, 'RECORD'), 'utf8'), /^markupsafe\/__init__\.py,sha256=/)
    assert.match(readFileSync(join(info, 'METADATA'), 'utf8'), 'Name: MarkupSafe')
    assert.ok(existsSync(join(info, 'licenses/LICENSE.txt')))
  })
)

test(
  'of a package in the table, a wheel that runs here goes first',
  within(LIMIT, async () => {
    const archive = tarGz([
      { path: 'markupsafe-3.1/PKG-INFO', text: metadata('MarkupSafe', '3.1') }
    ])
    index.file('markupsafe', 'markupsafe-3.1.tar.gz', archive).wheel('markupsafe', '3.0')

    const { names } = await installer.install(index, ['markupsafe'])

    assert.equal(names, ['markupsafe==3.0'])
  })
)

test(
  'namespace packages of two distributions share their folder',
  within(LIMIT, async () => {
    for (const name of ['one', 'two']) {
      index.wheel(name, '1.0', { members: [{ path: `shared/${name}/__init__.py`, text: '' }] })
    }
    const { target } = await installer.install(index, ['one'])

    await installer.install(index, ['two'], { target })

    const parts = ['one', 'two'].map((name) =>
      existsSync(join(target, `shared/${name}/__init__.py`))
    )
    assert.equal(parts, [true, true])
  })
)

test.run()
