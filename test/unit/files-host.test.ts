// The host half of the file system: what a guest may see and change of the granted folders.
import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ERRNO } from '../../workers/host/errno.ts'
import type { Folder } from '../../workers/host/folder.ts'
import { atPlace, createFile, openExisting } from '../../workers/host/opening.ts'
import { APP, CREATE, contents, DATA, filesSuite, O_RDONLY, O_RDWR, write } from './files-suite.ts'

const test = filesSuite('files of the host')

test('a path that climbs, starts anew or holds a NUL leads nowhere', ({ host, root }) => {
  writeFileSync(join(root, 'secret'), 'x')
  const paths = ['../secret', '..', '.', '/secret', 'a/../../secret', 'a//b', '', 'x\0', './secret']

  const answers = paths.map((path) => host.open(APP, path, O_RDONLY, 0))

  assert.ok(
    answers.every((id) => id < 0),
    String(answers)
  )
})

test('dot names and node_modules are hidden in listings and by name', ({ host, app }) => {
  mkdirSync(join(app, '.git'))
  mkdirSync(join(app, 'node_modules'))
  mkdirSync(join(app, 'pkg'))
  for (const name of ['.env', 'node_modules/x.js', 'pkg/.hidden', 'app.py', '.git/config']) {
    writeFileSync(join(app, name), 'x')
  }

  const listed = String(host.list(APP, '')).split('/').sort()
  const hidden = ['.env', '.git', '.git/config', 'node_modules/x.js', 'NODE_MODULES', 'pkg/.hidden']
  const answers = hidden.map((path) => host.stat(APP, path))

  assert.equal(listed, ['dpkg', 'fapp.py'])
  assert.is(host.list(APP, 'pkg'), '')
  assert.ok(answers.every((answer) => answer === -ERRNO.ENOENT))
})

test('dot names are there in a writable folder', ({ host, data }) => {
  writeFileSync(join(data, '.state'), 'kept')

  const id = host.open(DATA, '.state', O_RDONLY, 0)

  assert.is(contents(host, id), 'kept')
  assert.is(host.list(DATA, ''), 'f.state')
})

test('a link inside the folder is followed and listed as what it leads to', ({ host, app }) => {
  mkdirSync(join(app, 'real'))
  writeFileSync(join(app, 'real/file.txt'), 'found')
  symlinkSync('real', join(app, 'folder'))
  symlinkSync('real/file.txt', join(app, 'file'))

  const id = host.open(APP, 'folder/file.txt', O_RDONLY, 0)

  assert.is(contents(host, id), 'found')
  assert.equal(String(host.list(APP, '')).split('/').sort(), ['dfolder', 'dreal', 'ffile'])
  assert.is(host.stat(APP, 'file'), host.stat(APP, 'real/file.txt'))
})

test('a link that leads out, even to come back, does not exist and is warned of once', (context) => {
  const { host, app, root, warnings } = context
  writeFileSync(join(root, 'secret'), 'x')
  writeFileSync(join(app, 'inside.txt'), 'x')
  symlinkSync('..', join(app, 'out'))
  symlinkSync(join(root, 'secret'), join(app, 'file'))

  const paths = ['file', 'out', 'out/secret', 'out/absent', 'out/app/inside.txt', 'out/secret/x']
  const answers = [...paths, ...paths].map((path) => host.stat(APP, path))
  const opened = host.open(APP, 'file', O_RDONLY, 0)

  assert.ok(
    answers.every((answer) => answer === -ERRNO.ENOENT),
    String(answers)
  )
  assert.is(opened, -ERRNO.ENOENT)
  assert.is(host.list(APP, ''), 'finside.txt')
  assert.is(warnings.length, 2)
})

test('links that dangle or go in circles are hidden and break nothing', ({ host, app }) => {
  symlinkSync('nowhere', join(app, 'dangling'))
  symlinkSync('two', join(app, 'one'))
  symlinkSync('one', join(app, 'two'))

  const listed = host.list(APP, '')

  assert.is(listed, '')
  assert.is(host.stat(APP, 'dangling'), -ERRNO.ENOENT)
  assert.is(host.stat(APP, 'one'), -ERRNO.ELOOP)
})

test('a FIFO is hidden and opening it does not wait for a writer', ({ host, app }) => {
  execFileSync('mkfifo', [join(app, 'pipe')])

  const answers = [host.open(APP, 'pipe', O_RDONLY, 0), host.stat(APP, 'pipe')]

  assert.equal(answers, [-ERRNO.EACCES, -ERRNO.EACCES])
  assert.is(host.list(APP, ''), '')
})

