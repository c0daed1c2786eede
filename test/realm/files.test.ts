// What Python sees of the granted folders, through the realm's file system.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FileHost } from '../../workers/host/files.ts'
import { ATTACK, FOREIGN } from './files-attack.ts'
import { bootPython, type Python, readOnly, writable } from './python.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'wasgi-realm-files-')))
const app = join(root, 'app')
const packages = join(root, 'packages')
const data = join(root, 'data')
for (const folder of [app, packages, data]) mkdirSync(folder)

let python: Python
/** Set by a test: runs on the host just before the next call of a host function. */
let before: { call: keyof FileHost; act: () => void } | undefined

/** How often each host function was called. */
const asked = new Map<string, number>()

test.before(async () => {
  python = await bootPython({
    grants: [readOnly('/app', app), readOnly('/opt/packages', packages), writable('/data', data)],
    maxOpenFiles: 200,
    wrapHost: (host) => {
      const wrapped: Record<string, unknown> = {}
      for (const [name, call] of Object.entries(host)) {
        wrapped[name] = (...args: never[]) => {
          asked.set(name, (asked.get(name) ?? 0) + 1)
          const { act } = before?.call === name ? before : {}
          if (act !== undefined) before = undefined
          act?.()
          return (call as (...args: never[]) => unknown)(...args)
        }
      }
      return wrapped as FileHost
    }
  })
})

test.before.each(() => {
  before = undefined
  for (const folder of [app, data]) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
  }
})

test.after(() => {
  python.files.closeAll()
  rmSync(root, { recursive: true, force: true })
})

const put = (path: string, text: string): void => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}

