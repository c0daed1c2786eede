// Who owns a request: the table's promises, without threads.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RequestTable, requestTableBytes } from '../../src/wire/request-table.ts'

const test = suite('request table')

const tables = (slots: number): [main: RequestTable, worker: RequestTable] => {
  const buffer = new SharedArrayBuffer(requestTableBytes(slots))
  return [new RequestTable(buffer), new RequestTable(buffer)]
}

test('a started request cannot be taken back', () => {
  const [main, worker] = tables(2)
  const slot = main.claim()

  const started = worker.start(slot, 5)

  assert.is(started, true)
  assert.is(main.withdraw(slot), false)
  assert.is(main.hasStarted(slot), true)
  assert.is(main.startedAt(slot), 5)
})

test('a request that was taken back cannot be started', () => {
  const [main, worker] = tables(2)
  const slot = main.claim()

  const withdrawn = main.withdraw(slot)

  assert.is(withdrawn, true)
  assert.is(worker.start(slot, 5), false)
  assert.is(main.hasStarted(slot), false)
  assert.is(main.startedAt(slot), 0)
})

test('a row is handed out once until it is released', () => {
  const [main] = tables(2)

  const rows = [main.claim(), main.claim(), main.claim()]

  assert.equal(rows, [0, 1, -1])
  main.release(1)
  assert.is(main.claim(), 1)
})

test('a cancelled request is not cancelled for the next one in its row', () => {
  const [main, worker] = tables(1)
  const slot = main.claim()
  main.cancel(slot)
  assert.is(worker.isCancelled(slot), true)

  main.release(slot)
  main.claim()

  assert.is(worker.isCancelled(slot), false)
})

test.run()
