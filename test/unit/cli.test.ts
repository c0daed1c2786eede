// The command line with its actions replaced: what is printed where, and the exit codes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { meaningOf } from '../../src/cli/stop.ts'
import type { Actions } from '../../src/cli/surroundings.ts'
import type { ResolvedSettings } from '../../src/config/settings.ts'
import { WasgiError } from '../../src/errors.ts'
import type { InstallRequest } from '../../src/packages/install.ts'
import { start } from './cli-run.ts'
import { within } from './within.ts'

const test = suite<{ folder: string }>('command line')

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-cli-'))
})
test.after(({ folder }) => rmSync(folder, { recursive: true }))

const server = {
  url: 'http://127.0.0.1:8000',
  close: async () => {},
  reopenLogs: () => {},
  reload: async () => {},
  changeWorkers: () => {},
  dumpState: () => {}
}

test(
  'serve prints one readiness line, drains on a signal and exits 0',
  within(60_000, async () => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      let closed = 0
      const close = async (): Promise<void> => {
        closed += 1
      }
      const log = ['--log-level', 'silent']
      const running = start(['serve', 'app.py', ...log], {
        startServer: async () => ({ ...server, close })
      })

      await running.ready
      running.signals.emit(signal)

      assert.is(await running.code, 0)
      assert.is(running.out(), 'wasgi ready on http://127.0.0.1:8000\n')
      assert.equal([running.err(), closed], ['', 1])
      assert.equal(running.signals.eventNames(), [])
    }
  })
)

test(
  'a second Ctrl-C exits at once with 130, though not the same key press again',
  within(60_000, async () => {
    let time = 1_000
    const close = (): Promise<void> => new Promise(() => {})
    const running = start(
      ['serve', 'app.py', '--log-level', 'silent'],
      { startServer: async () => ({ ...server, close }) },
      { now: () => time }
    )
    await running.ready

    running.signals.emit('SIGINT')
    time += 200
    running.signals.emit('SIGINT')
    const early = await Promise.race([running.code, new Promise((go) => setImmediate(go, 'alive'))])
    time += 100
    running.signals.emit('SIGINT')

    assert.is(early, 'alive')
    assert.is(await running.code, 130)
  })
)

test('while draining, SIGTERM means nothing and a later Ctrl-C means now', () => {
  assert.is(meaningOf('SIGTERM', 5, undefined), 'drain')
  assert.is(meaningOf('SIGTERM', 9_000, 5), 'nothing')
  assert.is(meaningOf('SIGINT', 254, 5), 'nothing')
  assert.is(meaningOf('SIGINT', 255, 5), 'exit')
  assert.is(meaningOf('SIGQUIT', 6, 5), 'quit')
})

test(
  'SIGQUIT ends it at once with 0, draining or not',
  within(60_000, async () => {
    for (const draining of [false, true]) {
      let closed = 0
      const close = (): Promise<void> => new Promise(() => closed++)
      const running = start(['serve', 'app.py', '--log-level', 'silent'], {
        startServer: async () => ({ ...server, close })
      })
      await running.ready

      if (draining) running.signals.emit('SIGTERM')
      running.signals.emit('SIGQUIT')

      assert.is(await running.code, 0)
      assert.equal([closed, running.signals.eventNames()], [draining ? 1 : 0, []])
    }
  })
)

test(
  'each other signal asks one thing of the server, and nothing once it drains',
  within(60_000, async () => {
    const asked: string[] = []
    const drained = Promise.withResolvers<void>()
    const running = start(['serve', 'app.py', '--log-level', 'silent'], {
      startServer: async () => ({
        ...server,
        close: () => drained.promise,
        reload: async () => {
          asked.push('reload')
        },
        reopenLogs: () => asked.push('reopen'),
        changeWorkers: (by) => asked.push(`workers ${by}`),
        dumpState: () => asked.push('dump')
      })
    })
    running.signals.emit('SIGHUP') // it is loading
    await running.ready
    await new Promise(setImmediate)

    const signals = ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1', 'SIGUSR2']
    for (const signal of signals) running.signals.emit(signal)
    running.signals.emit('SIGTERM')
    await new Promise(setImmediate)
    for (const signal of signals) running.signals.emit(signal)
    drained.resolve()

    assert.is(await running.code, 0)
    const all = ['reopen', 'reload', 'workers 1', 'workers -1', 'reopen', 'dump']
    assert.equal(asked, ['reopen', 'reload', ...all])
  })
)

test(
  'a SIGHUP that tells of a closed terminal drains instead',
  within(60_000, async () => {
    let reloads = 0
    const running = start(
      ['serve', 'app.py', '--log-level', 'silent'],
      { startServer: async () => ({ ...server, reload: async () => void reloads++ }) },
      { hungUp: () => true }
    )
    await running.ready

    running.signals.emit('SIGHUP')

    assert.is(await running.code, 0)
    assert.is(reloads, 0)
  })
)

