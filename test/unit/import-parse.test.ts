// Apache's syntax: lines, words, conditions, inclusion.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Apache look like that

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { logicalLines } from '../../src/import-config/lines.ts'
import { type ConfigNode, parseApache } from '../../src/import-config/parse.ts'
import { assignments, words } from '../../src/import-config/words.ts'
import { type Files, memoryReader } from './import-reader.ts'

const test = suite('Apache syntax')

const WORDS: readonly (readonly [text: string, expected: readonly string[]])[] = [
  ['', []],
  ['  a\tb  ', ['a', 'b']],
  ['"a b" c', ['a b', 'c']],
  ["'a b' c", ['a b', 'c']],
  ['"say \\"it\\"" x', ['say "it"', 'x']],
  ["'it\\'s' x", ["it's", 'x']],
  ['"a\\\\b" "c\\d"', ['a\\b', 'c\\d']],
  ['C:\\\\x a\\b', ['C:\\x', 'a\\b']],
  ['"open', ['open']],
  ['"" x', ['', 'x']],
  ['a"b c', ['a"b', 'c']]
]

for (const [text, expected] of WORDS) {
  test(`words of ${JSON.stringify(text)}`, () => {
    assert.equal(words(text), expected)
  })
}

test('an option of mod_wsgi may have quotes around its value alone', () => {
  assert.equal(assignments(`shop display-name='a b' home="/srv/a b" threads=5 lang=`), [
    { name: 'shop', value: undefined },
    { name: 'display-name', value: 'a b' },
    { name: 'home', value: '/srv/a b' },
    { name: 'threads', value: '5' },
    { name: 'lang', value: '' }
  ])
})

test('lines are joined over a backslash, comments among them, and keep the number of the first', () => {
  const text =
    '# a \\\nstill a comment\nOne a \\\n  b\\\r\n c\r\n\n   Two # not a comment\nThree \\'

  assert.equal(logicalLines(text, 'f'), [
    { file: 'f', line: 3, text: 'One a   b c' },
    { file: 'f', line: 7, text: 'Two # not a comment' },
    { file: 'f', line: 8, text: 'Three' }
  ])
})

/** The tree as text: `Name args` and `<Name args>[...]`. */
function outline(nodes: readonly ConfigNode[]): string[] {
  return nodes.map((node) =>
    node.kind === 'directive'
      ? `${node.name} ${node.args}`.trim()
      : `<${node.name} ${node.args}>[${outline(node.children).join(', ')}]`
  )
}

function parsed(text: string, files: Files = {}, defines: Record<string, string> = {}): string[] {
  const reader = memoryReader({ '/etc/httpd.conf': text, ...files })
  const { nodes } = parseApache(reader, {
    file: '/etc/httpd.conf',
    serverRoot: '/etc',
    defines: new Map(Object.entries(defines)),
    nameOf: (file) => file
  })
  return outline(nodes)
}

const TREES: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
  [
    'sections nest, and close without regard to case',
    '<VirtualHost *:80>\n<location "/a b">\nX 1\n</Location>\n</virtualHOST>\nY',
    ['<VirtualHost *:80>[<location "/a b">[X 1]]', 'Y']
  ],
  [
    'Define is for the lines after it, UnDefine ends it',
    'X ${A}\nDefine A "b c"\nX ${A}\nUnDefine A\nX ${A}${D}',
    ['X ${A}', 'X b c', 'X ${A}given']
  ],
  [
    'IfDefine asks -D and Define',
    'Define A\n<IfDefine A>\nX\n</IfDefine>\n<IfDefine !A>\nY\n</IfDefine>\n<IfDefine D>\nZ\n</IfDefine>\n<IfDefine N>\nDefine B\n</IfDefine>\n<IfDefine B>\nno\n</IfDefine>',
    ['X', 'Z']
  ],
  [
    'IfModule takes modules for loaded',
    '<IfModule mod_wsgi.c>\nX\n<IfModule !mod_wsgi.c>\nno\n<IfModule a>\nno\n</IfModule>\n</IfModule>\n</IfModule>',
    ['X']
  ],
  [
    'IfVersion is answered for 2.4',
    '<IfVersion >= 2.4>\nA\n</IfVersion>\n<IfVersion < 2.4>\nno\n</IfVersion>\n<IfVersion !< 2.2.15>\nB\n</IfVersion>\n<IfVersion = 2.4.66>\nC\n</IfVersion>\n<IfVersion ~ .*>\nno\n</IfVersion>\n<IfVersion > 3>\nno\n</IfVersion>',
    ['A', 'B', 'C']
  ],
  [
    'IfFile asks for files',
    '<IfFile httpd.conf>\nX\n</IfFile>\n<IfFile none>\nno\n</IfFile>',
    ['X']
  ],
  [
    'macros are not looked into',
    '<Macro M $a>\nX $a\n</Macro>\nUse M b',
    ['<Macro M $a>[]', 'Use M b']
  ]
]

for (const [what, text, expected] of TREES) {
  test(what, () => {
    assert.equal(parsed(text, {}, { D: 'given' }), expected)
  })
}

test('files are included where they are named, by pattern, folder or name, relative to ServerRoot', () => {
  const files = {
    '/srv/sites/b.conf': 'B',
    '/srv/sites/a.conf': 'A\nInclude more/one',
    '/srv/sites/a.txt': 'no',
    '/srv/more/one': 'One',
    '/srv/more/two': 'Two'
  }
  const text =
    'ServerRoot /srv\n<Location />\nIncludeOptional sites/*.conf\n</Location>\nInclude more\nIncludeOptional none\nInclude none/*.conf'

  assert.equal(parsed(text, files), ['<Location />[A, One, B]', 'One', 'Two'])
})

const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['a section without an end', 'X\n<Location />\nX', /httpd\.conf:2".*<Location> is never closed/],
  ['a condition without an end', '<IfDefine N>\nX', /httpd\.conf:1".*<IfDefine> is never closed/],
  [
    'an end without a section',
    'X\n</Location>',
    /httpd\.conf:2".*closes nothing: no section is open/
  ],
  ['ends that cross', '<A>\n<B>\n</A>\n</B>', /httpd\.conf:3".*closes nothing: <B> is open/],
  ['a file that is not there', '\nInclude none', /httpd\.conf:2".*none is not there\./],
  ['a file whose variable is not known', 'Include ${X}/a', /not defined \(--define NAME=VALUE\)/],
  ['files that include themselves', 'Include httpd.conf', /files include each other/],
  ['sections without number', '<A>\n'.repeat(60), /nested too deep/]
]

for (const [what, text, message] of REFUSED) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => parsed(text),
      (error: Error & { code?: string }) => {
        return error.code === 'WASGI_ERR_CONFIG_IMPORT' && message.test(error.message)
      }
    )
  })
}

test.run()
