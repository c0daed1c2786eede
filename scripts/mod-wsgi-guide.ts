// Fills in the generated parts of docs/guides/from-mod_wsgi.md: the tables of directives, from the importer's own, and the
// worked example, from the importer itself. The prose around them is written by hand.

import { readFileSync } from 'node:fs'
import { parseDuration } from '../src/config/quantity.ts'
import { keyOf, optionNames, optionOf } from '../src/config/schema.ts'
import { APACHE_DIRECTIVES } from '../src/import-config/apache-directives.ts'
import { convert } from '../src/import-config/convert.ts'
import { DAEMON_OPTIONS, type DaemonRow } from '../src/import-config/daemon-options.ts'
import { DIRECTIVES } from '../src/import-config/directives.ts'
import { keysOf, type Row } from '../src/import-config/fit.ts'
import type { Reader } from '../src/import-config/parse.ts'
import { tomlText } from '../src/import-config/write.ts'

const EXAMPLE = 'test/apache/shop.conf'
const SITE_FILES = ['/srv/shop/shop/wsgi.py', '/srv/shop/venv/lib/python3.14/site-packages']

/** The guide's text with its generated parts as they should be. */
export function guideText(current: string): string {
  const parts: Readonly<Record<string, () => string>> = {
    'httpd.conf': () => fenced('apache', readExample()),
    'wasgi.toml': () => fenced('toml', exampleToml()),
    directives: () => table(DIRECTIVES),
    'daemon options': daemonTable,
    'apache directives': () => table(APACHE_DIRECTIVES)
  }
  return Object.entries(parts).reduce((text, [name, make]) => {
    const [start, end] = [`<!-- generated: ${name} -->`, '<!-- end -->']
    const [before = '', rest = ''] = text.split(`${start}\n`, 2)
    return `${before}${start}\n\n${make()}\n${end}${rest.slice(rest.indexOf(end) + end.length)}`
  }, current)
}

/** What the example is imported as on the machine that it was made for. */
export function exampleToml(): string {
  const match = (pattern: string): string[] =>
    SITE_FILES.filter((file) => file === pattern.replace('python3*', 'python3.14'))
  const reader: Reader = { read: () => readExample(), find: () => [], match }
  const file = '/etc/apache2/httpd.conf'
  const options = {
    file,
    serverRoot: '/etc/apache2',
    defines: new Map(),
    nameOf: () => 'httpd.conf'
  }
  return tomlText(convert(reader, options), 'httpd.conf')
}

function readExample(): string {
  return readFileSync(new URL(`../${EXAMPLE}`, import.meta.url), 'utf8')
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    (row) => `| \`${row.name}\` | ${row.fit} | ${options(row)} | ${cell(row.text)} |`
  )
  return `| directive | here | option | how, or why not |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`
}

function daemonTable(): string {
  const lines = DAEMON_OPTIONS.map((row) => {
    const defaults = `${row.unset || '–'} | ${defaultHere(row)}`
    return `| \`${row.name}\` | ${row.fit} | ${options(row)} | ${defaults} | ${cell(row.text)} |`
  })
  const head = '| option | here | option here | default there | default here | how, or why not |'
  return `${head}\n| --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`
}

/** Said only where the two would be the same thing. */
function defaultHere({ rule, unset }: DaemonRow): string {
  if (rule.to !== 'group') return '–'
  const name = optionNames('command').find((each) => keyOf(each) === rule.key)
  const own = name === undefined ? undefined : optionOf(name).default
  if (own === undefined) return '–'
  return parseDuration(String(own)) === parseDuration(unset) ? 'the same' : String(own)
}

function options(row: Row): string {
  const known: ReadonlySet<string> = new Set(optionNames('command').map(keyOf))
  const cells = keysOf(row).map((key) => {
    const [name = ''] = key.split('.')
    if (name === 'groups' || name === 'mounts' || name === 'path') return `\`${key}\``
    const link = `[\`${key}\`](../reference/options.md#${name})`
    return known.has(name) ? link : `\`${key}\` (not yet)`
  })
  return cells.join(', ') || '–'
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
