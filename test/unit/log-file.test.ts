// Logs in files: appended to, opened anew after a rotation, and never a reason to fail.
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Settings } from '../../src/config/settings.ts'
import { openLogs } from '../../src/server/logs.ts'
import { LogFile } from '../../src/telemetry/log-file.ts'
import { within } from './within.ts'

const test = suite<{ folder: string }>('log files')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-logs-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

test(
  'what is there stays, and what is written comes after it',
  within(60_000, async ({ folder }) => {
    const path = join(folder, 'access.log')
    writeFileSync(path, 'before\n')
    const file = new LogFile(path)

    file.write('after\n')
    await file.flush()

    assert.is(readFileSync(path, 'utf8'), 'before\nafter\n')
  })
)

test(
  'after a rotation it goes on under its name, and no line is lost or in both',
  within(60_000, async ({ folder }) => {
    const path = join(folder, 'access.log')
    const file = new LogFile(path)
    file.write('one\n')
    await file.flush()
    renameSync(path, `${path}.1`)
    file.write('two\n')

    file.reopen()
    file.write('three\n')
    await file.flush()
    file.flushSync()

    assert.is(readFileSync(path, 'utf8'), 'three\n')
    await until(() => readFileSync(`${path}.1`, 'utf8') === 'one\ntwo\n')
    assert.is(statSync(path).mode & 0o137, 0, 'nobody else may read it')
  })
)

test(
  'it stays with the old file while it cannot be opened anew, and says so by its option',
  within(60_000, async ({ folder }) => {
    const path = join(folder, 'access.log')
    const opened = openLogs(given({ accessLogFile: path }))
    const aside = `${folder}-aside`
    renameSync(folder, aside)

    const failures = opened.reopen()
    opened.access.write('meanwhile\n')
    renameSync(aside, folder)
    const later = opened.reopen()

    assert.equal(
      failures.map(({ code, message }) => [code, message]),
      [
        [
          'WASGI_ERR_CONFIG_INVALID',
          `access_log_file must be a file that can be appended to, got "${path}" (ENOENT) (from its reopening).`
        ]
      ]
    )
    assert.equal(later, [])
    await until(() => readFileSync(path, 'utf8') === 'meanwhile\n')
  })
)

test('two logs of one place share it, so that their lines never mix', ({ folder }) => {
  const path = join(folder, 'all.log')

  const shared = openLogs(given({ logFile: path, accessLogFile: path }))
  const apart = openLogs(given({ logFile: path }))

  assert.is(shared.log, shared.access)
  assert.is.not(apart.log, apart.access)
})

test('a file that cannot be appended to is an error of its option', ({ folder }) => {
  assert.throws(
    () => openLogs(given({ logFile: folder })),
    (error: Error) =>
      error.message ===
      `log_file must be a file that can be appended to, got "${folder}" (EISDIR) (from --log-file).`
  )
})

function given(changes: Partial<Settings>): Parameters<typeof openLogs>[0] {
  const settings = { logFile: '-', accessLogFile: '-', ...changes } as Settings
  const origins = { logFile: '--log-file', accessLogFile: '--access-log-file' }
  return { settings, origins: origins as Parameters<typeof openLogs>[0]['origins'] }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

test.run()
