// What becomes of signals that ask something of a server, and when it can be asked.
import { EventEmitter } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listenForOrders, type Ordered, type OrderSignal } from '../../src/cli/orders.ts'

const test = suite('orders')

/** A server that notes what it is asked. */
function scribe(): { server: Ordered; asked: string[] } {
  const asked: string[] = []
  const server: Ordered = {
    reload: () => {
      asked.push('reload')
      return Promise.resolve()
    },
    changeWorkers: (by) => asked.push(`workers ${by}`),
    reopenLogs: () => asked.push('reopen'),
    dumpState: () => asked.push('dump')
  }
  return { server, asked }
}

test('what is asked before there is a server is done once there is one, each thing once', () => {
  const signals = new EventEmitter()
  const { server, asked } = scribe()
  const orders = listenForOrders({ signals, hungUp: () => false })
  const early: readonly OrderSignal[] = ['SIGUSR1', 'SIGHUP', 'SIGHUP']
  for (const signal of early) signals.emit(signal)

  assert.equal(asked, [])
  orders.begin(server)

  assert.equal(asked, ['reopen', 'reopen', 'reload'])
  orders.release()
})

test('a server that stops is asked nothing, and nothing is kept for it', () => {
  const signals = new EventEmitter()
  const { server, asked } = scribe()
  const orders = listenForOrders({ signals, hungUp: () => false })
  orders.begin(server)
  signals.emit('SIGTTIN')
  orders.end()
  signals.emit('SIGHUP')

  assert.equal(asked, ['workers 1'])
  orders.release()
  assert.is(signals.listenerCount('SIGHUP'), 0)
})

test.run()
