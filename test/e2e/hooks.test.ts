// Hooks before an application, over real connections: who may ask, who is asking, and who answers.
import { createHash } from 'node:crypto'
import { utimesSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import Fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wasgi } from '../../src/index.ts'
import { type Reply, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder, testApp } from './places.ts'
import { curl } from './programs.ts'

const LIMIT_MS = 120_000
const SITE = testApp('hooked_site.py')
const USERS = testApp('hooks/users.py')
const CHALLENGE = 'Basic realm="Restricted", charset="UTF-8"'

interface Context {
  basic: TestServer
  digest: TestServer
  changing: TestServer
}

const folder = temporaryFolder()
const script = join(folder, 'changing.py')
let changes = 0

/** Writes the script anew; the time of a change is the file's only sign of it. */
function rewrite(text: string): void {
  writeFileSync(script, text)
  utimesSync(script, ++changes, changes)
}

const test = suite<Context>('hooks')
test.before(async (context) => {
  const groups = ['--auth-group-script', USERS, '--require-group', 'staff']
  const routes = ['--dispatch-script', testApp('hooks/routes.py')]
  const one = ['--workers', '1', '--restrict-embedded']
  const access = ['--access-script', testApp('gatekeeper.py')]
  const all = [...one, ...access, '--auth-user-script', USERS, ...groups, ...routes]
  context.basic = await serve([SITE, ...all])
  const digest = ['--auth-user-script', USERS, '--auth-type', 'digest', '--auth-realm', 'here']
  context.digest = await serve([SITE, ...one, ...digest, '--pass-authorization'])
  rewrite('def allow_access(environ, host):\n    return True\n')
  context.changing = await serve([
    SITE,
    ...one,
    '--access-script',
    script,
    '--dispatch-script',
    script
  ])
})
test.after(async ({ basic, digest, changing }) => {
  await Promise.all([basic.close(), digest.close(), changing.close()])
})

function as(user: string, password = 'open:sesame'): Record<string, string> {
  return {
    Authorization: `Basic ${Buffer.from(`${user}:${password}`, 'latin1').toString('base64')}`
  }
}

function told(reply: Reply): Record<string, unknown> {
  assert.is(reply.status, 200, reply.text)
  return JSON.parse(reply.text) as Record<string, unknown>
}

interface Answered {
  readonly status: number
  /** Of the connection that it came through. */
  readonly port: number
}

