// When a group is loaded anew, and how often is looked for that.
import { mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WasgiError } from '../../src/errors.ts'
import { ScriptCurrency, SeenCurrency } from '../../src/server/currency.ts'
import type { Saw } from '../../src/wire/messages.ts'
import { stampOf } from '../../workers/host/seen-files.ts'
import { within } from './within.ts'

const test = suite<{ folder: string; file: string }>('currency')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-currency-'))
  context.file = join(context.folder, 'app.py')
  writeFileSync(context.file, 'one')
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const SCRIPT = { waitingLimit: 100, onChange: () => {} }
const SEEN = { files: () => [], limitMs: 4_000, onChange: () => {} }

const saw = (path: string, what: Saw['what'] = 'file'): Saw => {
  return { kind: 'saw', path, what, stamp: stampOf(path, what) }
}

test(
  'a script is looked at once a second, and loaded once for each time that it has',
  within(60_000, async ({ file }) => {
    let now = 5_000
    let reloads = 0
    const reload = async (): Promise<void> => void reloads++
    const script = new ScriptCurrency({
      ...SCRIPT,
      files: () => [file],
      reload,
      onFailure: assert.unreachable,
      now: () => now
    })

    assert.is(script.current(), undefined)
    utimesSync(file, 1, 1)
    now += 999
    assert.is(script.current(), undefined)
    now += 1
    const turn = script.current()
    assert.is(script.current(), turn) // who comes meanwhile waits, too
    await turn
    now += 1_000
    assert.is(script.current(), undefined)

    assert.is(reloads, 1)
  })
)

test(
  'a script that cannot be loaded is told of once, and does not fail the request',
  within(60_000, async ({ file }) => {
    let now = 0
    const failures: unknown[] = []
    const failure = new WasgiError('WASGI_ERR_INTERNAL', ['test'])
    const script = new ScriptCurrency({
      ...SCRIPT,
      files: () => [file],
      reload: () => Promise.reject(failure),
      onFailure: (error) => failures.push(error),
      now: () => now
    })
    rmSync(file)

    await script.current()
    now += 1_000
    assert.is(script.current(), undefined)
    writeFileSync(file, 'two')
    now += 1_000
    await script.current()

    assert.equal(failures, [failure, failure])
  })
)

test(
  'what changes while the group is loaded is loaded once more, before anybody is answered',
  within(60_000, async ({ folder, file }) => {
    let reloads = 0
    const options = { ...SEEN, extra: [], onFailure: assert.unreachable }
    const seen = new SeenCurrency({
      ...options,
      reload: async () => {
        reloads++
        seen.saw(saw(file))
        if (reloads === 1) writeFileSync(file, 'three')
      }
    })
    seen.saw(saw(file))
    seen.saw(saw(folder, 'folder'))
    seen.saw(saw(join(folder, 'missing.txt'), 'absent'))
    try {
      assert.is(seen.current(), undefined)
      writeFileSync(join(folder, 'notes.txt'), '') // not what an import could find
      assert.is(seen.current(), undefined)

      writeFileSync(join(folder, 'missing.txt'), '')
      await seen.current()

      assert.is(reloads, 2)
      assert.is(seen.current(), undefined)
    } finally {
      seen.close()
    }
  })
)

test(
  'a failure is given to everybody who asks, until something has changed',
  within(60_000, async ({ folder, file }) => {
    const failure = new WasgiError('WASGI_ERR_INTERNAL', ['test'])
    let broken = true
    const seen = new SeenCurrency({
      ...SEEN,
      extra: [join(folder, '*.html')],
      onFailure: () => {},
      reload: async () => {
        seen.saw(saw(file))
        if (broken) throw failure
      }
    })
    try {
      writeFileSync(join(folder, 'page.html'), '')
      const first = await seen.current()?.catch((error: unknown) => error)
      const second = await seen.current()?.catch((error: unknown) => error)
      broken = false
      writeFileSync(file, 'mended')
      await seen.current()

      assert.equal([first, second], [failure, failure])
      assert.is(seen.failure, undefined)
    } finally {
      seen.close()
    }
  })
)

test(
  'who has waited long for a script to be loaded goes on with the old one, as does who comes then',
  within(60_000, async ({ file }) => {
    let now = 0
    let reloads = 0
    const loading = Promise.withResolvers<void>()
    const script = new ScriptCurrency({
      ...SCRIPT,
      files: () => [file],
      reload: () => {
        reloads++
        return loading.promise
      },
      onFailure: assert.unreachable,
      patienceMs: 1,
      now: () => now
    })
    writeFileSync(file, 'while True: pass')

    await script.current()
    now += 1_000
    writeFileSync(file, 'mended')
    assert.is(script.current(), undefined)
    assert.is(reloads, 1)

    loading.resolve()
    await loading.promise
    await new Promise(setImmediate)
    await script.current()
    assert.is(reloads, 2)
  })
)

