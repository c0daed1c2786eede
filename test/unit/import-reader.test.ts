// The file system as the importer of Apache configurations sees it: links, folders in folders, patterns.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FILE_READER } from '../../src/import-config/reader.ts'

const test = suite<{ folder: string }>('files of an Apache configuration')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-apache-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

function write(folder: string, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), 'X\n')
  }
}

test('a folder is all files in it and below, behind links, too', ({ folder }) => {
  write(folder, 'sites/b.conf', 'sites/more/a.conf', 'elsewhere/c.conf')
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'sites/linked'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'sites/dead'))
  symlinkSync(join(folder, 'sites/self'), join(folder, 'sites/self'))

  const found = FILE_READER.find(join(folder, 'sites'))

  assert.equal(
    found.map((file) => file.slice(folder.length)),
    ['/sites/b.conf', '/sites/linked/c.conf', '/sites/more/a.conf']
  )
})

test('folders that lead into themselves come to an end', ({ folder }) => {
  write(folder, 'sites/a.conf')
  for (const name of ['b', 'c', 'd']) symlinkSync('.', join(folder, 'sites', name))

  const found = FILE_READER.find(join(folder, 'sites'))

  assert.ok(found.length > 1 && found.length < 20_000)
})

test('two stars in a pattern are one', ({ folder }) => {
  write(folder, 'a.conf', 'sites/b.conf', 'sites/more/c.conf')

  const found = FILE_READER.match(join(folder, '**/*.conf'))

  assert.equal(found, [join(folder, 'sites/b.conf')])
})

test('braces in a pattern are no alternatives, however many there are', ({ folder }) => {
  write(folder, 'a.conf', '{a,b}.conf')

  assert.equal(FILE_READER.match(join(folder, '{a,b}.con?')), [join(folder, '{a,b}.conf')])
  assert.equal(FILE_READER.match(join(folder, `${'{a,b}'.repeat(100)}*`)), [])
})

test('what cannot be looked at is not there', ({ folder }) => {
  symlinkSync('self', join(folder, 'self'))
  write(folder, 'file')

  for (const path of [join(folder, 'self'), join(folder, 'file/below'), join(folder, 'none')]) {
    assert.equal([FILE_READER.find(path), FILE_READER.match(path)], [[], []], path)
    assert.is(FILE_READER.read(path), undefined, path)
  }
})

test.run()
