// Several applications and several process groups in one server: who answers, who shares an
// interpreter with whom, and who sees what.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve as serveHere, WasgiError, wasgi } from '../../src/index.ts'
import { fetchRaw, runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'

const LIMIT_MS = 120_000

const FRONT = testApp('grouped/front.py')

interface Told {
  readonly name: string
  readonly script_name: string
  readonly path_info: string
  readonly worker: string
  readonly visits: readonly string[]
  readonly imported: readonly string[]
  readonly folders: readonly string[]
  readonly packages: readonly string[]
  readonly data: readonly string[] | null
  readonly env: Readonly<Record<string, string>>
}

/** A folder with a wasgi.toml and what it names: the applications are those of test/apps/grouped. */
function site(): string {
  const folder = temporaryFolder()
  for (const name of ['common', 'own', 'data', 'python_modules']) mkdirSync(join(folder, name))
  for (const name of ['common', 'own', 'python_modules']) {
    writeFileSync(join(folder, name, `of_${name}.py`), '')
  }
  writeFileSync(join(folder, 'data', 'ledger.txt'), '')
  writeFileSync(
    join(folder, 'wasgi.toml'),
    `workers = 1
python_path = ["common"]

[env]
COMMON = "1"

[groups.apart]
python_path = ["own"]
data_dir = "data"
env = { OWN = "1" }

[[mounts]]
path = "/shop/admin"
app = "${testApp('grouped/back.py')}"

[[mounts]]
path = "/shop"
app = "${FRONT}"

[[mounts]]
path = "/second"
app = "${FRONT}:second"
body_limit = "10"

[[mounts]]
path = "/tenant"
app = "${testApp('tenant/front.py')}"

[[mounts]]
path = "/alone"
app = "${FRONT}"
application_group = "alone"

[[mounts]]
path = "/apart"
app = "${FRONT}"
process_group = "apart"
`
  )
  return folder
}

const test = suite<{ server: TestServer }>('several applications in one server')
test.before(async (context) => {
  context.server = await serve([], { cwd: site() })
})
test.after(async ({ server }) => {
  await server.close()
})

async function told(server: TestServer, path: string): Promise<Told> {
  const { text } = await server.request(path)
  return JSON.parse(text) as Told
}

test(
  'the longest mount takes a request, and SCRIPT_NAME and PATH_INFO are cut there',
  within(LIMIT_MS, async ({ server }) => {
    const cut = async (path: string): Promise<readonly string[]> => {
      const { name, script_name, path_info } = await told(server, path)
      return [name, script_name, path_info]
    }

    assert.equal(await cut('/shop'), ['front', '/shop', ''])
    assert.equal(await cut('/shop/cart?x=1'), ['front', '/shop', '/cart'])
    assert.equal(await cut('/shop/admin'), ['back', '/shop/admin', ''])
    assert.equal(await cut('/shop/admin/users/1'), ['back', '/shop/admin', '/users/1'])
    assert.equal(await cut('/shop/administration'), ['front', '/shop', '/administration'])
    assert.equal(await cut('/second/'), ['second', '/second', '/'])
  })
)

test(
  'a request that no mount takes is a 404',
  within(LIMIT_MS, async ({ server }) => {
    for (const path of ['/', '/elsewhere', '/shopping', '/Shop']) {
      const { status, text } = await server.request(path)
      assert.equal([status, text], [404, '404 Not Found\n'], path)
    }
    const posted = await server.request('/elsewhere', { method: 'POST', body: 'x'.repeat(100) })
    assert.is(posted.status, 404)
  })
)

test(
  'applications of one application group share an interpreter, each module is imported once',
  within(LIMIT_MS, async ({ server }) => {
    const before = await told(server, '/shop')
    await told(server, '/second')

    const after = await told(server, '/shop/admin')

    assert.equal(after.visits.slice(before.visits.length), ['second', 'back'])
    assert.equal(after.imported, ['front', 'back'])
    assert.equal([before.worker, after.worker], ['default/1', 'default/1'])
  })
)

test(
  'a further application group has an interpreter of its own, and so has a further process group',
  within(LIMIT_MS, async ({ server }) => {
    await told(server, '/shop')

    const alone = await told(server, '/alone')
    const apart = await told(server, '/apart')

    assert.equal(alone.visits, ['front'])
    assert.equal(apart.visits, ['front'])
    assert.equal([alone.worker, apart.worker], ['default|alone/1', 'apart/1'])
  })
)

test(
  'a group sees the folders of its own mounts, its own packages, data and variables, and no others',
  within(LIMIT_MS, async ({ server }) => {
    const shared = await told(server, '/shop')
    const alone = await told(server, '/alone')
    const apart = await told(server, '/apart')

    assert.equal(shared.folders, ['app', 'app2'])
    assert.equal(alone.folders, ['app'])
    assert.equal(apart.folders, ['app', 'data'])
    assert.equal(shared.packages, ['of_common.py', 'of_python_modules.py'])
    assert.equal(apart.packages, ['of_own.py'])
    assert.equal([shared.data, apart.data], [null, ['ledger.txt']])
    assert.equal(shared.env, { COMMON: '1' })
    assert.equal(apart.env, { COMMON: '1', OWN: '1' })
  })
)

test(
  'files of one name in two folders are two applications, even in one interpreter',
  within(LIMIT_MS, async ({ server }) => {
    const { text } = await server.request('/tenant')

    assert.is(text, "the tenant's front: /app2/front.py")
  })
)

test(
  'an option of a mount counts for that mount alone',
  within(LIMIT_MS, async ({ server }) => {
    const sent = { method: 'POST', body: 'x'.repeat(100) }

    assert.is((await server.request('/second', sent)).status, 413)
    assert.is((await server.request('/shop', sent)).status, 200)
  })
)

test(
  'check imports all of them, and says where one cannot be',
  within(LIMIT_MS, async () => {
    const folder = site()
    const fine = runWasgi(['check'], { cwd: folder })
    const [, callables = ''] = await fine.printed(/can serve (.*) \(Python/)
    writeFileSync(join(folder, 'broken.py'), 'import missing\n')
    const more = '[[mounts]]\npath = "/broken"\napp = "broken.py"\nprocess_group = "apart"\n'
    writeFileSync(join(folder, 'wasgi.toml'), more, { flag: 'a' })

    const broken = runWasgi(['check'], { cwd: folder })

    assert.is(await fine.exited, 0)
    assert.is(callables.split(', ').length, 6)
    assert.is(await broken.exited, 1)
    assert.match(broken.log(), /WASGI_ERR_APP_IMPORT/)
  })
)

test(
  'one of two modules of the same name in an interpreter is refused, and told what to do',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    for (const name of ['one', 'two']) {
      mkdirSync(join(folder, name, 'pages'), { recursive: true })
      writeFileSync(join(folder, name, 'pages', '__init__.py'), 'def app(e, s): ...\n')
    }
    const mount = (name: string): string =>
      `[[mounts]]\npath = "/${name}"\nroot = "${name}"\napp = "pages:app"\n`
    writeFileSync(join(folder, 'wasgi.toml'), `${mount('one')}${mount('two')}`)

    const refused = runWasgi(['serve', '--port', '0'], { cwd: folder })

    assert.is(await refused.exited, 1)
    assert.match(refused.log(), /"pages:app".*of another application.*application_group/)
  })
)

