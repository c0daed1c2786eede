// What the installer's host half lets its guest reach: which addresses, and which files of the target.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError } from '../../src/errors.ts'
import { Target } from '../../src/packages/target.ts'
import { IndexClient } from '../../workers/packages/index-client.ts'
import type { PlannedPackage } from '../../workers/packages/messages.ts'
import { AllowedOrigins } from '../../workers/packages/origins.ts'
import { Staging } from '../../workers/packages/staging.ts'
import { LoopbackIndex, temporaryFolder } from './packages-fixtures.ts'
import { within } from './within.ts'

const test = suite('installer grants')
const BYTES = Buffer.from('x')

function origins(trustedHosts: string[] = []): AllowedOrigins {
  return new AllowedOrigins({
    indexes: [{ url: 'https://index/simple' }],
    directUrls: ['https://direct/x.whl'],
    trustedHosts
  })
}

/** Whether each address may be fetched. */
const allowed = (policy: AllowedOrigins, ...urls: string[]): boolean[] =>
  urls.map((url) => policy.refusal(new URL(url)) === undefined)

test('an address outside the configured indexes is refused, whatever its scheme', () => {
  const policy = origins()

  assert.equal(allowed(policy, 'https://index/any', 'https://direct/y'), [true, true])
  assert.equal(
    allowed(policy, 'https://index:8443/', 'http://index/', 'https://x/', 'file:///etc/passwd'),
    [false, false, false, false]
  )
})

test('the hosts that a page names are allowed, in HTML and JSON, and no others', () => {
  const policy = origins()

  policy.learn(
    new URL('https://index/simple/a/'),
    '<a href="https://files/a.whl">see https://no/</a>'
  )
  policy.learn(
    new URL('https://index/simple/b/'),
    '{"files": [{"url": "https:\\/\\/cdn\\/b.whl"}]}'
  )
  policy.learn(new URL('https://files/evil/'), '<a href="https://evil/a.whl">')

  assert.equal(allowed(policy, 'https://files/b', 'https://cdn/b'), [true, true])
  assert.equal(allowed(policy, 'https://no/', 'https://evil/a.whl'), [false, false])
})

test('without TLS, only this machine and trusted hosts are asked', () => {
  const page = '<a href="http://plain/a"><a href="http://127.0.0.1:9/a"><a href="http://old:80/a">'
  const policy = origins(['old'])

  policy.learn(new URL('https://index/simple/a/'), page)

  assert.equal(allowed(policy, 'http://127.0.0.1:9/a', 'http://old/a'), [true, true])
  assert.equal(allowed(policy, 'http://plain/a'), [false])
})

test(
  'a configured proxy is used',
  within(10_000, async () => {
    const proxy = await LoopbackIndex.start()
    proxy.special('http://index.invalid/simple/web/', (_request, response) => response.end('page'))
    const client = new IndexClient({
      indexes: [{ url: 'http://index.invalid/simple' }],
      addDefaults: false,
      directUrls: [],
      localWheels: [],
      trustedHosts: ['index.invalid'],
      timeoutMs: 5_000,
      proxyEnv: { http_proxy: proxy.origin }
    })

    const reply = await client.get('http://index.invalid/simple/web/', 'page')

    client.close()
    proxy.close()
    assert.equal('body' in reply && reply.body.toString(), 'page')
  })
)

test('a path that leads out of the staging folder is refused', () => {
  const root = temporaryFolder()
  const outside = temporaryFolder()
  symlinkSync(outside, join(root, 'link'))
  writeFileSync(join(root, 'file'), 'old')
  const staging = new Staging(root)
  const paths = ['../a', '/a', 'a/../../b', '', 'a//b', './a', 'a\\b', 'a\0b', 'link/a', 'file']

  const answers = paths.map((path) => staging.write(path, BYTES, false))

  for (const [at, answer] of answers.entries()) assert.match(answer, /^refused /, paths[at])
  assert.equal([readdirSync(outside), readFileSync(join(root, 'file'), 'utf8')], [[], 'old'])
})

test('a staged file is plain, and executable only where that is asked', () => {
  const root = temporaryFolder()
  const staging = new Staging(root)

  const outcomes = [staging.write('a/b/c', BYTES, false), staging.write('a/run', BYTES, true)]

  const modes = ['a/b/c', 'a/run'].map((path) => lstatSync(join(root, path)).mode & 0o7111)
  assert.equal([outcomes, modes[0]], [['', ''], 0])
  assert.ok(modes[1] !== 0)
})

