// What TARGET may be, from the command line to the application's own answer.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 90_000
const APPS = testApp('')

const test = suite('TARGET')

const forms: ReadonlyArray<readonly [target: string, cwd: string, callable: string]> = [
  [`${APPS}/mirror.py:named`, temporaryFolder(), 'named'],
  ['mirror:make()', APPS, 'make()'],
  ['shop.web:named', APPS, 'shop.web:named'],
  ['shop/web.py:make()', APPS, 'shop.web:make()'],
  ['folder', APPS, 'folder/app.py:create_app()']
]
for (const [target, cwd, callable] of forms) {
  test(
    `${target.replace(APPS, '…')} is found and served`,
    within(LIMIT_MS, async () => {
      const server = await serve([target, '--workers', '1'], { cwd })
      try {
        const reply = await server.request('/')

        assert.is((JSON.parse(reply.text) as { callable: string }).callable, callable)
      } finally {
        await server.close()
      }
    })
  )
}

test(
  'check loads the application, says so in one line and ends',
  within(LIMIT_MS, async () => {
    const check = runWasgi(['check', 'mirror:make()'], { cwd: APPS })

    assert.is(await check.exited, 0)
    assert.match(check.out(), /^wasgi can serve mirror:make\(\) \(Python 3\.14[^\n]*\)\n$/)
  })
)

test.run()
