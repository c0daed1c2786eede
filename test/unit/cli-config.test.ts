// `wasgi config show`: every value, where it is from, and nothing that is secret.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ConfigReport } from '../../src/cli/config-report.ts'
import { keyOf, optionNames } from '../../src/config/schema.ts'
import { type ResolvedServer, settingsFromCommandLine } from '../../src/config/settings.ts'
import { EXIT } from '../../src/errors.ts'
import { start } from './cli-run.ts'
import { within } from './within.ts'

const test = suite<{ folder: string }>('wasgi config show')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-show-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const TOML = `workers = 3
request_timeout = "90s"
env = { TOKEN = "s3cr3t", "SAY \\"IT\\"" = "a=b" }

[groups.shop]
workers = 2
env = { TOKEN = "0ther" }

[groups.spare]

[[mounts]]
path = "/shop"
app = "shop.py"
process_group = "shop"
body_limit = "3M"
`

async function show(folder: string, ...args: string[]): Promise<string> {
  const variables = { WASGI_PORT: '81' }
  const run = start(['config', 'show', ...args], {}, { folder, variables })
  assert.is(await run.code, EXIT.ok, run.err())
  assert.is(run.err(), '')
  return run.out()
}

test(
  'each value is shown with its origin, be it a default, a line, a variable or a flag',
  within(60_000, async ({ folder }) => {
    writeFileSync(join(folder, 'wasgi.toml'), TOML)

    const text = await show(folder, 'app.py', '--http2')

    assert.match(text, /^app = "app\.py" +# the command line$/m)
    assert.match(text, /^host = "127\.0\.0\.1" +# default$/m)
    assert.match(text, /^workers = 3 +# wasgi\.toml line 1$/m)
    assert.match(text, /^request_timeout = "90s" +# wasgi\.toml line 2$/m)
    assert.match(text, /^port = 81 +# WASGI_PORT$/m)
    assert.match(text, /^http2 = true +# --http2$/m)
    assert.match(text, /^# data_dir is not set$/m)
    for (const name of optionNames('command')) {
      if (name !== 'env') assert.match(text, new RegExp(`^(# )?${keyOf(name)} (=|is)`, 'm'))
    }
  })
)

test(
  'groups and mounts have what is not as at the top level, and who is with whom is told',
  within(60_000, async ({ folder }) => {
    writeFileSync(join(folder, 'wasgi.toml'), TOML)

    const text = await show(folder, 'app.py')

    assert.match(
      text,
      /^\[groups\.shop\]\nworkers = 2 +# wasgi\.toml line 6\n\n\[groups\.shop\.env\]$/m
    )
    assert.match(text, /^\[groups\.spare\]\n# no mount is in this group/m)
    assert.match(
      text,
      /^\[\[mounts\]\]\npath = "\/shop" .*\napp = .*\nprocess_group = .*\nbody_limit = "3M" +# wasgi\.toml line 15\n\n/m
    )
    assert.match(text, /^# {3}default: 3 workers for \/\n# {3}shop: 2 workers for \/shop\n$/m)
  })
)

test(
  'values of variables are hidden unless they are asked for',
  within(60_000, async ({ folder }) => {
    writeFileSync(join(folder, 'wasgi.toml'), TOML)
    writeFileSync(join(folder, '.env'), 'FILED=s3cr3t\n')
    const args = ['app.py', '--env', 'GIVEN=s3cr3t', '--env-file', '.env']

    for (const hidden of [await show(folder, ...args), await show(folder, ...args, '--json')]) {
      assert.not.match(hidden, /s3cr3t|0ther|a=b/)
      for (const name of ['TOKEN', 'GIVEN', 'FILED']) assert.match(hidden, name)
    }

    const shown = await show(folder, ...args, '--show-env')
    assert.match(shown, /^TOKEN = "s3cr3t" +# wasgi\.toml line 3$/m)
    assert.match(shown, /^GIVEN = "s3cr3t" +# --env$/m)
    assert.match(shown, /^FILED = "s3cr3t" +# .*\.env$/m)
    assert.match(shown, /^\[groups\.shop\.env\]\nTOKEN = "0ther" +# wasgi\.toml line 7$/m)
  })
)

test(
  'what is shown is a wasgi.toml that does the same',
  within(60_000, async ({ folder }) => {
    writeFileSync(join(folder, 'wasgi.toml'), TOML)
    const variables = { WASGI_PORT: '81' }
    const flags = { app: 'app.py', mount: '/top', snapshotLimit: '1500' }
    const before = settingsFromCommandLine({ flags, variables, folder })
    const line = ['app.py', '--mount', '/top', '--snapshot-limit', '1500', '--show-env']

    writeFileSync(join(folder, 'wasgi.toml'), await show(folder, ...line))

    const after = settingsFromCommandLine({ flags: {}, variables: {}, folder })
    const values = ({ settings, mounts, groups }: ResolvedServer): unknown => [
      settings,
      mounts.map((mount) => mount.settings),
      [...groups].map(([name, group]) => [name, group.settings])
    ]
    assert.equal(values(after), values(before))
  })
)

test(
  'machines get every value of every table',
  within(60_000, async ({ folder }) => {
    writeFileSync(join(folder, 'wasgi.toml'), TOML)

    const report = JSON.parse(await show(folder, '--json', '--show-env')) as ConfigReport

    assert.equal(report.options.app, { value: null, origin: 'default' })
    assert.equal(report.groups.shop?.options.workers, { value: 2, origin: 'wasgi.toml line 6' })
    assert.is(report.groups.shop?.options.request_timeout?.value, '90s')
    assert.is(report.groups.shop?.env?.TOKEN?.value, '0ther')
    assert.is(report.mounts[0]?.options.body_limit?.value, '3M')
    assert.equal(report.pools, [{ name: 'shop', workers: 2, paths: ['/shop'] }])
  })
)

test(
  'a folder without a configuration has its defaults shown; a mistake in one is an error',
  within(60_000, async ({ folder }) => {
    assert.match(await show(folder), /^# app is not set$/m)
    writeFileSync(join(folder, 'wasgi.toml'), 'workers = 0\n')

    const run = start(['config', 'show'], {}, { folder })

    assert.is(await run.code, EXIT.config)
    assert.match(run.err(), /workers must be .* line 1/)
  })
)

test.run()
