// `wasgi import-config` as a command: where the file goes, what is told, how it ends.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Apache look like that

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { guideText } from '../../scripts/mod-wsgi-guide.ts'
import { type ResolvedServer, settingsFromCommandLine } from '../../src/config/settings.ts'
import { EXIT } from '../../src/errors.ts'
import { type Run, start } from './cli-run.ts'
import { within } from './within.ts'

const test = suite<{ folder: string }>('wasgi import-config')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-import-'))
  mkdirSync(join(context.folder, 'conf'))
  writeFileSync(join(context.folder, 'app.wsgi'), '')
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const EXAMPLE = new URL('../apache/shop.conf', import.meta.url)
const GUIDE = new URL('../../docs/guides/from-mod_wsgi.md', import.meta.url)

/** Writes conf/httpd.conf and imports it. */
function importing(folder: string, text: string, ...args: string[]): Run {
  writeFileSync(join(folder, 'conf/httpd.conf'), text)
  return start(['import-config', 'conf/httpd.conf', ...args], {}, { folder })
}

/** What the server would be started with. */
function loaded(folder: string, text: string): ResolvedServer {
  writeFileSync(join(folder, 'wasgi.toml'), text)
  return settingsFromCommandLine({ flags: {}, variables: {}, folder })
}

test(
  'the file goes to standard output and loads, the report goes to standard error',
  within(60_000, async ({ folder }) => {
    const text = `KeepAliveTimeout 7\nWSGIScriptAlias /x ${folder}/app.wsgi\nAcceptFilter http none\n`

    const run = importing(folder, text)

    assert.is(await run.code, EXIT.ok)
    const { settings, mounts } = loaded(folder, run.out())
    assert.is(settings.keepAliveTimeout, 7_000)
    assert.equal(
      mounts.map((mount) => [mount.settings.mount, mount.settings.app]),
      [['/x', `${folder}/app.wsgi`]]
    )
    assert.match(
      run.out(),
      /^# conf\/httpd\.conf:1: KeepAliveTimeout 7: mapped\nkeep_alive_timeout = "7s"$/m
    )
    assert.match(run.err(), /^conf\/httpd\.conf:1: KeepAliveTimeout 7: mapped\n/)
    assert.match(run.err(), /\nnot read: AcceptFilter\n1 mapped, 1 adapted\n$/)
  })
)

test(
  'a file that is there is overwritten only if that is asked for',
  within(60_000, async ({ folder }) => {
    const text = `WSGIScriptAlias / ${folder}/app.wsgi\n`
    const output = join(folder, 'out.toml')
    writeFileSync(output, 'mine')

    const refused = importing(folder, text, '--output', 'out.toml')
    assert.is(await refused.code, EXIT.usage)
    assert.match(refused.err(), /"out\.toml" is there already, and only --force overwrites it/)
    assert.is(readFileSync(output, 'utf8'), 'mine')

    const forced = importing(folder, text, '--output', 'out.toml', '--force')
    assert.is(await forced.code, EXIT.ok)
    assert.is(forced.out(), '')
    assert.match(readFileSync(output, 'utf8'), /\[\[mounts\]\]/)
  })
)

test(
  '--strict fails and writes nothing when a line needs a hand, and not when none does',
  within(60_000, async ({ folder }) => {
    const site = `WSGIScriptAlias / ${folder}/app.wsgi\nAlias /static /srv\n`

    const strict = importing(folder, `${site}SetEnv A b\n`, '--strict', '--output', 'out.toml')
    assert.is(await strict.code, EXIT.config)
    assert.match(strict.err(), /1 of its directives need your hand .*WASGI_ERR_CONFIG_IMPORT\n$/)
    assert.not(existsSync(join(folder, 'out.toml')))

    assert.is(await importing(folder, `${site}SetEnv A b\n`).code, EXIT.ok)
    assert.is(await importing(folder, site, '--strict').code, EXIT.ok)
  })
)

test(
  'variables, names of -D and the root of relative paths are given by flags',
  within(60_000, async ({ folder }) => {
    mkdirSync(join(folder, 'sites'))
    writeFileSync(join(folder, 'sites/a.conf'), 'KeepAliveTimeout ${SECONDS}\n')
    const text = `<IfDefine FAST>\nInclude sites/*.conf\n</IfDefine>\nWSGIScriptAlias / app.wsgi\n`

    const run = importing(folder, text, '-D', 'FAST', '--define', 'SECONDS=9', '--server-root', '.')

    assert.is(await run.code, EXIT.ok)
    const { settings, mounts } = loaded(folder, run.out())
    assert.is(settings.keepAliveTimeout, 9_000)
    assert.is(mounts[0]?.settings.app, join(folder, 'app.wsgi'))
    assert.match(run.err(), /^sites\/a\.conf:1: KeepAliveTimeout 9: mapped$/m)
  })
)

test(
  'a file that Apache would not take, or that is not there, is an error with its line',
  within(60_000, async ({ folder }) => {
    const open = importing(folder, 'X\n<Location />\n')
    assert.is(await open.code, EXIT.config)
    assert.match(
      open.err(),
      /"conf\/httpd\.conf:2" cannot be imported: <Location> is never closed\./
    )

    const missing = start(['import-config', 'none.conf'], {}, { folder })
    assert.is(await missing.code, EXIT.config)
    assert.match(missing.err(), /none\.conf cannot be read/)
  })
)

test(
  'whatever stands in a configuration, comments of the file stay comments',
  within(60_000, async ({ folder }) => {
    const text = `WSGIScriptAlias / ${folder}/app.wsgi\nSetEnv "A\u0085B\u2028" "x\ty"\nWSGIPythonEggs "\u001b[31m\r x"\nWSGIDaemonProcess "g\u0007]\\"" threads=1\n`

    const run = importing(folder, text)

    assert.is(await run.code, EXIT.ok)
    assert.is(loaded(folder, run.out()).mounts.length, 1)
    const comments = run.out().match(/^#.*$/gm) ?? []
    assert.match(comments.join(), /WSGIPythonEggs/)
    assert.not.match(`${run.err()}${comments.join()}`, /[^\P{Cc}\n]/u)
  })
)

test(
  'that of the guide is what the guide says, and it loads',
  within(60_000, async ({ folder }) => {
    const guide = readFileSync(GUIDE, 'utf8')
    const toml = /```toml\n([\s\S]*?)```/.exec(guide)?.[1] ?? ''

    assert.is(guideText(guide), guide)
    assert.ok(guide.includes(readFileSync(EXAMPLE, 'utf8')))
    const { settings, mounts, groups } = loaded(folder, toml)
    assert.equal(
      [settings.port, settings.certificate, settings.key],
      [443, '/etc/ssl/shop.pem', '/etc/ssl/shop.key']
    )
    assert.equal(
      [mounts[0]?.settings.app, mounts[0]?.settings.root],
      ['/srv/shop/shop/wsgi.py', '/srv/shop']
    )
    const group = groups.get('shop')?.settings
    assert.equal([group?.workers, group?.maximumRequests, group?.requestTimeout], [2, 1000, 30_000])
    assert.equal(group?.pythonPath, ['/srv/shop/venv/lib/python3.14/site-packages'])
    assert.equal(group?.env, { STAGE: 'production' })
  })
)

test.run()
