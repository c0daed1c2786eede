// Generated Apache configurations: whatever stands in one, it is imported or refused with a word, and what is
// written loads. A failure prints its seed and path; WASGI_PROPERTY_SEED runs other cases.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import { configurationFromCommandLine } from '../../src/config/settings.ts'
import { WasgiError } from '../../src/errors.ts'
import { APACHE_DIRECTIVES } from '../../src/import-config/apache-directives.ts'
import { DAEMON_OPTIONS } from '../../src/import-config/daemon-options.ts'
import { DIRECTIVES } from '../../src/import-config/directives.ts'
import { reportText, tomlText } from '../../src/import-config/write.ts'
import { importText } from '../unit/import-fixtures.ts'
import { within } from '../unit/within.ts'
import { holds } from './holds.ts'

const LIMIT_MS = 300_000

const test = suite<{ folder: string }>('generated Apache configurations')

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-import-'))
})
test.after(({ folder }) => rmSync(folder, { recursive: true }))

const value = fc.oneof(
  fc.constantFrom('On', 'Off', '0', '1', '-1', '9999999999999', '*', '::', '/', '""', '\\', '='),
  fc.constantFrom('/srv/shop', '/srv/shop/shop/wsgi.py', '/srv/api/api.wsgi', '/a?b', '/a', '/a/b'),
  fc.constantFrom('%{GLOBAL}', '%{ENV:x}', '$' + '{X}', 'shop', '__proto__', 'constructor', '*:80'),
  fc.constantFrom('all granted', 'wsgi-group a', '10.0.0.0/8', 'X-Forwarded-For', '^/a(/.*)?$'),
  fc.constantFrom('process-group=shop', 'application-group="x y"', '!X', '>= 2.4', 'basic', 'warn'),
  fc.string({ unit: 'binary', maxLength: 8 })
)

const names = [...DIRECTIVES, ...APACHE_DIRECTIVES].map(({ name }) => name)
const directive = fc
  .tuple(
    fc.constantFrom(...names, 'WSGIScriptAlias', 'Define', 'Include'),
    fc.array(value, { maxLength: 3 })
  )
  .map(([name, values]) => `${name} ${values.join(' ')}`)
const option = fc
  .tuple(fc.constantFrom(...DAEMON_OPTIONS.map(({ name }) => name)), value)
  .map(([name, given]) => `${name}=${given}`)
const daemon = fc
  .tuple(value, fc.array(option, { maxLength: 4 }))
  .map(([name, options]) => `WSGIDaemonProcess ${name} ${options.join(' ')}`)
const kind = fc.constantFrom(
  ...[
    'VirtualHost',
    'Location',
    'Directory',
    'Files',
    'LocationMatch',
    'RequireAll',
    'RequireNone'
  ],
  ...['WSGIInterpreterOptions', 'IfDefine', 'IfModule', 'IfVersion', 'IfFile', 'If', 'Macro']
)
const section = fc
  .tuple(kind, value, fc.array(fc.oneof(directive, daemon), { maxLength: 5 }))
  .map(([name, args, inner]) => `<${name} ${args}>\n${inner.join('\n')}\n</${name}>`)
const configuration = fc
  .array(fc.oneof(directive, daemon, section), { maxLength: 10 })
  .map((parts) => parts.join('\n'))

/** Undefined where the importer refuses, as it may. */
function imported(text: string): ReturnType<typeof importText> | undefined {
  try {
    return importText(text)
  } catch (error) {
    if (error instanceof WasgiError && error.code === 'WASGI_ERR_CONFIG_IMPORT') return undefined
    throw error
  }
}

test(
  'what is written loads, whatever it was made of',
  within(LIMIT_MS, async ({ folder }) => {
    const loads = fc.asyncProperty(configuration, async (text) => {
      const conversion = imported(text)
      if (conversion === undefined) return
      reportText(conversion)
      writeFileSync(join(folder, 'wasgi.toml'), tomlText(conversion, 'httpd.conf'))
      configurationFromCommandLine({ flags: {}, variables: {}, folder })
    })

    await holds(loads, 1_000)
  })
)

test.run()
