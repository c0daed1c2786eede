// Process groups and mounts in configuration: what counts for whom, and what is refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { poolsOf } from '../../src/config/application-group.ts'
import {
  type OptionName,
  optionNames,
  optionOf,
  type Scope,
  scopeOf
} from '../../src/config/schema.ts'
import {
  type CommandLine,
  type ResolvedServer,
  settingsFromCommandLine,
  settingsFromPlugin,
  settingsFromProgram
} from '../../src/config/settings.ts'
import { WasgiError } from '../../src/errors.ts'

const test = suite<{ folder: string }>('groups and mounts')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-groups-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const SITE = { server: 'localhost', prefix: '' }

const TWO = `workers = 3
request_timeout = "5s"
data_dir = "common"

[env]
STAGE = "test"

[groups.shop]
workers = 2
data_dir = "shop-data"
[groups.shop.env]
STAGE = "live"
KEY = "s3cr3t"

[[mounts]]
path = "/"
app = "site.py"

[[mounts]]
path = "/shop/"
app = "shop.py"
process_group = "shop"
debug = true
`

function fromFile(
  folder: string,
  toml: string,
  line: Partial<CommandLine> = {},
  name: string = 'wasgi.toml'
): ResolvedServer {
  writeFileSync(join(folder, name), toml)
  return settingsFromCommandLine({ flags: {}, variables: {}, folder, ...line })
}

