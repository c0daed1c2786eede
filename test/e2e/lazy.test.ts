// Lazy initialisation: the server listens before there is any interpreter, and one is made when a
// request needs it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const test = suite('lazy initialisation')

const interpreters = (log: string): number => [...log.matchAll(/interpreter ready group=/g)].length

test(
  'no interpreter is made before the first request, and one for it',
  within(LIMIT_MS, async () => {
    const server = await serve(['pyapps/hello.py', '--lazy', '--workers', '2'])
    try {
      assert.is(interpreters(await server.caughtUp()), 0)

      const reply = await server.request('/')
      const again = await server.request('/again')

      assert.is(reply.text, 'Hello, world!\n')
      assert.is(again.status, 200)
      await server.tells(interpreters, 1) // written after the response, it may be
    } finally {
      await server.close()
    }
  })
)

test(
  'a request that finds every interpreter busy has another one made',
  within(LIMIT_MS, async () => {
    const data = temporaryFolder()
    const args = [testApp('meeting.py'), '--workers', '2', '--data-dir', data]
    const server = await serve([...args, '--lazy-initialization'])
    try {
      // Each waits for the other, so they end only if both run.
      const replies = await Promise.all([server.request('/a'), server.request('/b')])

      assert.equal(
        replies.map(({ text }) => text),
        ['a met b\n', 'b met a\n']
      )
      await server.tells(interpreters, 2)
    } finally {
      await server.close()
    }
  })
)

test(
  'an application that cannot start is a 503 with its code, and is tried again once it is mended',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    const app = join(folder, 'app.py')
    writeFileSync(app, 'import missing_module\n')
    const server = await serve([app, '--workers', '1'], {
      env: { WASGI_LAZY_INITIALIZATION: 'on' }
    })
    try {
      const broken = await server.request('/')
      assert.is(broken.status, 503)
      assert.is(broken.text, '503 Service Unavailable\nWASGI_ERR_GROUP_DOWN\n')
      assert.match(String(broken.headers['retry-after']), /^[1-9]\d*$/)
      await server.logged(/No module named 'missing_module'/)

      writeFileSync(
        app,
        'def app(environ, start_response):\n    start_response("204 Mended", [])\n    return []\n'
      )
      let mended = await server.request('/')
      while (mended.status === 503) mended = await server.request('/')

      assert.is(mended.reason, 'Mended')
    } finally {
      await server.close()
    }
  })
)

test.run()
