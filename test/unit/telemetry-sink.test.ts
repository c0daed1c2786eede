// The sink: lines leave in order, memory stays bounded, and a lost reader hurts nobody.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LineSink } from '../../src/telemetry/sink.ts'
import { within } from './within.ts'

const test = suite<{ folder: string; file: string; descriptor: number }>('sink')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-sink-'))
  context.file = join(context.folder, 'log')
  context.descriptor = openSync(context.file, 'a')
})
test.after.each(({ folder, descriptor }) => {
  closeSync(descriptor)
  rmSync(folder, { recursive: true })
})

test(
  'everything written before a flush is in the file after it, in order',
  within(5_000, async ({ file, descriptor }) => {
    const sink = new LineSink(descriptor)
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`)

    for (const line of lines) sink.write(line)
    await sink.flush()

    assert.is(readFileSync(file, 'utf8'), lines.join(''))
  })
)

test(
  'what exceeds the limit is dropped whole and counted, and later lines get through',
  within(5_000, async ({ file, descriptor }) => {
    const sink = new LineSink(descriptor, { limitBytes: 20 })

    for (const line of ['first 90\n', 'second 9\n', 'third 99\n', 'fourth 9\n']) sink.write(line)
    await sink.flush()
    sink.write('fifth\n')
    await sink.flush()

    const notice = 'wasgi: 2 log lines were dropped, because nobody read them in time'
    assert.equal(readFileSync(file, 'utf8').split('\n'), [
      'first 90',
      'second 9',
      notice,
      'fifth',
      ''
    ])
  })
)

test('a synchronous flush leaves nothing behind', ({ file, descriptor }) => {
  const sink = new LineSink(descriptor)
  sink.write('one\n')
  sink.write('two\n')

  sink.flushSync()

  assert.is(readFileSync(file, 'utf8'), 'one\ntwo\n')
})

test(
  'a descriptor that takes nothing more is given up quietly',
  within(5_000, async ({ file }) => {
    const readOnly = openSync(file, 'r')
    const sink = new LineSink(readOnly)

    sink.write('lost\n')
    await sink.flush()
    sink.write('lost too\n')
    await sink.flush()
    sink.flushSync()

    closeSync(readOnly)
    assert.is(readFileSync(file, 'utf8'), '')
  })
)

function program(body: string): string[] {
  const sink = JSON.stringify(new URL('../../src/telemetry/sink.ts', import.meta.url))
  const source = `import { openStderr } from ${sink}\n${body}`
  return ['--input-type=module-typescript', '--eval', source]
}

test('what was logged in the last moment before an exit still arrives', () => {
  const body = `
    const sink = openStderr()
    sink.write('first\\n')
    sink.write('last\\n')
    process.exit(3)`

  const { status, stderr } = spawnSync(process.execPath, program(body), { encoding: 'utf8' })

  assert.equal([status, stderr], [3, 'first\nlast\n'])
})

test(
  'a process whose log nobody reads can still end',
  within(10_000, async () => {
    const body = `
      const sink = openStderr({ stuckMs: 1, limitBytes: 2 ** 24 })
      sink.write('x'.repeat(2 ** 23) + '\\n')
      setTimeout(() => process.exit(130), 50)`

    const child = spawn(process.execPath, program(body), { stdio: ['ignore', 'ignore', 'pipe'] })
    const late = setTimeout(() => child.kill('SIGKILL'), 9_000)
    const [code, signal] = await once(child, 'exit')
    clearTimeout(late)

    assert.equal([code, signal], [null, 'SIGINT'])
  })
)

test.run()
