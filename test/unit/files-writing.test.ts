// The host half of the file system: changes to a writable folder, and the bounds of it all.
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ERRNO } from '../../workers/host/errno.ts'
import { type FileHost, grantFiles } from '../../workers/host/files.ts'
import {
  APP,
  APPEND,
  CREATE,
  contents,
  DATA,
  filesSuite,
  modeOf,
  O_RDONLY,
  O_RDWR,
  umask,
  write
} from './files-suite.ts'

const test = filesSuite('writing files of the host')

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
