// What is said when a package cannot be had: a real interpreter against an index on the loopback
// interface.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { failure, Installer, LoopbackIndex, tarGz, wheel } from './packages-fixtures.ts'
import { within } from './within.ts'

const test = suite('reasons against a package')
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
  'what is installed and not asked for is not broken',
  within(LIMIT, async () => {
    index
      .wheel('web', '1.0', { requires: ['lib<2'] })
      .wheel('lib', '1.0')
      .wheel('lib', '2.0')
    const { target } = await installer.install(index, ['web'])

    const error = await failure(installer.install(index, ['lib==2.0'], { target }))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_CONFLICT')
    assert.match(error.message, 'web 1.0, which is installed, requires lib<2')
  })
)

test(
  'a name that the index does not have is named, with who requires it',
  within(LIMIT, async () => {
    index.wheel('web', '1.0', { requires: ['ghost>=1'] })

    const asked = await failure(installer.install(index, ['nothing']))
    const needed = await failure(installer.install(index, ['web']))
    const version = await failure(installer.install(index, ['web>=3']))

    for (const error of [asked, needed, version]) {
      assert.is(error.code, 'WASGI_ERR_PACKAGE_NOT_FOUND')
    }
    assert.match(asked.message, `for nothing: there is no project of this name on ${index.url}`)
    assert.match(needed.message, 'ghost (required by web 1.0)')
    assert.match(version.message, 'web>=3: no version fits; the newest is 1.0')
  })
)

test(
  'a package with wheels for other platforms only says so',
  within(LIMIT, async () => {
    index.file('fast', `fast-2.0-${PLATFORM_WHEEL}`, wheel('fast', '2.0'))
    index.wheel('web', '1.0', { requires: ['fast'] })

    const error = await failure(installer.install(index, ['web']))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_UNSUPPORTED')
    assert.match(error.message, 'fast 2.0 (required by web 1.0) cannot be installed')
    assert.match(error.message, 'wheels for other platforms only')
  })
)

test(
  'the reason is the newest version, however far back the search went',
  within(LIMIT, async () => {
    index.file('fast', `fast-2.0-${PLATFORM_WHEEL}`, wheel('fast', '2.0'))
    index.wheel('web', '2.0', { requires: ['fast'] }).wheel('web', '1.0', { requires: ['gone'] })

    const error = await failure(installer.install(index, ['web']))

    assert.match(error.message, 'fast 2.0 (required by web 2.0)')
  })
)

test(
  'a dead end is not mistaken for the conflicts that the search ran into after it',
  within(LIMIT, async () => {
    index.file('fast', `fast-2.0-${PLATFORM_WHEEL}`, wheel('fast', '2.0'))
    index.wheel('web', '2.0', { requires: ['lib>=2', 'fast'] })
    index.wheel('web', '1.0', { requires: ['lib<2'] })
    index
      .wheel('lib', '2.0')
      .wheel('lib', '1.0')
      .wheel('app', '1.0', { requires: ['lib>=2'] })

    const error = await failure(installer.install(index, ['web', 'app']))

    assert.match(error.message, 'fast 2.0 (required by web 2.0) cannot be installed')
  })
)

test(
  'a conflict names who wants what',
  within(LIMIT, async () => {
    index
      .wheel('web', '1.0', { requires: ['lib>=2'] })
      .wheel('lib', '1.0')
      .wheel('lib', '2.0')

    const error = await failure(installer.install(index, ['web', 'lib<2']))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_CONFLICT')
    assert.match(error.message, 'you ask for lib<2')
    assert.match(error.message, 'web 1.0 requires lib>=2')
  })
)

test(
  'any other source archive is refused, and not even fetched',
  within(LIMIT, async () => {
    index.file('built', 'built-1.0.tar.gz', tarGz([]))

    const error = await failure(installer.install(index, ['built']))

    assert.is(error.code, 'WASGI_ERR_PACKAGE_UNSUPPORTED')
    assert.match(error.message, 'built 1.0 cannot be installed: it comes as a source archive only')
    assert.not.ok(index.asked.includes('/files/built-1.0.tar.gz'))
  })
)

test.run()
