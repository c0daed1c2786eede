// What --reload is told of as Python reads it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FileGrant, Saw } from '../../src/wire/messages.ts'
import { grantFiles } from '../../workers/host/files.ts'
import { SeenFiles } from '../../workers/host/seen-files.ts'

const test = suite<{ folder: string }>('files seen')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-seen-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

function grant(guestPath: string, hostPath: string, writable: boolean): FileGrant {
  return { guestPath, hostPath, writable, hideDotNames: false }
}

test('the data folder is none of it, even where it lies inside the application', ({ folder }) => {
  const data = join(folder, 'data')
  mkdirSync(data)
  writeFileSync(join(folder, 'app.py'), '')
  writeFileSync(join(data, 'state.json'), '{}')
  writeFileSync(join(folder, 'database.txt'), '')
  const grants = [grant('/app', folder, false), grant('/data', data, true)]
  const seen: Saw[] = []
  const { host, closeAll } = grantFiles(grants, { warn: assert.unreachable })
  const watched = new SeenFiles(grants, [], (saw) => seen.push(saw)).wrap(host)

  for (const path of ['app.py', 'data/state.json', 'database.txt']) watched.open(0, path, 0, 0)
  watched.stat(0, 'data/missing')
  watched.list(0, 'data')
  watched.open(1, 'state.json', 0, 0)
  closeAll()

  assert.equal(
    seen.map(({ path }) => path),
    [join(folder, 'app.py'), join(folder, 'database.txt')]
  )
})

test.run()