/** One request over a connection that is kept. */
function over(
  agent: http.Agent,
  server: TestServer,
  options: http.RequestOptions,
  body?: string
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = http.request(server.url, { ...options, agent }, (response) => {
      const port = response.socket.localPort ?? 0
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, port }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

const PASSWORDS: ReadonlyArray<readonly [user: string, status: number, log?: RegExp]> = [
  ['alice', 200],
  ['bob', 200],
  ['renamed', 200],
  ['denied', 401],
  ['unknown', 401],
  ['truthy', 500, /check_password must return [^\n]*, not int\./],
  ['empty', 500, /check_password must return [^\n]*, not an empty str\./],
  ['bytes', 500, /check_password must return [^\n]*, not bytes\./],
  ['snow', 500, /check_password must return [^\n]*, not str\./],
  ['newline', 500, /the name of the user has control characters/],
  ['raises', 500, /ValueError: a password check in trouble/],
  ['exits', 500, /SystemExit: 1/],
  ['long', 500, /the response headers take [0-9]+ bytes/],
  ['carol', 401],
  ['odd', 401, /groups_for_user must return an iterable of groups, so the user is in no group/],
  ['lost', 401, /groups_for_user failed, so the user is in no group/]
]
for (const [user, status, log] of PASSWORDS) {
  test(
    `the user ${user} gets ${status}`,
    within(LIMIT_MS, async ({ basic }) => {
      const reply = await basic.request('/', { headers: as(user) })

      assert.is(reply.status, status)
      assert.is(reply.headers['www-authenticate'], status === 401 ? CHALLENGE : undefined)
      if (log !== undefined) await basic.logged(log)
    })
  )
}

test(
  'nobody gets in without credentials, and the challenge says which are wanted',
  within(LIMIT_MS, async ({ basic }) => {
    const none = await basic.request('/')
    const wrong = await basic.request('/', { headers: as('alice', 'wrong') })
    const head = await basic.request('/', { method: 'HEAD' })
    const other = await basic.request('/', { headers: { Authorization: 'Bearer eDp5' } })

    for (const reply of [none, wrong, head, other]) {
      assert.equal([reply.status, reply.headers['www-authenticate']], [401, CHALLENGE])
    }
    assert.match(none.text, 'WASGI_ERR_AUTH_REQUIRED')
  })
)

test(
  'an interpreter of hooks that dies lets nobody in, and another one takes its place',
  within(LIMIT_MS, async ({ basic }) => {
    const died = await basic.request('/', { headers: as('dies') })
    const after = await basic.request('/', { headers: as('alice') })

    assert.equal([died.status, after.status], [502, 200])
  })
)

test(
  'a body that nobody reads, since its sender may not, leaves the connection as it was',
  within(LIMIT_MS, async ({ basic }) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const body = 'x'.repeat(200_000)

    const refused = await over(agent, basic, { method: 'POST', headers: as('denied') }, body)
    const passed = await over(agent, basic, { headers: as('alice') })
    agent.destroy()

    assert.equal([refused.status, passed.status], [401, 200])
    assert.is(passed.port, refused.port)
  })
)

test(
  'the application is told of the user and of the type, and not of the password',
  within(LIMIT_MS, async ({ basic }) => {
    const alice = told(await basic.request('/', { headers: as('alice') }))
    const renamed = told(await basic.request('/', { headers: as('renamed') }))

    assert.equal([alice.REMOTE_USER, alice.AUTH_TYPE], ['alice', 'Basic'])
    assert.is(renamed.REMOTE_USER, 'Robert')
    assert.is('HTTP_AUTHORIZATION' in alice, false)
    assert.is('wasgi.callable_object' in alice, false)
  })
)

test(
  'no header of a client becomes REMOTE_USER, AUTH_TYPE or the choice of a callable',
  within(LIMIT_MS, async ({ basic, changing }) => {
    const forged = {
      'Remote-User': 'root',
      REMOTE_USER: 'root',
      'AUTH-TYPE': 'Basic',
      'wasgi.callable_object': 'other'
    }

    const alice = told(await basic.request('/', { headers: { ...as('alice'), ...forged } }))
    const anybody = told(await changing.request('/', { headers: forged }))

    assert.equal([alice.REMOTE_USER, alice.HTTP_REMOTE_USER], ['alice', 'root'])
    assert.is('REMOTE_USER' in anybody || 'AUTH_TYPE' in anybody, false)
  })
)

test(
  'access comes before authentication, and a request that may pass keeps its body',
  within(LIMIT_MS, async ({ basic }) => {
    const denied = await basic.request('/denied')
    const posted = await basic.request('/', { method: 'POST', headers: as('alice'), body: 'x' })

    assert.is(denied.status, 403)
    assert.is(told(posted).CONTENT_LENGTH, '1')
  })
)

const ROUTES: ReadonlyArray<readonly [query: string, status: number, text: string]> = [
  ['', 200, '"mod_wsgi.callable_object": "application"'],
  ['callable=other', 200, '{"other": "other"}'],
  ['callable=bytes', 200, '{"other": "other"}'],
  ['callable=missing', 404, '404 Not Found'],
  ['callable=number', 500, 'WASGI_ERR_HOOK'],
  ['callable=json.dumps', 500, 'WASGI_ERR_HOOK'],
  ['raise', 500, 'WASGI_ERR_HOOK'],
  ['process=default&group=%25%7BGLOBAL%7D', 200, '"mod_wsgi.process_group": "default"'],
  ['process=%25%7BGLOBAL%7D', 500, 'WASGI_ERR_HOOK'],
  ['process=elsewhere', 500, 'WASGI_ERR_HOOK'],
  ['group=elsewhere', 500, 'WASGI_ERR_HOOK']
]
for (const [query, status, text] of ROUTES) {
  test(
    `a dispatch script asked for "${query}" ends in ${status}`,
    within(LIMIT_MS, async ({ basic }) => {
      const reply = await basic.request(`/?${query}`, { headers: as('alice') })

      assert.is(reply.status, status, reply.text)
      assert.match(reply.text, text)
    })
  )
}

test(
  'all scripts of an application share one interpreter, which restrict_embedded does not forbid',
  within(LIMIT_MS, async () => {
    const app = Fastify({ pluginTimeout: 0 })
    const scripts = { accessScript: testApp('gatekeeper.py'), authUserScript: USERS }
    const more = { dispatchScript: testApp('hooks/routes.py'), restrictEmbedded: true, workers: 1 }
    await app.register(wasgi, { app: SITE, ...scripts, ...more })
    await app.ready()

    const found = app.wasgi.interpreters().map(({ group, mode }) => `${group} ${mode}`)
    const reply = await app.inject({ url: '/', headers: as('alice') })
    await app.close()

    assert.equal(found.sort(), ['default daemon', 'hooks:default embedded'])
    assert.is(reply.json().REMOTE_USER, 'alice')
  })
)

test(
  'a script that has changed is used as it is now, without a restart',
  within(LIMIT_MS, async ({ changing }) => {
    const before = await changing.request('/')
    rewrite('def allow_access(environ, host):\n    return False\n')
    const denied = await changing.request('/')
    rewrite('def allow_access(environ, host)\n')
    const broken = await changing.request('/')
    rewrite('def allow_access(environ, host): ...\ndef callable_object(environ): return "other"\n')
    const repaired = await changing.request('/')

    assert.equal([before.status, denied.status, broken.status], [200, 403, 403])
    await changing.logged(/SyntaxError: expected ':'/)
    assert.equal(told(repaired), { other: 'other' })
  })
)

test(
  'a dispatch script that cannot be imported is logged, and requests go where they are mounted',
  within(LIMIT_MS, async () => {
    const routes = join(folder, 'broken_routes.py')
    writeFileSync(routes, 'raise ValueError("no routes today")\n')
    const server = await serve([SITE, '--workers', '1', '--dispatch-script', routes])
    try {
      const reply = await server.request('/')

      assert.is(told(reply)['mod_wsgi.callable_object'], 'application')
      await server.logged(/ValueError: no routes today/)
      await server.logged(/cannot be imported, so requests go where they are mounted/)
    } finally {
      await server.close()
    }
  })
)

function digestOf(reply: Reply, user: string, changed: Record<string, string> = {}): string {
  const nonce = /nonce="([^"]+)"/.exec(reply.headers['www-authenticate'] ?? '')?.[1] ?? ''
  const fields = { username: user, realm: 'here', nonce, uri: '/', nc: '00000001', cnonce: 'c' }
  const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex')
  const { uri } = fields
  const [one, two] = [md5(`${user}:here:open:sesame`), md5(`GET:${uri}`)]
  const response = md5(`${one}:${nonce}:00000001:c:auth:${two}`)
  const all = Object.entries({ ...fields, response, ...changed })
  return `Digest ${all.map(([name, value]) => `${name}="${value}"`).join(', ')}, qop=auth`
}

