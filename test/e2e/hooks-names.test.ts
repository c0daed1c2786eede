// What the interpreters of hooks are called, and where they think they are.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000
const SITE = testApp('hooked_site.py')

const test = suite('names of hooks')

const GLOBAL_ONLY = `
def allow_access(environ, host):
    return environ["mod_wsgi.process_group"] == environ["mod_wsgi.application_group"] == ""
`

test(
  'hooks have names that no process group can have, and are in %{GLOBAL} whatever their mount is in',
  within(LIMIT_MS, async () => {
    const accessScript = join(temporaryFolder(), 'global_only.py')
    writeFileSync(accessScript, GLOBAL_ONLY)
    const mounts = [
      { path: '/', app: SITE, accessScript },
      { path: '/tills', app: SITE, accessScript, applicationGroup: 'tills' },
      { path: '/other', app: SITE, processGroup: 'default-hooks' }
    ]
    const options = { mounts, groups: { 'default-hooks': {} }, workers: 1 }
    const app = Fastify({ pluginTimeout: 0 })
    await app.register(wasgi, options)
    await app.ready()

    const found = app.wasgi.interpreters().map(({ group }) => group)
    const statuses = []
    for (const url of ['/', '/tills', '/other']) statuses.push((await app.inject(url)).statusCode)
    await app.close()

    const groups = ['default', 'default-hooks', 'default|tills']
    assert.equal(found.sort(), [...groups, 'hooks:default', 'hooks:default|tills'])
    assert.equal(statuses, [200, 200, 200])
  })
)

test(
  'a group that is called as hooks are is refused',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    const options = { app: SITE, groups: { 'hooks:default': {} } }

    const error = await Promise.resolve(app.register(wasgi, options)).catch((e: Error) => e)
    await app.close().catch(() => {})

    assert.match(String(error), /a name in groups must be letters, digits, .* got "hooks:default"/)
  })
)

test.run()
