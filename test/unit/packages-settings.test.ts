// Where the installer looks for its index: pip's variables and files, and requirements files.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError } from '../../src/errors.ts'
import type { InstallRequest } from '../../src/packages/install.ts'
import { parseIni, readPipSettings } from '../../src/packages/pip-settings.ts'
import { prepareRequest } from '../../src/packages/request.ts'
import { logicalLines, readRequirementsFiles } from '../../src/packages/requirements-file.ts'
import { temporaryFolder } from './packages-fixtures.ts'

const test = suite('installer settings')

const NO_FILE = { PIP_CONFIG_FILE: '/dev/null' }
const REQUEST: InstallRequest = {
  requirements: [],
  requirementFiles: [],
  target: 'python_modules',
  extraIndexUrls: [],
  pre: false,
  upgrade: false
}

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

function prepare(request: Partial<InstallRequest>, variables: Record<string, string> = {}) {
  const surroundings = {
    variables: { ...NO_FILE, ...variables },
    home: '/nowhere',
    platform: 'linux',
    systemRoot: '/'
  } as const
  return prepareRequest({ ...REQUEST, ...request }, surroundings, '/here')
}

test("pip's own files are read in its order, variables after them", () => {
  const home = temporaryFolder()
  write(join(home, 'xdg/pip/pip.conf'), '[global]\nindex-url = http://global/\ntimeout = 7\n')
  write(join(home, '.pip/pip.conf'), '[global]\nindex_url: http://old-user/\n')
  write(join(home, '.config/pip/pip.conf'), '[install]\nindex-url = http://user/\npre = yes\n')
  write(join(home, 'venv/pip.conf'), '[global]\nextra-index-url =\n  http://one/\n  http://two/\n')
  const variables = { XDG_CONFIG_DIRS: join(home, 'xdg'), VIRTUAL_ENV: join(home, 'venv') }

  const files = readPipSettings({ variables, home, platform: 'linux', systemRoot: home })
  const both = readPipSettings({
    variables: { ...variables, PIP_INDEX_URL: 'http://variable/', PIP_TRUSTED_HOST: 'a b:8080' },
    home,
    platform: 'linux',
    systemRoot: home
  })

  assert.equal(files, {
    indexUrl: 'http://user/',
    extraIndexUrls: ['http://one/', 'http://two/'],
    trustedHosts: [],
    timeoutMs: 7000,
    pre: true,
    noIndex: false
  })
  assert.equal([both.indexUrl, both.trustedHosts], ['http://variable/', ['a', 'b:8080']])
})

test('on a Mac, its own folders count, and PIP_CONFIG_FILE comes last', () => {
  const home = temporaryFolder()
  const folder = 'Library/Application Support/pip/pip.conf'
  write(join(home, folder), '[global]\nindex-url = http://mac/\ncert = /mac.pem\n')
  const named = write(join(home, 'named.conf'), '[global]\nindex-url = http://named/\n')

  const { indexUrl, cert } = readPipSettings({
    variables: { PIP_CONFIG_FILE: named, XDG_CONFIG_DIRS: home },
    home,
    platform: 'darwin',
    systemRoot: home
  })

  assert.equal([indexUrl, cert], ['http://named/', '/mac.pem'])
})

test('the dialect of configparser is understood', () => {
  const text = '# a\n[global]\n; b\nName = one = two\nother_name: x\n\n  y\n[install]\nname=\n'

  const sections = parseIni(text)

  assert.equal(
    [...(sections.get('global') ?? [])],
    [
      ['name', 'one = two'],
      ['other-name', 'x\ny']
    ]
  )
  assert.is(sections.get('install')?.get('name'), '')
})

test('lines are joined, and comments leave nothing behind', () => {
  const text = '# first\nweb \\\n  >=1 # why\n\nlib#no-comment\r\nlast \\'

  const lines = logicalLines(text)

  assert.equal(lines, [
    { text: 'web   >=1', number: 2 },
    { text: 'lib#no-comment', number: 5 },
    { text: 'last', number: 6 }
  ])
})