const DIGESTS: ReadonlyArray<
  readonly [what: string, user: string, changed: Record<string, string>, status: number]
> = [
  ['is right', 'alice', {}, 200],
  ['is right, for a hash given as bytes', 'bob', {}, 200],
  ['has another response', 'alice', { response: 'f'.repeat(32) }, 401],
  ['is for another target', 'alice', { uri: '/other' }, 401],
  ['is for another realm', 'alice', { realm: 'there' }, 401],
  ['has a nonce of its own', 'alice', { nonce: '0'.repeat(76) }, 401],
  ['is of an unknown user', 'mallory', {}, 401],
  ['meets an empty hash', 'empty', {}, 500],
  ['meets a hash that is a number', 'number', {}, 500],
  ['meets a script in trouble', 'raises', {}, 500]
]
for (const [what, user, changed, status] of DIGESTS) {
  test(
    `a digest that ${what} gets ${status}`,
    within(LIMIT_MS, async ({ digest }) => {
      const challenged = await digest.request('/')

      const Authorization = digestOf(challenged, user, changed)
      const reply = await digest.request('/', { headers: { Authorization } })

      assert.is(challenged.status, 401)
      assert.is(reply.status, status)
      if (status !== 200) return
      const { REMOTE_USER, AUTH_TYPE, HTTP_AUTHORIZATION } = told(reply)
      assert.equal([REMOTE_USER, AUTH_TYPE, HTTP_AUTHORIZATION], [user, 'Digest', Authorization])
    })
  )
}

