// Apache configurations that mean harm: each is refused with a word, or imported, and neither takes long.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Apache look like that

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError } from '../../src/errors.ts'
import { tomlText } from '../../src/import-config/write.ts'
import { importText, mountsOf } from './import-fixtures.ts'

const test = suite('hostile Apache configurations')

const SITE = 'WSGIScriptAlias / /srv/shop/shop/wsgi.py\n'

function many(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('')
}

const REFUSED: ReadonlyArray<readonly [what: string, text: string, message: RegExp]> = [
  [
    'a variable that doubles with each line',
    `Define A x\n${many(40, () => 'Define A ${A}${A}')}`,
    /httpd\.conf:\d+".*a line has more than 65536 characters/
  ],
  [
    'a line of many lines',
    `${SITE}${many(400_000, () => 'xxxxxxx\\')}`,
    /httpd\.conf:2".*a line has more than/
  ],
  [
    'a long variable on many lines',
    `Define X ${'x'.repeat(60_000)}\n${many(1_000, () => 'X ${X}')}`,
    /all that it includes is more than 16777216 characters/
  ],
  [
    'directives without number, in a section that falls away',
    `<IfModule a>\n${many(200_000, () => 'X')}</IfModule>\n`,
    /more than 20000 directives: import the file of one site/
  ],
  [
    'applications without number',
    many(600, (index) => `WSGIScriptAlias /a${index} /srv/shop/shop/wsgi.py`),
    /httpd\.conf:501".*more than 500 applications/
  ]
]

for (const [what, text, message] of REFUSED) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => importText(text),
      (error: unknown) =>
        error instanceof WasgiError &&
        error.code === 'WASGI_ERR_CONFIG_IMPORT' &&
        message.test(error.message)
    )
  })
}

test('refused: a file that is included over and over', () => {
  const files = { '/etc/apache2/big.conf': `# ${'x'.repeat(2 ** 20)}\n` }

  assert.throws(
    () =>
      importText(
        many(100, () => 'Include big.conf'),
        { files }
      ),
    /httpd\.conf:16".*all that it includes is more than/
  )
})

const IMPORTED: ReadonlyArray<readonly [what: string, text: string]> = [
  ['a variable that never ends', `X ${'${'.repeat(30_000)}\n${SITE}`],
  ['a section with much space in it', `<X a${' '.repeat(65_000)}b>\n</X>\n${SITE}`],
  ['a path of slashes', `${SITE}WSGIScriptAlias ${'/'.repeat(60_000)}a /srv/api/api.wsgi\n`],
  [
    'a pattern of stars',
    `<Files "${'*a'.repeat(2_000)}b">\nRequire all denied\n</Files>\nWSGIScriptAlias / /srv/${'a'.repeat(8_000)}\n`
  ],
  ['requirements without number', `${SITE}${many(19_000, () => 'Require ip 10.0.0.1')}`],
  ['variables without number', `${SITE}${many(19_000, (index) => `SetEnv V${index} x`)}`],
  ['folders without number', `${SITE}${many(5_000, (index) => `WSGIPythonPath /srv/${index}`)}`],
  [
    'groups of users without number',
    `WSGIAuthUserScript /a.py\nWSGIAuthGroupScript /a.py\n${SITE}${many(5_000, (index) => `Require wsgi-group g${index}`)}`
  ],
  [
    'daemons whose names are all cut to one',
    many(5_000, (at) => `WSGIDaemonProcess ${'x'.repeat(64)}${at}`) + SITE
  ]
]

for (const [what, text] of IMPORTED) {
  test(`imported: ${what}`, () => {
    const conversion = importText(text)

    assert.is(mountsOf(conversion)[0]?.path, '/')
    assert.match(tomlText(conversion, 'httpd.conf'), /^\[\[mounts\]\]$/m)
  })
}

test('a pattern of Files fits what Apache would say it fits', () => {
  const fits = (pattern: string): boolean => {
    const { draft } = importText(`<Files "${pattern}">\nWSGIAccessScript /a.py\n</Files>\n${SITE}`)
    return draft.mounts[0]?.values.has('access_script') === true
  }

  for (const pattern of ['*', 'wsgi.py', 'w*i.py', '*.p?', '????.py', '**y', 'wsgi.py*']) {
    assert.ok(fits(pattern), pattern)
  }
  for (const pattern of ['wsgi', '?', 'w*x', 'wsgi.py?', 'wsgi+py', '.*', '']) {
    assert.not(fits(pattern), pattern)
  }
})

test.run()