/** Stages a package of one file in its folder and its `.dist-info`. */
function stage(target: Target, staged: string, version: string, replaces = ''): PlannedPackage {
  const root = join(target.staging, staged)
  const info = `pkg-${version}.dist-info`
  mkdirSync(join(root, 'pkg'), { recursive: true })
  mkdirSync(join(root, info))
  writeFileSync(join(root, `pkg/v${version}.py`), version)
  writeFileSync(join(root, info, 'METADATA'), `Name: pkg\nVersion: ${version}\n`)
  writeFileSync(join(root, info, 'RECORD'), `pkg/v${version}.py,,\n${info}/RECORD,,\n../evil,,\n`)
  return { name: 'pkg', version, staged, replaces }
}

test('a commit puts the new in the place of the old, and keeps what is not of it', () => {
  const path = temporaryFolder()
  const first = Target.open(path)
  first.commit([stage(first, '0', '1')])
  first.close()
  writeFileSync(join(path, 'pkg/mine.py'), 'mine')
  const second = Target.open(path)
  const before = second.installed().map(({ folder }) => folder)

  second.commit([stage(second, '0', '2', 'pkg-1.dist-info')])
  second.close()

  assert.equal(before, ['pkg-1.dist-info'])
  assert.equal(readdirSync(path).sort(), ['pkg', 'pkg-2.dist-info'])
  assert.equal(readdirSync(join(path, 'pkg')).sort(), ['mine.py', 'v2.py'])
})

test('a commit that fails half-way leaves everything as it was', () => {
  const path = temporaryFolder()
  const first = Target.open(path)
  first.commit([stage(first, '0', '1')])
  first.close()
  const second = Target.open(path)
  const good = stage(second, '0', '2', 'pkg-1.dist-info')
  second.installed()

  const fails = () => second.commit([good, { ...good, staged: '1', replaces: '' }])

  assert.throws(fails, (error: WasgiError) => error.code === 'WASGI_ERR_TARGET_UNWRITABLE')
  second.close()
  assert.equal(readdirSync(path).sort(), ['pkg', 'pkg-1.dist-info'])
  assert.equal(readdirSync(join(path, 'pkg')), ['v1.py'])
})

test('a record that names files outside of the folder removes none of them', () => {
  const parent = temporaryFolder()
  const path = join(parent, 'python_modules')
  writeFileSync(join(parent, 'evil'), 'stays')
  const first = Target.open(path)
  first.commit([stage(first, '0', '1')])
  first.close()
  rmSync(join(path, 'pkg'), { recursive: true })
  symlinkSync(parent, join(path, 'pkg'))
  writeFileSync(join(parent, 'v1.py'), 'stays')
  const second = Target.open(path)
  second.installed()

  second.commit([stage(second, '0', '2', 'pkg-1.dist-info')])
  second.close()

  assert.equal([existsSync(join(parent, 'evil')), existsSync(join(parent, 'v1.py'))], [true, true])
  assert.ok(lstatSync(join(path, 'pkg')).isDirectory())
})

test('an answer that names places instead of packages is no plan', () => {
  const target = Target.open(temporaryFolder())
  const plan = { name: 'pkg', version: '1', staged: '../..', replaces: '' }

  for (const bad of [plan, { ...plan, staged: '0', replaces: '../..' }]) {
    assert.throws(() => target.commit([bad]), /no plan/)
  }
  target.close()
})

test('one installation at a time; what a killed one left is cleared away', () => {
  const path = temporaryFolder()
  // No process has this number: it is above Linux's and macOS's highest.
  mkdirSync(join(path, '.wasgi-install-99999999/new'), { recursive: true })
  const target = Target.open(path)

  assert.throws(() => Target.open(path), /WASGI_ERR_TARGET_UNWRITABLE|is being installed into/)
  assert.equal(readdirSync(path), [`.wasgi-install-${process.pid}`])
  target.close()
  assert.equal(readdirSync(path), [])
})

test('a target that is a file is named', () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, '')

  try {
    Target.open(path)
    assert.unreachable()
  } catch (error) {
    assert.instance(error, WasgiError)
    assert.match((error as Error).message, `Packages cannot be written to "${path}"`)
  }
})

test.run()