/** A call of a guest function, its arguments as Python literals. */
function run(call: string, ...args: readonly unknown[]): unknown {
  return python.evaluate(`folders.${call}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)
}

test('walking, listing and stat agree on what there is', () => {
  put(join(app, 'main.py'), 'x')
  put(join(app, 'pkg/sub/mod.py'), 'x')
  put(join(app, '.secret/key'), 'x')
  symlinkSync('pkg', join(app, 'alias'))

  const tree = run('tree', '/app')
  const scanned = run('scan', '/app')

  assert.equal(tree, [
    '/app/alias/',
    '/app/alias/sub/',
    '/app/alias/sub/mod.py',
    '/app/main.py',
    '/app/pkg/',
    '/app/pkg/sub/',
    '/app/pkg/sub/mod.py'
  ])
  assert.equal(scanned, [
    ['alias', true, false, true],
    ['main.py', false, true, false],
    ['pkg', true, false, true]
  ])
})

test('a long folder is listed whole', () => {
  const names = Array.from({ length: 300 }, (_, index) => `file-${index}.txt`).sort()
  for (const name of names) put(join(app, name), '')

  const listed = python.evaluate("sorted(os.listdir('/app'))")

  assert.equal(listed, names)
})

test('sizes, times to the millisecond and modes are those of the host, without write bits', () => {
  put(join(app, 'file.txt'), '12345')
  utimesSync(join(app, 'file.txt'), 1_600_000_000, 1_700_000_000.123)

  const seen = run('look', '/app/file.txt')

  assert.equal(seen, { size: 5, mtime: 1_700_000_000_123, mode: '-r--r--r--', same: true })
})

test('seeking and reading at a place work as on any disk', () => {
  put(join(app, 'file.txt'), 'abcdefghijk')

  const pieces = run('pieces', '/app/file.txt')

  assert.equal(pieces, ['abc', 'fg', 'ijk', 'bc', '11'])
})

test('modules import and tracebacks show their source', () => {
  put(join(app, 'pkg/__init__.py'), '')
  put(join(app, 'pkg/broken.py'), 'def fail():\n    return 1 / 0\n')

  const frame = run('import_and_fail', '/app', 'pkg.broken')

  assert.equal(frame, ['/app/pkg/broken.py', '2', 'return 1 / 0'])
})

test('a module whose file was replaced reloads with its new content', () => {
  put(join(packages, 'settings.py'), 'VALUE = 1\n')
  python.evaluate("sys.path.append('/opt/packages')")
  python.evaluate('settings.VALUE')
  put(join(packages, 'settings.py'), 'VALUE = "longer than before"\n')

  const value = run('reload', 'settings')

  assert.is(value, 'longer than before')
})

test('what is replaced on the host is seen at once, its kind included', () => {
  put(join(app, 'thing'), 'short')
  const first = run('look', '/app/thing') as { size: number }
  put(join(app, 'thing'), 'much longer')
  const second = run('look', '/app/thing') as { size: number }
  rmSync(join(app, 'thing'))
  put(join(app, 'thing/inner'), 'x')

  const tree = run('tree', '/app')

  assert.equal([first.size, second.size], [5, 11])
  assert.equal(tree, ['/app/thing/', '/app/thing/inner'])
  assert.is(run('read', '/app/thing/inner'), 'x')
})

test('a folder with links that lead nowhere or out is listed without them', () => {
  put(join(app, 'a'), 'x')
  symlinkSync('nowhere', join(app, 'b'))
  symlinkSync(root, join(app, 'c'))
  put(join(app, 'd'), 'x')

  const listed = python.evaluate("os.listdir('/app')")

  assert.equal(listed, ['a', 'd'])
})

test('looking at a path asks the host once, however deep; listing does not ask for each name', () => {
  for (const name of ['one', 'two', 'three']) put(join(app, 'a/b/c', name), '')
  const count = (expression: string): Record<string, number> => {
    asked.clear()
    python.evaluate(expression)
    return Object.fromEntries(asked)
  }

  const looking = count("os.stat('/app/a/b/c/one').st_size")
  const listing = count("os.listdir('/app/a/b/c')")

  assert.equal(looking, { stat: 1 })
  assert.equal(listing, { stat: 2, list: 1 })
})

test('every way to change a read-only folder is refused as a read-only file system', () => {
  put(join(app, 'file.txt'), 'x')
  put(join(app, 'folder/x'), 'x')

  const refusals = run('refusals', '/app') as Record<string, string>
  const access = run('may_write', '/app', '/app/file.txt', '/data')

  const { 'move out': moveOut, ...others } = refusals
  assert.is(moveOut, 'EXDEV')
  assert.equal(new Set(Object.values(others)), new Set(['EROFS']))
  assert.equal(access, [false, false, true])
})

test('files in the writable folder are written, moved, copied, synced and removed', () => {
  const tree = run('change_all', '/data')

  const { mtimeMs, atimeMs } = statSync(join(data, 'back.txt'))
  assert.equal(tree, ['/data/back.txt', '/data/copy/', '/data/copy/er/'])
  assert.is(readFileSync(join(data, 'back.txt'), 'utf8'), 'one\n')
  assert.equal([atimeMs, mtimeMs], [1_600_000_000_500, 1_700_000_000_250])
})

test('temporary files are private, and outlive their name while they are open', () => {
  const answer = run('temporary', '/data')

  assert.equal(answer, ['-rw-------', 'kept', 4, 10_000, []])
})

test('a file that another worker makes in between is opened, not refused', () => {
  before = { call: 'open', act: () => put(join(data, 'raced'), 'theirs, ') }

  python.evaluate("open('/data/raced', 'a').write('ours')")

  assert.is(readFileSync(join(data, 'raced'), 'utf8'), 'theirs, ours')
})

test('a file that another worker makes in between is refused to who wants to be first', () => {
  before = { call: 'open', act: () => put(join(data, 'raced'), 'theirs') }

  const refusal = python.evaluate("folders._errno(open, '/data/raced', 'x')")

  assert.is(refusal, 'EEXIST')
  assert.is(readFileSync(join(data, 'raced'), 'utf8'), 'theirs')
})

test('no link can be made', () => {
  const refusals = run('links', '/data')

  assert.equal(refusals, ['EPERM', 'EPERM'])
  assert.equal(readdirSync(data), ['file'])
})

test('a duplicate of a descriptor reads on after the first is closed', () => {
  put(join(app, 'file.txt'), 'still here')

  const content = run('duplicates', '/app/file.txt')

  assert.is(content, 'still here')
})

test('a read-only file can be mapped; memory of a writable one cannot be shared', () => {
  put(join(app, 'file.txt'), 'mapped')
  put(join(data, 'file.txt'), 'mapped')

  const answers = [run('map_read', '/app/file.txt'), run('map_shared', '/data/file.txt')]

  assert.equal(answers, ['mapped', 'ENODEV'])
})

test('too many open files are an error of Python and leave no descriptor behind', () => {
  put(join(app, 'file.txt'), 'x')

  const answer = run('too_many', '/app/file.txt')

  assert.equal(answer, [200, true, 'x'])
})

test('a name that was moved away can be made again', () => {
  const contents = run('rotate', '/data')

  assert.equal(contents, ['0', '1', '2'])
})

test('no argument, patch or deep stack gets a host object out of the file system', () => {
  put(join(data, 'file'), 'x')

  const foreign = python.realm(FOREIGN) as (value: unknown) => boolean

  const [calls, spied, bad, kinds] = String(python.realm(ATTACK)).split(':')

  assert.ok(foreign({}) && foreign(() => {}) && !foreign(python.realm('[]')))
  assert.is(`${bad} ${kinds}`, '0 ')
  assert.ok(Number(calls) > 10_000 && Number(spied) > 0, `${calls} calls, ${spied} spied on`)
  assert.ok(existsSync(app) && existsSync(join(root, 'packages/settings.py')))
})

test('once its files are closed, the file system works after all that', () => {
  python.files.closeAll()
  put(join(app, 'file.txt'), 'fine')

  const content = run('read', '/app/file.txt')

  assert.is(content, 'fine')
})

test.run()
