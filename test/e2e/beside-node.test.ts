// The example of Python beside Node.js in one Fastify server, run as a user runs it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fetchRaw } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder } from './places.ts'
import { Visitor } from './visitor.ts'

/** Stands for having installed the package: its name leads to the sources. */
const INSTALLED = `data:text/javascript,import { registerHooks } from 'node:module';
registerHooks({ resolve: (name, context, next) => next(
  name === 'wasgi' ? '${new URL('../../src/index.ts', import.meta.url)}' : name, context) })`

const test = suite('pyapps/beside_node')

test(
  'both applications and the routes of Node.js answer, until it is told to stop',
  within(120_000, async () => {
    const env = { PATH: process.env.PATH, PORT: '0', DATA_DIR: temporaryFolder() }
    const server = spawn(
      process.execPath,
      ['--import', INSTALLED, example('beside_node/server.ts')],
      {
        env: { ...env, PYTHON_PATH: await frameworks() },
        stdio: ['ignore', 'pipe', 'inherit']
      }
    )
    const ended = once(server, 'exit')
    try {
      const [line] = (await Promise.race([once(server.stdout, 'data'), ended])) as unknown[]
      const url = /http:\S+/.exec(String(line))?.[0] ?? ''
      const list = await fetchRaw(url, '/')
      const hello = await fetchRaw(url, '/py/Node.js')
      const signedUp = await new Visitor(url).fill('/flask/signup', { name: 'A', password: 'x' })

      const applications = JSON.parse(list.text) as { applications: Array<{ prefix: string }> }
      assert.equal(
        applications.applications.map(({ prefix }) => prefix),
        ['/py', '/flask']
      )
      assert.is(hello.text, 'Hello, Node.js!\n')
      assert.is(hello.headers['x-served-by'], 'Fastify')
      assert.match(signedUp.text, /Welcome/)
      assert.match(signedUp.text, /href="\/flask\/static\/style\.css"/)
    } finally {
      server.kill('SIGTERM')
    }
    assert.equal(await ended, [0, null])
  })
)

test.run()