test(
  'a signal before the server is ready ends it with 0 and without a readiness line',
  within(60_000, async () => {
    const running = start(['serve', 'app.py'], { startServer: () => new Promise(() => {}) })

    running.signals.emit('SIGTERM')

    assert.is(await running.code, 0)
    assert.is(running.out(), '')
  })
)

test(
  'every kind of flag reaches the settings',
  within(60_000, async ({ folder }) => {
    let given: ResolvedSettings | undefined
    const line = ['--workers', '3', '--env', 'A=1', '--env', 'B=2', '--debug', '--data-dir=data']
    const checked = start(
      ['check', 'app.py:app', ...line, '--request-timeout', '500ms', '--access-log', 'json'],
      {
        checkApplication: async (resolved) => {
          given = resolved
          return { callable: 'app.py:app', pythonVersion: '3.14.2', bootMs: 12.6 }
        }
      },
      { folder, variables: { WASGI_MEMORY_LIMIT: '128M' } }
    )

    assert.is(await checked.code, 0)
    assert.is(checked.out(), 'wasgi can serve app.py:app (Python 3.14.2, ready in 13 ms)\n')
    assert.ok(given)
    const { app, workers, env, debug, dataDir, requestTimeout, memoryLimit } = given.settings
    assert.equal([app, workers, env, debug], ['app.py:app', 3, { A: '1', B: '2' }, true])
    assert.equal([dataDir, requestTimeout], [join(folder, 'data'), 500])
    assert.is(memoryLimit, 134_217_728)
    assert.is(given.origins.memoryLimit, 'WASGI_MEMORY_LIMIT')
  })
)

const LAZINESS: ReadonlyArray<readonly [flags: readonly string[], lazy: boolean]> = [
  [[], true],
  [['--eager'], false],
  [['--no-lazy-initialization'], false],
  [['--lazy'], true],
  [['--lazy-initialization'], true]
]
for (const [flags, lazy] of LAZINESS) {
  test(
    `lazy initialisation is ${lazy} for ${flags.join(' ') || 'what the environment says'}`,
    within(60_000, async () => {
      let given: ResolvedSettings | undefined
      const startServer: Actions['startServer'] = async (resolved) => {
        given = resolved
        throw new WasgiError('WASGI_ERR_LISTEN', ['here', 'this is a test'])
      }
      const variables = { WASGI_LAZY_INITIALIZATION: 'on' }

      await start(['serve', 'app.py', ...flags], { startServer }, { variables }).code

      assert.is(given?.settings.lazyInitialization, lazy)
    })
  )
}

test(
  '--no-debug takes back what the environment says',
  within(60_000, async () => {
    const debug: boolean[] = []
    const startServer: Actions['startServer'] = async ({ settings }) => {
      debug.push(settings.debug)
      throw new WasgiError('WASGI_ERR_LISTEN', ['x', 'y'])
    }
    const variables = { WASGI_DEBUG: 'yes' }

    await start(['serve', 'app.py'], { startServer }, { variables }).code
    await start(['serve', 'app.py', '--no-debug'], { startServer }, { variables }).code

    assert.equal(debug, [true, false])
  })
)

const FAILURES: readonly [error: unknown, code: number, text: string][] = [
  [new WasgiError('WASGI_ERR_APP_CALLABLE', ['a', 'b', 'a']), 1, 'WASGI_ERR_APP_CALLABLE'],
  [new WasgiError('WASGI_ERR_ROOT_REFUSED', ['/', 'x']), 3, 'WASGI_ERR_ROOT_REFUSED'],
  [new WasgiError('WASGI_ERR_LISTEN', ['a', 'b']), 4, 'wasgi: Cannot listen on a: b.   WASGI_ERR_'],
  [new TypeError('x is not a function'), 70, 'x is not a function. Please report']
]
for (const [error, code, text] of FAILURES) {
  test(
    `a failure of the kind "${text}" exits with ${code} and shows no JavaScript stack`,
    within(60_000, async () => {
      const failed = start(['serve', 'app.py'], { startServer: () => Promise.reject(error) })

      assert.is(await failed.code, code)
      assert.match(failed.err(), text)
      assert.is(failed.err().split('\n').length, 2)
      assert.is(failed.out(), '')
    })
  )
}

test(
  "Python's traceback stands below the message",
  within(60_000, async () => {
    const traceback = 'Traceback (most recent call last):\nImportError: no\n'
    const error = new WasgiError('WASGI_ERR_APP_IMPORT', ['app.py', 'ImportError'], { traceback })

    const failed = start(['check', 'app.py'], { checkApplication: () => Promise.reject(error) })

    assert.is(await failed.code, 1)
    assert.ok(failed.err().endsWith(`   WASGI_ERR_APP_IMPORT\n${traceback}`))
  })
)

