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
  within(60_000, async ({ file, descriptor }) => {
    const sink = new LineSink(descriptor)
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`)

    for (const line of lines) sink.write(line)
    await sink.flush()

    assert.is(readFileSync(file, 'utf8'), lines.join(''))
  })
)

test(
  'what exceeds the limit is dropped whole and counted, and later lines get through',
  within(60_000, async ({ file, descriptor }) => {
    const sink = new LineSink(descriptor, { limitBytes: 20 })

    for (const line of ['first 90\n', 'second 9\n', 'third 99\n', 'fourth 9\n']) sink.write(line)
    await sink.flush()
    sink.write('fifth\n')
    await sink.flush()

    const notice = 'wasgi: 2 log lines were dropped, because they could not be written in time'
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
  within(60_000, async ({ file }) => {
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

/** Has the descriptor lead to another file. */
function replace(descriptor: number, path: string): void {
  closeSync(descriptor)
  const opened = [openSync(path, 'a')]
  while (opened.at(-1) !== descriptor) opened.push(openSync(path, 'a'))
  for (const other of opened.slice(0, -1)) closeSync(other)
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

test(
  'what a full disk does not take is kept, and written once there is room',
  within(60_000, async ({ file }) => {
    const full = openSync('/dev/full', 'a')
    const sink = new LineSink(full, { roomMs: 1 })
    sink.write('first\n')
    await until(() => sink.full)
    sink.write('second\n')
    await until(() => sink.full)

    replace(full, file)
    await sink.flush()
    sink.write('third\n')
    await sink.flush()

    assert.is(readFileSync(file, 'utf8'), 'first\nsecond\nthird\n')
    closeSync(full)
  })
)

test(
  'what is too much for a full disk is dropped and counted, and the log tells of it',
  within(60_000, async ({ file }) => {
    const full = openSync('/dev/full', 'a')
    const sink = new LineSink(full, { limitBytes: 20, roomMs: 1 })
    sink.write('first 90\n')
    await until(() => sink.full)
    for (const line of ['second 9\n', 'third 99\n', 'fourth 9\n', 'fifth 90\n']) sink.write(line)
    await until(() => sink.full)

    replace(full, file)
    await sink.flush()

    const notice = 'wasgi: 2 log lines were dropped, because they could not be written in time'
    const lines = ['first 90', 'second 9', 'third 99', notice, '']
    assert.equal(readFileSync(file, 'utf8').split('\n'), lines)
    closeSync(full)
  })
)

test(
  'a process that ends tries a full disk once more, and does not wait for it',
  within(60_000, async ({ file }) => {
    const full = openSync('/dev/full', 'a')
    const sink = new LineSink(full, { roomMs: 3_600_000 })
    sink.write('first\n')
    await until(() => sink.full)
    sink.write('second\n')

    replace(full, file)
    sink.flushSync()

    assert.is(readFileSync(file, 'utf8'), 'first\nsecond\n')
    closeSync(full)
  })
)

test(
  'what another failure has lost is counted, and told of by the sink that takes over',
  within(60_000, async ({ file, descriptor }) => {
    const readOnly = openSync(file, 'r')
    const failed = new LineSink(readOnly)
    failed.write('lost\n')
    await failed.flush()
    failed.write('lost too\n')

    const next = new LineSink(descriptor, {}, failed.dropped)
    next.write('found\n')
    await next.flush()

    const notice = 'wasgi: 2 log lines were dropped, because they could not be written in time'
    assert.is(readFileSync(file, 'utf8'), `found\n${notice}\n`)
    closeSync(readOnly)
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
  within(60_000, async () => {
    const body = `
      const sink = openStderr({ stuckMs: 1, limitBytes: 2 ** 24 })
      sink.write('x'.repeat(2 ** 23) + '\\n')
      setTimeout(() => process.exit(130), 50)`

    const child = spawn(process.execPath, program(body), { stdio: ['ignore', 'ignore', 'pipe'] })
    const late = setTimeout(() => child.kill('SIGKILL'), 50_000)
    const [code, signal] = await once(child, 'exit')
    clearTimeout(late)

    assert.equal([code, signal], [null, 'SIGINT'])
  })
)

test.run()