test(
  'with --reload what hangs while it is loaded is given up once it is mended',
  within(60_000, async ({ file }) => {
    const failures: unknown[] = []
    let reloads = 0
    const seen = new SeenCurrency({
      ...SEEN,
      extra: [],
      patienceMs: 1,
      onFailure: (error) => failures.push(error),
      reload: (signal) => {
        seen.saw(saw(file))
        if (++reloads > 1) return Promise.resolve()
        setImmediate(() => writeFileSync(file, 'mended'))
        const { promise, reject } = Promise.withResolvers<void>()
        signal?.addEventListener('abort', () => reject(new Error('given up')))
        return promise
      }
    })
    try {
      seen.saw(saw(file))
      writeFileSync(file, 'while True: pass')

      await seen.current()

      assert.equal([reloads, failures], [2, []])
    } finally {
      seen.close()
    }
  })
)

test(
  'what was given up is loaded, even if what had changed meanwhile is as it was',
  within(60_000, async ({ folder, file }) => {
    const passing = join(folder, 'passing.py')
    let reloads = 0
    const seen = new SeenCurrency({
      ...SEEN,
      extra: [],
      patienceMs: 1,
      onFailure: assert.unreachable,
      reload: (signal) => {
        seen.saw(saw(folder, 'folder'))
        if (++reloads > 1) return Promise.resolve()
        writeFileSync(passing, '')
        const { promise, reject } = Promise.withResolvers<void>()
        signal?.addEventListener('abort', () => {
          rmSync(passing)
          reject(new Error('given up'))
        })
        return promise
      }
    })
    try {
      seen.saw(saw(file))
      writeFileSync(file, 'two')

      await seen.current()

      assert.is(reloads, 2)
      assert.is(seen.current(), undefined)
    } finally {
      seen.close()
    }
  })
)

test(
  'no more requests than the queue has room for wait for a script',
  within(60_000, async ({ file }) => {
    const loading = Promise.withResolvers<void>()
    const script = new ScriptCurrency({
      ...SCRIPT,
      files: () => [file],
      waitingLimit: 2,
      reload: () => loading.promise,
      onFailure: assert.unreachable
    })
    writeFileSync(file, 'two')

    const waits = [script.current(), script.current(), script.current()]
    loading.resolve()
    await Promise.all(waits)

    assert.equal(
      waits.map((wait) => wait !== undefined),
      [true, true, false]
    )
  })
)

test(
  'a script behind a symbolic link has changed when the link leads to another one',
  within(60_000, async ({ folder, file }) => {
    const [link, other] = [join(folder, 'current.py'), join(folder, 'other.py')]
    symlinkSync(file, link)
    writeFileSync(other, 'one')
    const changes: string[] = []
    const options = {
      files: () => [link],
      reload: () => Promise.resolve(),
      onFailure: assert.unreachable,
      onChange: (files: readonly string[]) => changes.push(...files)
    }
    const script = new ScriptCurrency({ ...options, waitingLimit: 9 })
    const seen = new SeenCurrency({ ...options, extra: [], limitMs: 4_000 })
    try {
      rmSync(link)
      symlinkSync(other, link)

      await Promise.all([script.current(), seen.current()])

      assert.equal(changes, [link, link])
    } finally {
      seen.close()
    }
  })
)

test(
  'what has become of a reload that somebody else asked for is what is shown from then on',
  within(60_000, async ({ file }) => {
    const failure = new WasgiError('WASGI_ERR_INTERNAL', ['test'])
    const options = { ...SEEN, extra: [], onFailure: () => {} }
    const seen = new SeenCurrency({ ...options, reload: () => Promise.reject(failure) })
    try {
      seen.saw(saw(file))
      writeFileSync(file, 'broken')
      await seen.current()?.catch(() => {})
      assert.is(seen.failure, failure)

      seen.renewing()
      seen.renewed(undefined)
      assert.is(seen.current(), undefined)

      seen.renewing()
      seen.renewed(failure)
      assert.is(await seen.current()?.catch((error: unknown) => error), failure)
    } finally {
      seen.close()
    }
  })
)

test(
  'a file that is written anew within its time and size has changed, to --reload',
  within(60_000, async ({ file }) => {
    utimesSync(file, 1, 1)
    const [seen, script] = [stampOf(file, 'file'), stampOf(file, 'script')]
    // The clock of the file system need not have moved on since.
    while (stampOf(file, 'file') === seen) {
      writeFileSync(file, 'eno')
      utimesSync(file, 1, 1)
    }

    assert.is(stampOf(file, 'script'), script)
  })
)

test('a package that is a symbolic link may be imported, too', ({ folder }) => {
  const before = stampOf(folder, 'folder')
  symlinkSync(tmpdir(), join(folder, 'package'))

  assert.is.not(stampOf(folder, 'folder'), before)
})

test.run()
