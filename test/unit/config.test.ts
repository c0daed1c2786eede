// Settings: precedence, origins, conversions and messages.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { assertRootAllowed } from '../../src/config/root.ts'
import {
  type CommandLine,
  type ResolvedSettings,
  settingsFromCommandLine,
  settingsFromPlugin,
  type WasgiPluginOptions
} from '../../src/config/settings.ts'
import { WasgiError } from '../../src/errors.ts'

const test = suite<{ folder: string }>('settings')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-config-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

function resolved(folder: string, line: Partial<CommandLine> = {}): ResolvedSettings {
  const { flags = {}, variables = {}, configFile } = line
  return settingsFromCommandLine({
    flags: { app: 'app.py', ...flags },
    variables,
    folder,
    configFile
  })
}

function failure(action: () => unknown): WasgiError {
  try {
    action()
  } catch (error) {
    if (error instanceof WasgiError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function plugin(options: Record<string, unknown>): ResolvedSettings {
  return settingsFromPlugin({ app: 'app.py', ...options } as WasgiPluginOptions)
}

test('flags win over variables, variables over the file, the file over defaults', ({ folder }) => {
  const toml = 'port = 1\nworkers = 1\nrequest_timeout = "1s"\n'
  writeFileSync(join(folder, 'wasgi.toml'), toml)
  const variables = { WASGI_PORT: '2', WASGI_WORKERS: '2' }

  const { settings, origins } = resolved(folder, { variables, flags: { port: '3' } })

  assert.equal([settings.port, origins.port], [3, '--port'])
  assert.equal([settings.workers, origins.workers], [2, 'WASGI_WORKERS'])
  assert.equal([settings.requestTimeout, origins.requestTimeout], [1000, 'wasgi.toml line 3'])
  assert.equal([settings.host, origins.host], ['127.0.0.1', 'default'])
})

test('durations become milliseconds and sizes bytes, however they are written', () => {
  const { settings } = plugin({ requestTimeout: '5m', shutdownTimeout: 1.5, bodyLimit: '64K' })

  assert.is(settings.requestTimeout, 300_000)
  assert.is(settings.shutdownTimeout, 1_500)
  assert.is(settings.bodyLimit, 65_536)
  assert.is(plugin({ startupTimeout: '500ms' }).settings.startupTimeout, 500)
  assert.is(plugin({ bodyLimit: 10 }).settings.bodyLimit, 10)
  assert.is(plugin({ memoryLimit: '1.5g' }).settings.memoryLimit, 1.5 * 2 ** 30)
})

test('a value out of range names the key, the range, the value and where it came from', ({
  folder
}) => {
  writeFileSync(join(folder, 'wasgi.toml'), '\n# threads\nworkers = 0\n')

  const error = failure(() => resolved(folder))

  assert.is(error.code, 'WASGI_ERR_CONFIG_INVALID')
  assert.is(
    error.message,
    'workers must be a whole number from 1 to 1024, got 0 (from wasgi.toml line 3).'
  )
})

const REFUSED: readonly [key: string, option: string, value: unknown][] = [
  ['port', 'port', '80a'],
  ['port', 'port', '65536'],
  ['port', 'port', ''],
  ['host', 'host', '[::1]'],
  ['workers', 'workers', '1.5'],
  ['request_timeout', 'requestTimeout', '5 minutes'],
  ['request_timeout', 'requestTimeout', '-1'],
  ['request_timeout', 'requestTimeout', '1000h'],
  ['startup_timeout', 'startupTimeout', '0'],
  ['memory_limit', 'memoryLimit', '63M'],
  ['memory_limit', 'memoryLimit', '5G'],
  ['body_limit', 'bodyLimit', '1.5'],
  ['log_level', 'logLevel', 'loud'],
  ['mount', 'mount', '/a?b'],
  ['mount', 'mount', '/a//b'],
  ['process_group', 'processGroup', 'a/b'],
  ['env', 'env', ['NAME']],
  ['root', 'root', '']
]
for (const [key, option, value] of REFUSED) {
  test(`${key} refuses ${JSON.stringify(value)}`, ({ folder }) => {
    const error = failure(() => resolved(folder, { flags: { [option]: value } }))

    assert.is(error.code, 'WASGI_ERR_CONFIG_INVALID')
    assert.match(error.message, new RegExp(`^${key} must be .*\\(from --`))
  })
}

test('a number may be text on the command line, but not in TOML or JavaScript code', ({
  folder
}) => {
  writeFileSync(join(folder, 'wasgi.toml'), 'port = "80"\n')

  assert.is(failure(() => resolved(folder)).code, 'WASGI_ERR_CONFIG_INVALID')
  assert.is(failure(() => plugin({ workers: '2' })).code, 'WASGI_ERR_CONFIG_INVALID')
  assert.is(resolved(folder, { flags: { port: '81' } }).settings.port, 81)
})

test('a switch may also be on or off in a file, in the words of mod_wsgi', ({ folder }) => {
  const read = (value: string): boolean => {
    writeFileSync(join(folder, 'wasgi.toml'), `lazy_initialization = ${value}\n`)
    return resolved(folder).settings.lazyInitialization
  }

  assert.equal(['"on"', '"off"', 'true', 'false'].map(read), [true, false, true, false])
  assert.is(failure(() => read('"later"')).code, 'WASGI_ERR_CONFIG_INVALID')
  assert.is(failure(() => read('1')).code, 'WASGI_ERR_CONFIG_INVALID')
})

test('an unknown key, variable or plugin option suggests the nearest one', ({ folder }) => {
  writeFileSync(join(folder, 'wasgi.toml'), 'app = "app.py"\nrequestTimeout = 3\n')

  const inFile = failure(() => resolved(folder))
  const inVariables = failure(() => resolved('/', { variables: { WASGI_WORKRES: '2' } }))
  const inPlugin = failure(() => plugin({ bodylimit: 3 }))

  const [key, variable, option] = ['"request_timeout"', '"WASGI_WORKERS"', '"bodyLimit"']
  assert.is(inFile.code, 'WASGI_ERR_CONFIG_UNKNOWN')
  assert.match(inFile.message, `(from wasgi.toml line 2). Did you mean ${key}?`)
  assert.match(inVariables.message, `(from the environment). Did you mean ${variable}?`)
  assert.match(inPlugin.message, `(from plugin option). Did you mean ${option}?`)
})

test('a name that resembles nothing gets no suggestion', () => {
  assert.not.match(failure(() => plugin({ zzzzzzzz: 3 })).message, 'Did you mean')
})

test('what only a server has is no option of the plugin', () => {
  assert.is(failure(() => plugin({ port: 80 })).code, 'WASGI_ERR_CONFIG_UNKNOWN')
})

test("Fastify's own register options pass through the plugin unseen", () => {
  assert.not.throws(() => plugin({ prefix: '/py', logLevel: 'warn', logSerializers: {} }))
})

test('an option of the plugin that is undefined counts as not given', () => {
  assert.is(plugin({ requestTimeout: undefined }).origins.requestTimeout, 'default')
})

test('the plugin leaves the access log to its server', () => {
  assert.is(plugin({}).settings.accessLog, 'off')
})

test('an empty variable counts as not set', ({ folder }) => {
  assert.is(resolved(folder, { variables: { WASGI_PORT: '' } }).settings.port, 8000)
})

test('without a target anywhere the command line is refused', ({ folder }) => {
  const error = failure(() => settingsFromCommandLine({ flags: {}, variables: {}, folder }))

  assert.is(error.code, 'WASGI_ERR_USAGE')
})

test('the plugin refuses to work without an app, in its own words', () => {
  const error = failure(() => settingsFromPlugin({} as WasgiPluginOptions))

  assert.match(error.message, /^app must be a target .*, got nothing \(from plugin option\)\.$/)
})

test('paths in a file start from its folder, others from the current one', ({ folder }) => {
  mkdirSync(join(folder, 'etc'))
  const toml = 'app = "app.py"\ndata_dir = "data"\npython_path = ["lib", "/opt/lib"]\n'
  writeFileSync(join(folder, 'etc', 'site.toml'), toml)
  const configFile = 'etc/site.toml'

  const fromFile = settingsFromCommandLine({ flags: {}, variables: {}, folder, configFile })
  const fromFlag = resolved(folder, { configFile, flags: { dataDir: 'here' } })

  assert.is(fromFile.base, join(folder, 'etc'))
  assert.is(fromFile.settings.dataDir, join(folder, 'etc', 'data'))
  assert.equal(fromFile.settings.pythonPath, [join(folder, 'etc', 'lib'), '/opt/lib'])
  assert.is(fromFlag.base, folder)
  assert.is(fromFlag.settings.dataDir, join(folder, 'here'))
})

test('WASGI_CONFIG names the file as --config does', ({ folder }) => {
  writeFileSync(join(folder, 'site.toml'), 'port = 9\n')

  const { origins } = resolved(folder, { variables: { WASGI_CONFIG: 'site.toml' } })

  assert.is(origins.port, 'site.toml line 1')
})

test('[tool.wasgi] of pyproject.toml counts where there is no wasgi.toml', ({ folder }) => {
  const toml = '[project]\nname = "x"\nport = 1\n\n[tool.wasgi]\nport = 9\n'
  writeFileSync(join(folder, 'pyproject.toml'), toml)

  const alone = resolved(folder)
  writeFileSync(join(folder, 'wasgi.toml'), 'workers = 3\n')
  const beside = resolved(folder)

  assert.equal([alone.settings.port, alone.origins.port], [9, 'pyproject.toml line 6'])
  assert.equal([beside.settings.port, beside.settings.workers], [8000, 3])
})

test('a pyproject.toml without the table is no configuration, unless it was named', ({
  folder
}) => {
  writeFileSync(join(folder, 'pyproject.toml'), '[project]\nname = "x"\n')

  const found = resolved(folder)
  const error = failure(() => resolved(folder, { configFile: 'pyproject.toml' }))

  assert.is(found.settings.port, 8000)
  assert.is(error.code, 'WASGI_ERR_CONFIG_FILE')
})

test('a file that is not TOML is refused with its line', ({ folder }) => {
  writeFileSync(join(folder, 'wasgi.toml'), 'port = 1\nhost = \n')

  const error = failure(() => resolved(folder))

  assert.is(error.code, 'WASGI_ERR_CONFIG_FILE')
  assert.match(
    error.message,
    /^The configuration file "wasgi.toml" cannot be used: line 2: [^\n]+$/
  )
})

test('a configuration file that was named must exist', ({ folder }) => {
  const error = failure(() => resolved(folder, { configFile: 'none.toml' }))

  assert.match(error.message, 'there is no such file')
})

test('env adds up over all sources, and wins over the files of env_file', ({ folder }) => {
  writeFileSync(join(folder, 'wasgi.toml'), 'env_file = ["a.env"]\n[env]\nB = "toml"\nC = "toml"\n')
  writeFileSync(join(folder, 'a.env'), 'A=file # why\nB=file\nQ="x y"\n')

  const { settings, origins } = resolved(folder, { flags: { env: ['C=flag=1', 'D='] } })

  assert.equal(settings.env, { A: 'file', Q: 'x y', B: 'toml', C: 'flag=1', D: '' })
  assert.is(origins.env, 'wasgi.toml line 2, --env')
  assert.equal(settings.envFile, [join(folder, 'a.env')])
})

test('an env file that cannot be read is refused', ({ folder }) => {
  const error = failure(() => resolved(folder, { flags: { envFile: ['none.env'] } }))

  assert.match(error.message, 'none.env" (from --env-file)')
})

test('no message shows a value of env', ({ folder }) => {
  writeFileSync(join(folder, 'wasgi.toml'), '[env]\nPIN = 271828\n')

  const inFile = failure(() => resolved(folder))
  const inFlag = failure(() => resolved('/', { flags: { env: ['hunter2'] } }))
  const inPlugin = failure(() => plugin({ env: { PASSWORD: ['hunter2'] } }))

  assert.match(inFile.message, 'env.PIN must be text, got a number')
  assert.not.match(inFile.message, '271828')
  assert.not.match(inFlag.message, 'hunter2')
  assert.not.match(inPlugin.message, 'hunter2')
})

test('a variable called __proto__ is one like any other', () => {
  const env = JSON.parse('{ "__proto__": "x" }') as Record<string, string>

  const { settings } = plugin({ env })

  assert.equal(Object.entries(settings.env), [['__proto__', 'x']])
})

test('a mount has a leading slash and no trailing one, and the site itself is empty', ({
  folder
}) => {
  const mounted = (mount: string): string => resolved(folder, { flags: { mount } }).settings.mount

  assert.is(mounted('shop/'), '/shop')
  assert.is(mounted('/a/b'), '/a/b')
  assert.is(mounted('/'), '')
})

test('a switch takes the usual words', ({ folder }) => {
  const debug = (word: string): boolean =>
    resolved(folder, { variables: { WASGI_DEBUG: word } }).settings.debug

  assert.equal(['1', 'yes', 'TRUE', 'on'].map(debug), [true, true, true, true])
  assert.equal(['0', 'no', 'false', 'off'].map(debug), [false, false, false, false])
})

test('the root is never the machine, the home folder or what holds it', ({ folder }) => {
  const home = join(folder, 'people', 'ada')
  mkdirSync(join(home, 'site'), { recursive: true })
  symlinkSync(home, join(folder, 'link'))
  const refuse = (root: string): string => failure(() => assertRootAllowed(root, [home])).code

  assert.is(refuse('/'), 'WASGI_ERR_ROOT_REFUSED')
  assert.is(refuse(home), 'WASGI_ERR_ROOT_REFUSED')
  assert.is(refuse(join(folder, 'link')), 'WASGI_ERR_ROOT_REFUSED')
  assert.is(refuse(join(folder, 'people')), 'WASGI_ERR_ROOT_REFUSED')
  assert.not.throws(() => assertRootAllowed(join(home, 'site'), [home]))
  assert.not.throws(() => assertRootAllowed(join(folder, 'link', 'site'), [home]))
  assert.not.throws(() => assertRootAllowed(`${home}-other`, [home]))
})

test.run()
