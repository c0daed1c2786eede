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
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError } from '../../src/errors.ts'
import { Target } from '../../src/packages/target.ts'
import { IndexClient } from '../../workers/packages/index-client.ts'
import type { IndexGrant, PlannedPackage } from '../../workers/packages/messages.ts'
import { AllowedOrigins } from '../../workers/packages/origins.ts'
import { Staging } from '../../workers/packages/staging.ts'
import { CERTIFICATE, PRIVATE_KEY } from './packages-certificate.ts'
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

/** A client for one index, with what else a test grants. */
function clientFor(url: string, grant: Partial<IndexGrant> = {}): IndexClient {
  return new IndexClient({
    indexes: [{ url }],
    addDefaults: false,
    directUrls: [],
    localWheels: [],
    trustedHosts: [],
    timeoutMs: 5_000,
    proxyEnv: {},
    ...grant
  })
}

/** The page at `url`, or why there is none. */
async function pageOf(client: IndexClient, url: string): Promise<string> {
  const reply = await client.get(url, 'page')
  client.close()
  return 'problem' in reply ? `problem: ${reply.problem}` : reply.body.toString()
}

test(
  'a configured proxy is used',
  within(60_000, async () => {
    const proxy = await LoopbackIndex.start()
    const url = 'http://index.invalid/simple/web/'
    proxy.special(url, (_request, response) => response.end('page'))
    const proxyEnv = { http_proxy: proxy.origin }

    const page = await pageOf(clientFor(url, { trustedHosts: ['index.invalid'], proxyEnv }), url)

    proxy.close()
    assert.is(page, 'page')
  })
)

test(
  'a certificate is verified, with those that pip is configured with, unless its host is trusted',
  within(60_000, async () => {
    const options = { key: PRIVATE_KEY, cert: CERTIFICATE }
    const server = createServer(options, (_request, response) => response.end('page'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`

    const pages = [
      await pageOf(clientFor(url), url),
      await pageOf(clientFor(url, { ca: CERTIFICATE }), url),
      await pageOf(clientFor(url, { trustedHosts: ['127.0.0.1'] }), url)
    ]

    server.close()
    assert.match(pages[0] ?? '', /^problem: self-signed certificate/)
    assert.equal(pages.slice(1), ['page', 'page'])
  })
)

test(
  'an answer that is too large, or too slow, ends',
  within(60_000, async () => {
    const index = await LoopbackIndex.start()
    index.special('/simple/silent/', () => {})
    index.special('/simple/huge/', (_request, response) => {
      const piece = Buffer.alloc(2 ** 20)
      const more = (): void => {
        if (response.write(piece)) setImmediate(more)
        else response.once('drain', more)
      }
      more()
    })

    const silent = await pageOf(clientFor(index.url, { timeoutMs: 50 }), `${index.url}/silent/`)
    const huge = await pageOf(clientFor(index.url), `${index.url}/huge/`)

    index.close()
    assert.is(silent, 'problem: silent for 0.05 s')
    assert.is(huge, `problem: larger than ${64 * 2 ** 20} bytes`)
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

test('a folder that was made for nothing is taken away', () => {
  const path = join(temporaryFolder(), 'python_modules')

  Target.open(path).close()

  assert.not.ok(existsSync(path))
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