function refusal(folder: string, toml: string, line: Partial<CommandLine> = {}): WasgiError {
  try {
    fromFile(folder, toml, line)
  } catch (error) {
    if (error instanceof WasgiError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('a group has its own options, and for the rest those of the top level', ({ folder }) => {
  const { mounts } = fromFile(folder, TWO)
  const [site, shop] = mounts

  assert.equal([site?.settings.mount, shop?.settings.mount], ['', '/shop'])
  assert.equal([site?.settings.workers, shop?.settings.workers], [3, 2])
  assert.equal([site?.settings.requestTimeout, shop?.settings.requestTimeout], [5000, 5000])
  assert.equal([site?.settings.debug, shop?.settings.debug], [false, true])
  assert.is(site?.settings.dataDir, join(folder, 'common'))
  assert.is(shop?.settings.dataDir, join(folder, 'shop-data'))
  assert.is(shop?.base, folder)
})

test('each value of a group and of a mount knows the line it is from', ({ folder }) => {
  const shop = fromFile(folder, TWO).mounts[1]

  assert.is(shop?.origins.workers, 'wasgi.toml line 9')
  assert.is(shop?.origins.requestTimeout, 'wasgi.toml line 2')
  assert.is(shop?.origins.mount, 'wasgi.toml line 20')
  assert.is(shop?.origins.processGroup, 'wasgi.toml line 22')
})

test("a group's variables are added to those of the top level, and win", ({ folder }) => {
  const [site, shop] = fromFile(folder, TWO).mounts

  assert.equal(site?.settings.env, { STAGE: 'test' })
  assert.equal(shop?.settings.env, { STAGE: 'live', KEY: 's3cr3t' })
})

test("a group's file of variables is added to those of the top level, too", ({ folder }) => {
  writeFileSync(join(folder, 'all.env'), 'A=1\nB=1\n')
  writeFileSync(join(folder, 'own.env'), 'B=2\n')
  const toml = `env_file = "all.env"\n[groups.g]\nenv_file = "own.env"
[[mounts]]\npath = "/"\napp = "a.py"\nprocess_group = "g"\n`

  const [mount] = fromFile(folder, toml).mounts

  assert.equal(mount?.settings.env, { A: '1', B: '2' })
})

test('flags and variables are of the top level: a group keeps what it says itself', ({
  folder
}) => {
  const line = { flags: { workers: '7' }, variables: { WASGI_DATA_DIR: 'given' } }

  const [site, shop] = fromFile(folder, TWO, line).mounts

  assert.equal([site?.settings.workers, shop?.settings.workers], [7, 2])
  assert.is(site?.settings.dataDir, join(folder, 'given'))
  assert.is(shop?.settings.dataDir, join(folder, 'shop-data'))
})

test('a table with the name of the default group is that group', ({ folder }) => {
  const mounts = '[[mounts]]\npath = "/"\napp = "a.py"\n'
  const usual = fromFile(folder, `[groups.default]\nworkers = 2\n${mounts}`)
  const named = fromFile(folder, `process_group = "web"\n[groups.web]\nworkers = 2\n${mounts}`)

  assert.is(usual.mounts[0]?.settings.workers, 2)
  assert.is(named.mounts[0]?.settings.workers, 2)
  assert.is(named.mounts[0]?.settings.processGroup, 'web')
})

test('an app at the top level is one more mount, and so is a TARGET', ({ folder }) => {
  const mounts = '[[mounts]]\npath = "/shop"\napp = "shop.py"\n'
  const inFile = fromFile(folder, `app = "site.py"\n${mounts}`)
  const target = fromFile(folder, mounts, { flags: { app: 'other.py', mount: '/other' } })

  const paths = ({ mounts }: ResolvedServer): unknown =>
    mounts.map(({ settings }) => [settings.mount, settings.app])
  assert.equal(paths(inFile), [
    ['', 'site.py'],
    ['/shop', 'shop.py']
  ])
  assert.equal(paths(target), [
    ['/other', 'other.py'],
    ['/shop', 'shop.py']
  ])
})

test('pyproject.toml has the same tables below tool.wasgi', ({ folder }) => {
  const toml = `[tool.wasgi.groups.shop]\nworkers = 2\n[[tool.wasgi.mounts]]\npath = "/"
app = "a.py"\nprocess_group = "shop"\n`

  const [mount] = fromFile(folder, toml, {}, 'pyproject.toml').mounts

  assert.is(mount?.settings.workers, 2)
  assert.is(mount?.origins.app, 'pyproject.toml line 5')
})

test('mounts of the same groups share interpreters, those of another group have their own', ({
  folder
}) => {
  const mount = (path: string, ...more: string[]): string =>
    ['[[mounts]]', `path = "${path}"`, 'app = "a.py"', ...more, ''].join('\n')
  const toml = [
    '[groups.b]\n',
    mount('/1'),
    mount('/2', 'application_group = "%{GLOBAL}"'),
    mount('/3', 'application_group = "own"'),
    mount('/4', 'process_group = "b"'),
    mount('/5', 'process_group = "b"', 'application_group = "own"'),
    mount('/6', 'application_group = "own"'),
    mount('/7', 'application_group = "%{RESOURCE}"'),
    mount('/8', 'application_group = "%{RESOURCE}"'),
    mount('/9', 'application_group = "%{SERVER}"')
  ].join('')

  const pools = poolsOf(fromFile(folder, toml), SITE)

  assert.equal(
    pools.map(({ name, mounts }) => [name, mounts.map(({ settings }) => settings.mount).join()]),
    [
      ['default', '/1,/2'],
      ['default|own', '/3,/6'],
      ['b', '/4'],
      ['b|own', '/5'],
      ['default|localhost|/7', '/7'],
      ['default|localhost|/8', '/8'],
      ['default|localhost', '/9']
    ]
  )
})

const MOUNT = '[[mounts]]\npath = "/"\napp = "a.py"\n'

const REFUSED: readonly (readonly [what: string, toml: string, message: RegExp])[] = [
  [
    'a group that there is not',
    `[groups.shop]\n${MOUNT}process_group = "shpo"\n`,
    /^There is no process group "shpo" \(from wasgi\.toml line 5\)\. Did you mean "shop"\?.* default, shop\.$/
  ],
  [
    'two mounts of one path',
    `${MOUNT}${MOUNT.replace('"/"', '""')}`,
    /^path must be a path of its own: .* \(from wasgi\.toml line 2\), got "\/" \(from wasgi\.toml line 5\)/
  ],
  [
    'an unknown key of a mount',
    `${MOUNT}procss_group = "a"\n`,
    /"procss_group" \(from wasgi\.toml line 4\)\. Did you mean "process_group"\?/
  ],
  [
    'an unknown key of a group',
    `[groups.a]\nworker = 1\n${MOUNT}`,
    /"worker" \(from wasgi\.toml line 2\)\. Did you mean "workers"\?/
  ],
  [
    'an unknown key of the top level that is like a table',
    `[group.a]\nworkers = 1\n${MOUNT}`,
    /"group" \(from wasgi\.toml line 1\)\. Did you mean "groups"\?/
  ],
  [
    'the option of a mount in a group',
    `[groups.a]\ndebug = true\n${MOUNT}`,
    /"debug" \(from wasgi\.toml line 2\) belongs to a mount\. Move it to the top level or to \[\[mounts\]\]/
  ],
  [
    'the option of a group in a mount',
    `${MOUNT}workers = 1\n`,
    /"workers" \(from wasgi\.toml line 4\) belongs to a process group\./
  ],
  [
    'the option of the server in a group',
    `[groups.a]\nport = 1\n${MOUNT}`,
    /"port" \(from wasgi\.toml line 2\) belongs to the server as a whole\. Move it to the top level\./
  ],
  ['a mount that calls its path mount', `${MOUNT}mount = "/a"\n`, /Did you mean "path"\?/],
  [
    'a mount without a path',
    '[[mounts]]\napp = "a.py"\n',
    /^path must be .* got nothing .* line 1/
  ],
  ['a mount without an app', '[[mounts]]\npath = "/"\n', /^app must be .* got nothing .* line 1/],
  ['a path with a question mark', MOUNT.replace('"/"', '"/a?b"'), /^path must be a path .* line 2/],
  ['a value out of range', `[groups.a]\nworkers = 0\n${MOUNT}`, /^workers must .* line 2/],
  ['a name that is none', `[groups."a b"]\n${MOUNT}`, /^a name in groups must be letters.* line 1/],
  ['mounts that are no list', 'mounts = 1\n', /^mounts must be a list of tables.* line 1/],
  ['a mount that is no table', 'mounts = ["/"]\n', /^mounts\.0 must be a table.* line 1/],
  ['groups that are no table', `groups = 1\n${MOUNT}`, /^groups must be a table.* line 1/],
  [
    'an application group that each request would choose',
    `${MOUNT}application_group = "%{ENV:GROUP}"\n`,
    /^application_group must be .*%\{ENV:\.\.\.\} chooses anew for each request.* line 4/
  ],
  ['a prefix for no app', `mount = "/a"\n${MOUNT}`, /^mount must be left out .* line 1/],
  [
    'a key of an inline table',
    'mounts = [\n  { path = "/", app = "a.py", nme = 1 }\n]\n',
    /"nme" \(from wasgi\.toml line 1\)/
  ]
]

for (const [what, toml, message] of REFUSED) {
  test(`${what} is refused, with the line`, ({ folder }) => {
    const error = refusal(folder, toml)

    assert.match(error.code, /^WASGI_ERR_CONFIG_/)
    assert.match(error.message, message)
  })
}

test('programs pass the same tables, in the words of TypeScript or in those of the file', () => {
  const typed = settingsFromPlugin({
    requestTimeout: '5s',
    groups: { shop: { workers: 2 } },
    mounts: [{ path: '/shop', app: 'shop.py', processGroup: 'shop' }]
  })
  const written = settingsFromProgram({
    request_timeout: '5s',
    groups: { shop: { workers: 2 } },
    mounts: [{ path: '/shop', app: 'shop.py', process_group: 'shop' }]
  } as object)

  for (const { mounts } of [typed, written]) {
    const [mount] = mounts
    assert.equal([mount?.settings.workers, mount?.settings.requestTimeout], [2, 5000])
    assert.match(mount?.origins.workers ?? '', /option groups\.shop$/)
    assert.match(mount?.origins.app ?? '', /option mounts\.0$/)
  }
})

test('every option belongs to somebody, by its heading unless it says otherwise', () => {
  const expected: Partial<Record<OptionName, Scope>> = {
    port: 'server',
    accessLog: 'server',
    headerLimit: 'server',
    workers: 'group',
    snapshot: 'group',
    requestTimeout: 'group',
    pythonPath: 'group',
    env: 'group',
    app: 'mount',
    accessScript: 'mount',
    bodyLimit: 'mount',
    applicationGroup: 'mount'
  }

  for (const [name, scope] of Object.entries(expected)) {
    assert.is(scopeOf(name as OptionName), scope, name)
  }
  for (const name of optionNames()) {
    // What a table of a program may say has to be known to both of its kinds.
    if (scopeOf(name) === 'server' || name === 'mount') continue
    assert.equal(optionOf(name).surfaces, ['command', 'plugin'], name)
  }
})

test.run()