test('a requirements file may set the index, and name other files from where it lies', () => {
  const folder = temporaryFolder()
  const file = write(
    join(folder, 'requirements.txt'),
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: pip's own syntax
      '--index-url=http://index/${PART}/${UNSET}',
      '--extra-index-url http://extra/',
      '--trusted-host index',
      '--pre',
      '-c sub/limits.txt',
      '-rsub/more.txt',
      'web[x]>=1; python_version > "3" --hash=sha256:aa --hash sha256:bb'
    ].join('\n')
  )
  write(join(folder, 'sub/limits.txt'), 'lib<2\n')
  write(join(folder, 'sub/more.txt'), './near-1.0-py3-none-any.whl\n')

  const { lines, ...options } = readRequirementsFiles([file], { PART: 'simple' })

  assert.equal(options, {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in the file
    indexUrl: 'http://index/simple/${UNSET}',
    extraIndexUrls: ['http://extra/'],
    trustedHosts: ['index'],
    pre: true
  })
  assert.equal(
    lines.map(({ text, hashes, constraint }) => [text, hashes, constraint]),
    [
      ['lib<2', [], true],
      ['./near-1.0-py3-none-any.whl', [], false],
      ['web[x]>=1; python_version > "3"', ['sha256:aa', 'sha256:bb'], false]
    ]
  )
  assert.is(lines[1]?.folder, join(folder, 'sub'))
  assert.is(lines[2]?.origin, `${file} line 7`)
})

test('what a requirements file cannot say here is named with its line', () => {
  const folder = temporaryFolder()
  const faults = [
    ['-e .', 'the option -e is not supported here'],
    ['--index-url', '--index-url needs a value'],
    ['web --global-option=x', 'is not an option for it'],
    ['-r requirements.txt', 'the file names itself'],
    ['-r gone.txt', 'there is no such file']
  ] as const
  for (const [text, says] of faults) {
    const file = write(join(folder, 'requirements.txt'), `\n${text}\n`)
    try {
      readRequirementsFiles([file], {})
      assert.unreachable(text)
    } catch (error) {
      assert.instance(error, WasgiError)
      assert.is((error as WasgiError).code, 'WASGI_ERR_REQUIREMENT_INVALID')
      assert.match((error as WasgiError).message, says)
      assert.match((error as WasgiError).message, `${file} line 2`)
    }
  }
})

test('the command line goes before files, files before variables; the default stands alone', () => {
  const file = write(join(temporaryFolder(), 'r.txt'), '-i http://file/simple/\n')
  const variables = { PIP_INDEX_URL: 'http://variable/' }
  const urls = (request: Partial<InstallRequest>, given: Record<string, string> = {}) =>
    prepare(request, given).grant.indexes.map(({ url }) => url)

  assert.equal(urls({ indexUrl: 'http://line/', requirementFiles: [file] }, variables), [
    'http://line'
  ])
  assert.equal(urls({ requirementFiles: [file] }, variables), ['http://file/simple'])
  assert.equal(urls({ extraIndexUrls: ['http://more/'] }, variables), [
    'http://variable',
    'http://more'
  ])
  assert.equal(prepare({ extraIndexUrls: ['http://more/'] }).grant.addDefaults, true)
  assert.equal(urls({}, { ...variables, PIP_NO_INDEX: '1' }), [])
  assert.equal(prepare({}, { PIP_NO_INDEX: '1' }).grant.addDefaults, false)
})

test('credentials and local paths stay with the host', () => {
  const { requirements, grant } = prepare({
    requirements: [
      './a b-1.0-py3-none-any.whl[x] ; os_name == "posix"',
      'lib @ file:///l-1-py3.whl'
    ],
    indexUrl: 'https://me:p%40ss@index/simple'
  })

  assert.equal(grant.localWheels, ['/here/a b-1.0-py3-none-any.whl', '/l-1-py3.whl'])
  assert.equal(
    requirements.map(({ text, wheel }) => [wheel, text]),
    [
      ['local:0/a%20b-1.0-py3-none-any.whl', '[x] ; os_name == "posix"'],
      [undefined, 'lib @ local:1/l-1-py3.whl']
    ]
  )
  assert.equal(grant.indexes, [
    {
      url: 'https://index/simple',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    }
  ])
})

test('anything but a wheel behind a path or a URL is refused', () => {
  for (const text of ['.', './src', 'git+https://host/x', 'https://host/x.tar.gz']) {
    try {
      prepare({ requirements: [text] })
      assert.unreachable(text)
    } catch (error) {
      assert.match((error as Error).message, 'only wheels can be installed from a path or a URL')
    }
  }
})

test.run()
