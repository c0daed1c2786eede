// What of a configuration that is read anew counts for a server that runs.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { takenOver, unreloadable } from '../../src/config/reloaded.ts'
import { settingsFromProgram } from '../../src/config/settings.ts'

const test = suite('configuration read anew')

const MOUNTS = { app: 'app.py', mount: '/', groups: { shop: { queueLimit: 5 } } }

test('what interpreters are made from is taken over, and all else stays as it runs', () => {
  const running = settingsFromProgram({ app: 'app.py', workers: 1, env: { A: '1' } })
  const options = { app: 'new.py', workers: 3, env: { A: '2' }, debug: true, memoryLimit: '99M' }
  const read = settingsFromProgram({ ...options, reload: true })

  const server = takenOver(running, read)

  assert.equal(unreloadable(running, read), ['debug', 'memory_limit', 'reload'])
  for (const { settings } of [server, ...server.mounts]) {
    assert.equal([settings.app, settings.workers, settings.env.A], ['new.py', 3, '2'])
    assert.equal([settings.debug, settings.reload], [false, false])
    assert.is(settings.memoryLimit, running.settings.memoryLimit)
  }
  assert.equal(unreloadable(running, server), [])
})

test('the same holds for the groups that a dispatch script may choose', () => {
  const dispatch = { dispatchScript: 'dispatch.py', dispatchGroups: ['shop'] }
  const running = settingsFromProgram({ ...MOUNTS, ...dispatch })
  const groups = { shop: { queueLimit: 6, workers: 5 } }
  const read = settingsFromProgram({ ...MOUNTS, ...dispatch, groups })

  const [mount] = takenOver(running, read).mounts
  const settings = mount?.elsewhere?.[0]?.settings

  assert.equal(unreloadable(running, read), ['queue_limit'])
  assert.equal([settings?.queueLimit, settings?.workers], [5, 5])
})

test.run()