test('names that are not UTF-8 are hidden, with one warning for all', (context) => {
  const { host, app, warnings } = context
  for (const last of [0xfe, 0xff]) {
    try {
      writeFileSync(Buffer.concat([Buffer.from(join(app, 'bad')), Buffer.from([last])]), 'x')
    } catch {
      return // this file system takes no such names, so there is nothing to hide
    }
  }
  writeFileSync(join(app, 'gut-ä.txt'), 'x')

  const listed = [host.list(APP, ''), host.list(APP, '')]

  assert.equal(listed, ['fgut-ä.txt', 'fgut-ä.txt'])
  assert.is(host.stat(APP, 'bad\uFFFD'), -ERRNO.EILSEQ)
  assert.is(warnings.length, 1)
  assert.match(warnings[0] ?? '', /not UTF-8/)
})

test('what is missing beneath a file is another mistake than what is missing', ({ host, app }) => {
  writeFileSync(join(app, 'file'), 'x')

  const answers = ['file/x', 'absent/x', 'absent'].map((path) => host.stat(APP, path))

  assert.equal(answers, [-ERRNO.ENOTDIR, -ERRNO.ENOENT, -ERRNO.ENOENT])
})

test('a folder swapped for a link between looking and opening is noticed', ({ root, app }) => {
  mkdirSync(join(app, 'a'))
  mkdirSync(join(root, 'outside'))
  writeFileSync(join(app, 'a/file'), 'inside')
  writeFileSync(join(root, 'outside/file'), 'outside')
  let looks = 0
  const locate: Folder['locate'] = () => {
    const real = join(app, 'a/file')
    const stats = lstatSync(real)
    if (looks++ === 0) {
      renameSync(join(app, 'a'), join(app, 'b'))
      symlinkSync(join(root, 'outside'), join(app, 'a'))
      return { real, stats }
    }
    return -ERRNO.ENOENT // what a real look says of it from now on
  }

  const opened = openExisting({ locate } as Folder, 'a/file', O_RDONLY)

  assert.is(opened, -ERRNO.ENOENT)
  assert.is(looks, 2)
})

test('a folder swapped for a link before a name in it is made, made or removed nothing outside', (context) => {
  const { root, data } = context
  mkdirSync(join(data, 'a'))
  mkdirSync(join(root, 'outside'))
  writeFileSync(join(root, 'outside/file'), 'kept')
  const place: Folder['place'] = (path) => {
    rmSync(join(data, 'a'), { recursive: true })
    symlinkSync(join(root, 'outside'), join(data, 'a'))
    return { parent: join(data, 'a'), name: path }
  }
  const attempt = (act: () => unknown): unknown => {
    rmSync(join(data, 'a'), { recursive: true })
    mkdirSync(join(data, 'a'))
    try {
      return act()
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  }

  const answers = [
    attempt(() => atPlace({ place } as Folder, 'file', (path) => rmSync(path))),
    attempt(() => createFile({ place } as Folder, 'made', O_RDWR, 0o666))
  ]

  assert.equal(answers, ['ENOTDIR', 'ENOTDIR'])
  assert.equal(readdirSync(join(root, 'outside')), ['file'])
})

test('a name is removed in the folder that was looked at, even if that is moved meanwhile', (context) => {
  const { root, data } = context
  mkdirSync(join(data, 'a'))
  mkdirSync(join(root, 'outside'))
  writeFileSync(join(data, 'a/file'), 'goes')
  writeFileSync(join(root, 'outside/file'), 'stays')
  if (process.platform !== 'linux') return // elsewhere there are no paths through descriptors

  const place: Folder['place'] = () => ({ parent: join(data, 'a'), name: 'file' })
  atPlace({ place } as Folder, 'a/file', (path) => {
    renameSync(join(data, 'a'), join(data, 'b'))
    symlinkSync(join(root, 'outside'), join(data, 'a'))
    rmSync(path)
  })

  assert.equal(readdirSync(join(data, 'b')), [])
  assert.equal(readdirSync(join(root, 'outside')), ['file'])
})

test('nothing in a read-only folder can be changed', ({ host, app }) => {
  writeFileSync(join(app, 'file'), 'x')
  mkdirSync(join(app, 'folder'))
  const id = host.open(APP, 'file', O_RDONLY, 0)

  const answers = [
    host.open(APP, 'file', O_RDWR, 0),
    host.open(APP, 'new', CREATE, 0o666),
    host.truncate(APP, 'file', 0),
    host.chmod(APP, 'file', 0o777),
    host.fchmod(id, 0o777),
    host.utime(APP, 'file', 0, 0),
    host.mkdir(APP, 'new', 0o777),
    host.rmdir(APP, 'folder'),
    host.unlink(APP, 'file'),
    host.rename(APP, 'file', 'other'),
    host.syncFolder(APP, '')
  ]

  assert.equal(answers, new Array(answers.length).fill(-ERRNO.EROFS))
  assert.ok(host.resize(id, 0) < 0 && write(host, id, 'y', 0) < 0)
  assert.is(readFileSync(join(app, 'file'), 'utf8'), 'x')
})

test.run()
