// Who is to go when there is to be one worker less.
import { MessageChannel } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Staff } from '../../src/dispatch/staff.ts'
import { GroupWorker, type WorkerState } from '../../src/dispatch/worker.ts'

const test = suite('staff')

/** Workers 1, 2, 3 ... in these states, of which one less is wanted than there were to be. */
function staffOf(workers: number, states: readonly WorkerState[]): Staff {
  const staff = new Staff({ mode: 'daemon', workers })
  for (const [index, state] of states.entries()) {
    const threadId = index + 1
    const { port1: port } = new MessageChannel()
    const thread = {
      threadId,
      port,
      run: () => Promise.resolve(),
      hostBytes: () => Promise.resolve(0),
      terminate: () => Promise.resolve()
    }
    const worker = new GroupWorker(`default/${threadId}`, threadId, threadId, thread)
    worker.state = state
    staff.workers.set(threadId, worker)
    port.close()
  }
  staff.wanted--
  return staff
}

const rows: ReadonlyArray<
  readonly [name: string, workers: number, states: readonly WorkerState[], gone: number | undefined]
> = [
  ['of ready ones the last', 3, ['ready', 'ready', 'ready'], 3],
  ['one that is still being made, rather than the one that answers', 2, ['ready', 'booting'], 2],
  ['nobody, when one retires and will not be replaced', 2, ['retiring', 'ready'], undefined],
  [
    'one more, when as many retire as were too many before',
    3,
    ['retiring', 'ready', 'ready', 'ready'],
    4
  ],
  ['nobody who runs, when one has no interpreter', 2, ['empty', 'ready'], undefined]
]
for (const [name, workers, states, gone] of rows) {
  test(`with one worker less goes: ${name}`, () => {
    const staff = staffOf(workers, states)

    assert.is(staff.dismiss()?.number, gone)
  })
}

test('who is one too many is never the one that retires, since that one finishes what it runs', () => {
  const staff = staffOf(2, ['retiring', 'ready'])
  assert.is(staff.leastReady(), undefined)

  const more = staffOf(2, ['retiring', 'ready', 'booting'])
  assert.is(more.leastReady()?.number, 3)
})

test.run()