test(
  'curl gets in, by Basic and by Digest',
  within(LIMIT_MS, async ({ basic, digest }) => {
    const user = ['--user', 'alice:open:sesame']

    const byBasic = await curl([...user, `${basic.url}/`])
    const byDigest = await curl([...user, '--digest', `${digest.url}/?a=1`])
    const wrong = await curl(['--user', 'alice:no', '--digest', `${digest.url}/`])

    assert.is(JSON.parse(byBasic.out).AUTH_TYPE, 'Basic')
    assert.is(JSON.parse(byDigest.out).AUTH_TYPE, 'Digest')
    assert.match(wrong.out, 'WASGI_ERR_AUTH_REQUIRED')
  })
)

test(
  'the example lets its members in, with the password of each, and editors alone if that is asked',
  within(LIMIT_MS, async () => {
    const members = example('members.py')
    const script = { authUserScript: members, authGroupScript: members, requireGroup: ['editors'] }
    const app = Fastify({ pluginTimeout: 0 })
    await app.register(wasgi, { app: SITE, workers: 1, ...script })
    const statusOf = async (user: string, password: string): Promise<number> =>
      (await app.inject({ url: '/', headers: as(user, password) })).statusCode

    const statuses = [
      await statusOf('ada', 'engine'),
      await statusOf('ada', 'brush'),
      await statusOf('bob', 'brush'),
      await statusOf('eve', 'engine')
    ]
    await app.close()

    assert.equal(statuses, [200, 401, 401, 401])
  })
)

const WRONG: ReadonlyArray<readonly [options: Record<string, unknown>, code: string]> = [
  [{ authGroupScript: USERS, requireGroup: ['staff'] }, 'WASGI_ERR_CONFIG_INVALID'],
  [{ authUserScript: USERS, authGroupScript: USERS }, 'WASGI_ERR_CONFIG_INVALID'],
  [{ authUserScript: USERS, requireGroup: ['staff'] }, 'WASGI_ERR_CONFIG_INVALID'],
  [{ authUserScript: USERS, authRealm: 'a"b' }, 'WASGI_ERR_CONFIG_INVALID'],
  [{ authUserScript: '/nowhere/users.py' }, 'WASGI_ERR_APP_NOT_FOUND'],
  [{ authUserScript: SITE }, 'WASGI_ERR_APP_CALLABLE'],
  [{ dispatchScript: '/nowhere/routes.py' }, 'WASGI_ERR_APP_NOT_FOUND']
]
for (const [options, code] of WRONG) {
  test(
    `${JSON.stringify(Object.keys(options))} is refused with ${code}`,
    within(LIMIT_MS, async () => {
      const app = Fastify({ pluginTimeout: 0 })
      app.register(wasgi, { app: SITE, ...options })
      const error = await app.ready().then(
        () => undefined,
        (reason: { code: string }) => reason
      )
      await app.close()

      assert.is(error?.code, code)
    })
  )
}

test.run()
