// More requests than workers: nobody waits for a busy worker while another one is idle.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000
const DATA = temporaryFolder()

const test = suite<{ server: TestServer }>('waiting requests')

test.before(async (context) => {
  context.server = await serve([testApp('patient.py'), '--workers', '2', '--data-dir', DATA])
})
test.after(({ server }) => server.close())

test(
  'requests handed to a worker that turns out busy are answered by the other one',
  within(LIMIT_MS, async ({ server }) => {
    writeFileSync(join(DATA, 'now'), '')
    const slow = server.request('/?later')
    await server.logged(/waiting for later/)

    const quick = await Promise.all(Array.from({ length: 40 }, () => server.request('/?now')))
    writeFileSync(join(DATA, 'later'), '')

    assert.equal(new Set(quick.map(({ status }) => status)), new Set([200]))
    assert.is((await slow).text, 'answered\n')
  })
)

test(
  'requests that came while all workers were busy are answered in the end',
  within(LIMIT_MS, async ({ server }) => {
    const slow = [server.request('/?first'), server.request('/?second')]
    await server.logged(/waiting for first/)
    await server.logged(/waiting for second/)
    const queued = Array.from({ length: 40 }, () => server.request('/?now'))

    writeFileSync(join(DATA, 'second'), '')
    const quick = await Promise.all(queued)
    writeFileSync(join(DATA, 'first'), '')

    assert.equal(new Set(quick.map(({ status }) => status)), new Set([200]))
    for (const reply of slow) assert.is((await reply).status, 200)
  })
)

test.run()