test(
  'WASGI_JS_STACK=1 adds the JavaScript stack to internal errors alone',
  within(60_000, async () => {
    const variables = { WASGI_JS_STACK: '1' }
    const fail = (error: Error): Partial<Actions> => ({ startServer: () => Promise.reject(error) })
    const listen = new WasgiError('WASGI_ERR_LISTEN', ['a', 'b'])

    const internal = start(['serve', 'app.py'], fail(new TypeError('odd')), { variables })
    const operator = start(['serve', 'app.py'], fail(listen), { variables })
    await Promise.all([internal.code, operator.code])

    assert.match(internal.err(), /TypeError: odd\n {4}at /)
    assert.not.match(operator.err(), /\n {4}at /)
  })
)

const REFUSED: readonly [line: string[], code: number, text: string][] = [
  [['serve', 'app.py', '--prot', '1'], 2, 'Did you mean --port?'],
  [['sevre', 'app.py'], 2, 'Did you mean serve?'],
  [['serve', 'a', 'b'], 2, 'too many arguments'],
  [['serve', 'app.py', '--port'], 2, '--port <NUMBER>'],
  [['serve'], 2, 'no TARGET is given'],
  [['install'], 2, 'install needs PACKAGES or -r FILE'],
  [['serve', 'app.py', '--port', 'x'], 3, 'port must be a whole number from 0 to 65535, got "x"'],
  [['serve', 'app.py', '--config', 'no.toml'], 3, 'there is no such file']
]
for (const [line, code, text] of REFUSED) {
  test(
    `"wasgi ${line.join(' ')}" exits with ${code} and one message`,
    within(60_000, async () => {
      const refused = start(line)

      assert.is(await refused.code, code)
      assert.ok(refused.err().includes(text), refused.err())
      assert.match(refused.err(), /^wasgi: [^\n]+ {3}WASGI_ERR_[A-Z_]+\n$/)
      assert.is(refused.out(), '')
    })
  )
}

test(
  'help and version go to standard output and exit 0, a bare "wasgi" fails with the help',
  within(60_000, async () => {
    const help = start(['--help'])
    const serve = start(['serve', '--help'])
    const version = start(['--version'])
    const bare = start([])

    assert.equal(await Promise.all([help.code, serve.code, version.code, bare.code]), [0, 0, 0, 2])
    assert.match(help.out(), 'wasgi serve app.py')
    assert.match(serve.out(), /Limits:\n {2}--request-timeout <DURATION>/)
    assert.match(version.out(), /^wasgi \d+\.\d+\.\d+ \(Pyodide [\d.]+, Node\.js [\d.]+\)\n$/)
    assert.equal([bare.out(), help.err()], ['', ''])
    assert.match(bare.err(), 'Commands:')
  })
)

test(
  'install hands over what was asked and prints what is installed',
  within(60_000, async () => {
    let request: InstallRequest | undefined
    const line = ['flask', 'django>=5', '-r', 'a.txt', '-r', '/b.txt', '--pre', '-i', 'http://i/']
    const installing = start(['install', ...line, '--extra-index-url', 'http://x/'], {
      installPackages: async (given, report) => {
        request = given
        report({ kind: 'resolving', name: 'flask' })
        report({ kind: 'kept', name: 'six', version: '1', detail: 'up to date' })
        return { installed: [{ name: 'flask', version: '3.1' }], target: given.target }
      }
    })

    assert.is(await installing.code, 0)
    assert.equal(request, {
      requirements: ['flask', 'django>=5'],
      requirementFiles: ['/nowhere/a.txt', '/b.txt'],
      target: '/nowhere/python_modules',
      indexUrl: 'http://i/',
      extraIndexUrls: ['http://x/'],
      pre: true,
      upgrade: false
    })
    assert.is(installing.out(), 'flask==3.1\n')
    assert.equal(installing.err().split('\n'), [
      'resolving flask',
      'kept six 1 (up to date)',
      'Installed 1 package into python_modules',
      ''
    ])
  })
)

test(
  'on a terminal, work in progress is written over and results stay',
  within(60_000, async () => {
    const installing = start(
      ['install', 'flask'],
      {
        installPackages: async ({ target }, report) => {
          report({ kind: 'downloading', name: 'flask', version: '3' })
          report({ kind: 'installed', name: 'flask', version: '3' })
          return { installed: [], target }
        }
      },
      { terminal: true }
    )

    assert.is(await installing.code, 0)
    const clear = '\r\x1b[K'
    const shown = `${clear}downloading flask 3${clear}installed flask 3\n${clear}`
    assert.ok(installing.err().startsWith(shown), JSON.stringify(installing.err()))
  })
)

test.run()
