// `wasgi snapshot build` and `inspect` where a configuration has several applications.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SnapshotActions } from '../../src/cli/surroundings.ts'
import { start } from './cli-run.ts'
import { within } from './within.ts'

const test = suite<{ folder: string }>('wasgi snapshot with mounts')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-snapshots-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

test(
  'there is one snapshot for all applications that share interpreters',
  within(60_000, async ({ folder }) => {
    const mount = (path: string, more = ''): string =>
      `[[mounts]]\npath = "${path}"\napp = "${path.slice(1)}.py"\n${more}`
    const own = 'application_group = "%{RESOURCE}"\n'
    writeFileSync(join(folder, 'wasgi.toml'), `${mount('/a')}${mount('/b', own)}${mount('/c')}`)
    const built: string[] = []
    const build: SnapshotActions['build'] = async ({ mounts }) => {
      built.push(mounts.map(({ settings }) => settings.app).join())
      return { key: 'a'.repeat(64), made: true, memoryBytes: 1, fileBytes: 1, ms: 1 }
    }
    const actions = { snapshots: async () => ({ build }) as SnapshotActions }

    const run = start(['snapshot', 'build'], actions, { folder })

    assert.is(await run.code, 0, run.err())
    assert.equal(built, ['a.py,c.py', 'b.py'])
    assert.is(run.out().split('\n').length, 3)
  })
)

test.run()
