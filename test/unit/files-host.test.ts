// The host half of the file system: what a guest may see and change of the granted folders.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ERRNO } from '../../workers/host/errno.ts'
import { type FileHost, type GrantedFiles, grantFiles } from '../../workers/host/files.ts'
import type { Folder } from '../../workers/host/folder.ts'
import { atPlace, createFile, openExisting } from '../../workers/host/opening.ts'

const APP = 0
const DATA = 1
const O_RDONLY = 0
const O_RDWR = 2
const CREATE = 64
const APPEND = 1024
const umask = process.umask()

interface Context {
  root: string
  app: string
  data: string
  warnings: string[]
  files: GrantedFiles
  host: FileHost
}

const test = suite<Context>('files of the host', {} as Context)

test.before.each((context) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'wasgi-files-')))
  const app = join(root, 'app')
  const data = join(root, 'data')
  for (const folder of [app, data]) mkdirSync(folder)
  const warnings: string[] = []
  const files = grantFiles(
    [
      { guestPath: '/app', hostPath: app, writable: false, hideDotNames: true },
      { guestPath: '/data', hostPath: data, writable: true, hideDotNames: false }
    ],
    { warn: (text) => warnings.push(text), maxOpenFiles: 8 }
  )
  Object.assign(context, { root, app, data, warnings, files, host: files.host })
})

test.after.each(({ root, files }) => {
  files.closeAll()
  rmSync(root, { recursive: true, force: true })
})

/** What a guest reads from a file it opened. */
function contents(host: FileHost, id: number): string {
  const buffer = new ArrayBuffer(100)
  const count = host.read(id, buffer, 0, 100, 0)
  return Buffer.from(buffer, 0, count).toString()
}

function write(host: FileHost, id: number, text: string, position: number): number {
  const bytes = new TextEncoder().encode(text)
  return host.write(id, bytes.buffer, 0, bytes.length, position)
}

const modeOf = (path: string): number => statSync(path).mode & 0o7777

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

test('a new file has the mode that was asked for, less the umask and never to be run', (context) => {
  const { host, data } = context

  for (const mode of [0o666, 0o777, 0o600, 0o4755]) host.open(DATA, `m${mode}`, CREATE | 1, mode)
  host.mkdir(DATA, 'folder', 0o777)
  host.chmod(DATA, 'm384', 0o4777)

  assert.is(modeOf(join(data, 'm438')), 0o666 & ~umask)
  assert.is(modeOf(join(data, 'm511')), 0o666 & ~umask)
  assert.is(modeOf(join(data, 'm2541')), 0o644 & ~umask)
  assert.is(modeOf(join(data, 'm384')), 0o666)
  assert.is(modeOf(join(data, 'folder')), 0o777 & ~umask)
})

test('making a file that is there already fails, even through a dangling link', (context) => {
  const { host, data, root } = context
  writeFileSync(join(data, 'file'), 'x')
  symlinkSync(join(root, 'made-outside'), join(data, 'link'))

  const answers = ['file', 'link'].map((path) => host.open(DATA, path, CREATE | O_RDWR, 0o666))

  assert.equal(answers, [-ERRNO.EEXIST, -ERRNO.EEXIST])
  assert.not.ok(existsSync(join(root, 'made-outside')))
})

test('two openers that append do not overwrite each other', ({ host, data }) => {
  const one = host.open(DATA, 'log', CREATE | APPEND | 1, 0o666)
  const two = host.open(DATA, 'log', APPEND | 1, 0)

  write(host, one, 'a', 0)
  write(host, two, 'b', 0)
  write(host, one, 'c', -1)

  assert.is(readFileSync(join(data, 'log'), 'utf8'), 'abc')
})

test('what an open file says of itself follows the host, after a removal too', ({ host, data }) => {
  const id = host.open(DATA, 'file', CREATE | O_RDWR, 0o666)
  writeFileSync(join(data, 'file'), 'grown')

  const grown = String(host.fstat(id)).split(',')
  host.unlink(DATA, 'file')
  const removed = String(host.fstat(id)).split(',')

  assert.is(grown[1], '5')
  assert.is(removed[7], '0')
  assert.is(contents(host, id), 'grown')
})