test(
  'a mount whose group cannot be met keeps the server from starting, and nothing is left running',
  within(LIMIT_MS, async () => {
    const app = Fastify()

    try {
      await app.register(wasgi, {
        groups: { apart: { dataDir: '/nowhere/at/all' } },
        mounts: [
          { path: '/', app: FRONT },
          { path: '/apart', app: FRONT, processGroup: 'apart' }
        ]
      })
      assert.unreachable('it was started')
    } catch (error) {
      assert.instance(error, WasgiError)
      assert.match(String(error), /data_dir.*\/nowhere\/at\/all/)
    }
    await app.close()
  })
)

test(
  'the plugin takes mounts and groups, below its prefix and beside the routes of Node.js',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    app.get('/py/node', async () => 'Node.js')
    await app.register(wasgi, {
      prefix: '/py',
      workers: 1,
      groups: { apart: { env: { OWN: '1' } } },
      mounts: [
        { path: '/', app: FRONT },
        { path: '/a/b', app: `${FRONT}:second` },
        { path: '/a', app: FRONT, processGroup: 'apart', applicationGroup: '%{RESOURCE}' }
      ]
    })
    const url = await app.listen({ port: 0 })
    const at = async (path: string): Promise<Told> =>
      JSON.parse((await fetchRaw(url, path)).text) as Told

    const [root, inner, outer] = [await at('/py/x'), await at('/py/a/b/c'), await at('/py/a/c')]

    assert.equal([root.script_name, root.path_info], ['/py', '/x'])
    assert.equal([inner.name, inner.script_name, inner.path_info], ['second', '/py/a/b', '/c'])
    assert.equal([outer.script_name, outer.path_info, outer.env], ['/py/a', '/c', { OWN: '1' }])
    assert.is(outer.worker, 'apart|localhost|/py/a/1')
    assert.equal(inner.visits, ['front', 'second'])
    assert.is((await fetchRaw(url, '/py/node')).text, 'Node.js')
    assert.is((await fetchRaw(url, '/pyx')).status, 404)
    assert.equal(
      app.wasgi.applications.map(({ prefix, group }) => [prefix, group]),
      [
        ['/py', 'default'],
        ['/py/a/b', 'default'],
        ['/py/a', 'apart|localhost|/py/a']
      ]
    )
    assert.is(app.wasgi.interpreters().length, 2)
    await app.close()
  })
)

test(
  'a program starts a server from the object that wasgi.toml is read to',
  within(LIMIT_MS, async () => {
    const server = await serveHere({
      port: 0,
      logLevel: 'silent',
      accessLog: 'off',
      workers: 1,
      mounts: [{ path: '/shop', app: FRONT }]
    })

    const { status, text } = await fetchRaw(server.url, '/shop/cart')
    const outside = await fetchRaw(server.url, '/')
    await server.close()

    assert.equal([status, outside.status], [200, 404])
    assert.is((JSON.parse(text) as Told).script_name, '/shop')
  })
)

test(
  'the example of the guide is the one in pyapps, and serves its three applications',
  within(LIMIT_MS, async () => {
    const config = example('several/wasgi.toml')
    const guide = readFileSync(new URL('../../docs/guides/groups.md', import.meta.url), 'utf8')

    const server = await serve(['--config', config, '--lazy'])

    assert.ok(guide.includes(readFileSync(config, 'utf8')))
    assert.is((await server.request('/Ann')).text, 'Hello, Ann!\n')
    assert.match((await server.request('/echo/x')).text, /\/echo/)
    assert.match((await server.request('/echo/upload')).text, /<form/)
    await server.close()
  })
)

test.run()