test('a symbolic link can be removed but not moved', ({ host, data }) => {
  mkdirSync(join(data, 'deep'))
  writeFileSync(join(data, 'target'), 'kept')
  symlinkSync('../target', join(data, 'deep/link'))

  const moved = host.rename(DATA, 'deep/link', 'link')
  const removed = host.unlink(DATA, 'deep/link')

  assert.equal([moved, removed], [-ERRNO.EPERM, 0])
  assert.is(readFileSync(join(data, 'target'), 'utf8'), 'kept')
  assert.not.ok(existsSync(join(data, 'deep/link')))
})

test('times are set to the millisecond, one without the other too', ({ host, data }) => {
  writeFileSync(join(data, 'file'), 'x')

  host.utime(DATA, 'file', 1_600_000_000_123, 1_700_000_000_456)
  host.utime(DATA, 'file', Number.NaN, 1_700_000_000_789)
  const [, , mtime, , atime] = String(host.stat(DATA, 'file')).split(',')

  assert.equal([atime, mtime], ['1600000000123', '1700000000789'])
})

test('folders are made, refused when full, and removed', ({ host, data }) => {
  const made = [host.mkdir(DATA, 'a', 0o777), host.mkdir(DATA, 'a', 0o777)]
  writeFileSync(join(data, 'a/file'), 'x')

  const answers = [host.rmdir(DATA, 'a'), host.unlink(DATA, 'a/file'), host.rmdir(DATA, 'a')]

  assert.equal(made, [0, -ERRNO.EEXIST])
  assert.equal(answers, [-ERRNO.ENOTEMPTY, 0, 0])
  assert.is(host.unlink(DATA, ''), -ERRNO.EBUSY)
})

test('open files are bounded, and the id of a closed one is never given again', (context) => {
  const { host, app } = context
  writeFileSync(join(app, 'file'), 'x')

  const ids = Array.from({ length: 9 }, () => host.open(APP, 'file', O_RDONLY, 0))
  host.close(1)
  const next = host.open(APP, 'file', O_RDONLY, 0)

  assert.equal(ids, [1, 2, 3, 4, 5, 6, 7, 8, -ERRNO.EMFILE])
  assert.is(next, 9)
  assert.is(host.close(1), -ERRNO.EBADF)
  assert.is(contents(host, 1), '')
})

test('a folder that is not readable is a refusal, not a crash', ({ host, app }) => {
  mkdirSync(join(app, 'closed'))
  chmodSync(join(app, 'closed'), 0)
  const mayAnyway = process.getuid?.() === 0

  const answer = host.list(APP, 'closed')

  assert.is(answer, mayAnyway ? '' : -ERRNO.EACCES)
})

test('a grant of what is not there, or at an odd place, is refused when it is made', ({ root }) => {
  const grant = { hostPath: root, guestPath: '/app', writable: false, hideDotNames: true }
  const options = { warn: () => {} }

  assert.throws(() => grantFiles([{ ...grant, hostPath: join(root, 'absent') }], options), /ENOENT/)
  assert.throws(() => grantFiles([{ ...grant, guestPath: '/a\nb' }], options), TypeError)
  assert.throws(() => grantFiles([{ ...grant, guestPath: 'app' }], options), TypeError)
})

test('no argument makes a host function throw or give anything but a primitive', (context) => {
  const { host } = context
  const odd: unknown[] = [undefined, -1, 1.5, Number.NaN, 2 ** 60, '', '..', 'x'.repeat(9999), true]
  const results: unknown[] = []

  for (const name of Object.keys(host) as (keyof FileHost)[]) {
    for (const first of [...odd, APP, DATA]) {
      for (const second of [...odd, new ArrayBuffer(8)]) {
        const call = host[name] as (...args: unknown[]) => unknown
        results.push(call(first, second, ...odd), call(first, second, 8, 8, 8))
      }
    }
  }

  const kinds = new Set(results.map((result) => typeof result))
  assert.equal([...kinds].sort(), ['number', 'string'])
})

test.run()
