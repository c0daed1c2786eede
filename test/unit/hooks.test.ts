// Hooks without Python: the schemes of authentication, and the order of the questions.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Settings } from '../../src/config/settings.ts'
import { WasgiError } from '../../src/errors.ts'
import { readCredentials } from '../../src/server/hooks/basic.ts'
import {
  DigestAuthentication,
  digestResponse,
  NONCE_LIFE_MS,
  readDigest
} from '../../src/server/hooks/digest.ts'
import { Hooks, isAuthorizationPassed } from '../../src/server/hooks/hooks.ts'
import { type Question, Verdict } from '../../src/server/hooks/questions.ts'
import type { RequestFacts } from '../../src/server/request-facts.ts'
import { place, routes } from './hook-places.ts'
import { within } from './within.ts'

const test = suite('hooks')

const basic = (text: string, scheme = 'Basic'): string =>
  `${scheme} ${Buffer.from(text, 'latin1').toString('base64')}`

const CREDENTIALS: ReadonlyArray<
  readonly [authorization: string, user?: string, password?: string]
> = [
  [basic('Aladdin:open sesame'), 'Aladdin', 'open sesame'],
  [basic('a:b:c', 'bAsIc'), 'a', 'b:c'],
  [basic('a:'), 'a', ''],
  [basic('t\xc3\xa4st:\xff'), 't\xc3\xa4st', '\xff'],
  [basic(':x')],
  [basic('no colon')],
  [basic('a\nb:x')],
  [basic('a:x\x00')],
  ['Basic'],
  ['Basic !!!'],
  [`${basic('a:b')}, ${basic('c:d')}`],
  ['Bearer eDp5']
]
for (const [authorization, user, password] of CREDENTIALS) {
  test(`Basic: ${JSON.stringify(authorization)} is ${user ?? 'nobody'}`, () => {
    const expected = user === undefined ? undefined : { user, password }

    assert.equal(readCredentials(authorization), expected)
  })
}

// RFC 7616, 3.9.1.
const RFC_EXAMPLE =
  'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, ' +
  'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ' +
  'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, ' +
  'response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'

test('Digest: the example of RFC 7616 comes out as it says', () => {
  const fields = readDigest(RFC_EXAMPLE) ?? {}
  const hash = '3d78807defe7de2157e2b0b6573a855f' // MD5 of Mufasa:http-auth@example.org:Circle of Life

  assert.is(digestResponse(hash, fields, 'GET'), fields.response)
})

const MALFORMED = [
  'Digest',
  'Digest username',
  'Digest username=',
  'Digest username="open',
  'Digest username="a" realm="b"',
  'Digest username="a", username="b"',
  'Digest ="a"',
  'Basic eDp5'
]
for (const text of MALFORMED) {
  test(`Digest: ${JSON.stringify(text)} is none`, () => {
    const fields = readDigest(text)

    assert.is(fields?.username, undefined)
  })
}

/** What a client makes of a challenge. */
function answered(challenge: string, changed: Record<string, string> = {}): string {
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? ''
  const own = {
    username: 'a',
    realm: 'r',
    uri: '/',
    nonce,
    nc: '00000001',
    cnonce: 'c',
    qop: 'auth'
  }
  const fields = { ...own, ...changed }
  const all = { response: digestResponse('hash', fields, 'GET'), ...fields }
  return `Digest ${Object.entries(all)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}`
}

const known = async (): Promise<Verdict> => new Verdict('{"outcome": "known", "hash": "hash"}')
const nobodyAsked = () => async (): Promise<Verdict> => {
  throw new Error('somebody was looked up')
}
const GET = { method: 'GET', target: '/' }

test(
  'Digest: a nonce is good for its life, and then stale for who knows the password',
  within(60_000, async () => {
    let now = 1_000_000
    const digest = new DigestAuthentication('r', () => now)
    const right = answered(digest.challenge(false))
    const wrong = answered(digest.challenge(false), { response: '0'.repeat(32) })

    now += NONCE_LIFE_MS
    const young = await digest.authenticate(right, GET, known)
    now += 1
    const old = await digest.authenticate(right, GET, known)

    assert.equal(young, { user: 'a' })
    assert.is(old, 'stale')
    assert.is(await digest.authenticate(wrong, GET, known), 'refused')
    assert.match(digest.challenge(true), /, stale=true$/)
  })
)

test(
  'Digest: nobody is looked up for a nonce of another server, or of the future',
  within(60_000, async () => {
    const digest = new DigestAuthentication('r', () => 1_000_000)
    const foreign = answered(new DigestAuthentication('r', () => 1_000_000).challenge(false))
    const future = answered(digest.challenge(false).replace(/nonce="0/, 'nonce="1'))
    const never = nobodyAsked()

    assert.is(await digest.authenticate(foreign, GET, never), 'stale')
    assert.is(await digest.authenticate(future, GET, never), 'stale')
  })
)

const UNFIT: ReadonlyArray<Record<string, string>> = [
  { username: '' },
  { username: 'a\u0001' },
  { realm: 'other' },
  { uri: '/other' },
  { qop: 'auth-int' },
  { algorithm: 'SHA-256' },
  { nc: '1' },
  { cnonce: '' }
]
for (const changed of UNFIT) {
  test(
    `Digest: ${JSON.stringify(changed)} is refused before anybody is asked`,
    within(60_000, async () => {
      const digest = new DigestAuthentication('r')
      const text = answered(digest.challenge(false), changed)

      const found = await digest.authenticate(text, GET, nobodyAsked())

      assert.is(found, 'refused')
    })
  )
}

const SETTINGS = {
  accessScript: 'a.py',
  authUserScript: 'u.py',
  authType: 'basic',
  authRealm: 'r',
  authGroupScript: 'g.py',
  requireGroup: ['staff'],
  dispatchScript: 'd.py',
  passAuthorization: undefined
} as unknown as Settings

const ROUTES = routes(place('default'))
const FACTS: RequestFacts = {
  line: {
    ...{ method: 'GET', target: '/', httpVersion: '1.1', scheme: 'http', scriptName: '' },
    ...{ remoteAddress: '192.0.2.7', remotePort: '5', serverName: 'x', serverPort: '80' }
  },
  headers: ['Authorization', basic('alice:secret'), 'Accept', 'a', 'Proxy-Authorization', 'b']
}

type Answers = Partial<Record<Question['function'], object | undefined>>
const CONSENT: Answers = {
  allow_access: { outcome: 'allowed' },
  check_password: { outcome: 'granted', user: 'alice' },
  groups_for_user: { outcome: 'granted' },
  dispatch: { outcome: 'routed', callable_object: 'other' }
}

/** Hooks whose scripts answer so; each question asked is kept, with the headers that came with it. */
function hooksThat(answers: Answers, settings: Partial<Settings> = {}) {
  const asked: Array<readonly [name: string, headers: readonly string[]]> = []
  const failures: WasgiError[] = []
  const ask = async (question: Question, { headers }: RequestFacts): Promise<Verdict> => {
    asked.push([question.function, headers])
    return new Verdict(JSON.stringify(answers[question.function]))
  }
  const interpreter = { ask } as unknown as ConstructorParameters<typeof Hooks>[1]
  const hooks = new Hooks({ ...SETTINGS, ...settings }, interpreter, (error) =>
    failures.push(error)
  )
  return { hooks, asked, failures }
}

test(
  'access, authentication, group and dispatch are asked in this order',
  within(60_000, async () => {
    const { hooks, asked } = hooksThat(CONSENT)

    const { line, headers } = (await hooks.pass(FACTS, 'GET /', ROUTES)).facts

    assert.equal(
      asked.map(([name]) => name),
      ['allow_access', 'check_password', 'groups_for_user', 'dispatch']
    )
    assert.equal(line.variables, {
      REMOTE_USER: 'alice',
      AUTH_TYPE: 'Basic',
      'wasgi.callable_object': 'other'
    })
    assert.equal(headers, ['Accept', 'a', 'Proxy-Authorization', 'b'])
  })
)

test(
  'no hook is handed credentials among the headers, but one that dispatches sees what the application does',
  within(60_000, async () => {
    const { hooks, asked } = hooksThat(CONSENT, { passAuthorization: true })

    const { headers } = (await hooks.pass(FACTS, 'GET /', ROUTES)).facts

    for (const [name, seen] of asked) {
      assert.equal(seen, name === 'dispatch' ? FACTS.headers : ['Accept', 'a'], name)
    }
    assert.equal(headers, FACTS.headers)
  })
)

const REFUSALS: ReadonlyArray<
  readonly [change: Answers, code: string, status: number, asked: number]
> = [
  [{ allow_access: { outcome: 'denied' } }, 'WASGI_ERR_ACCESS_DENIED', 403, 1],
  [{ allow_access: { outcome: 'strange' } }, 'WASGI_ERR_ACCESS_DENIED', 403, 1],
  [{ check_password: { outcome: 'denied' } }, 'WASGI_ERR_AUTH_REQUIRED', 401, 2],
  [{ check_password: { outcome: 'unknown' } }, 'WASGI_ERR_AUTH_REQUIRED', 401, 2],
  [{ check_password: { outcome: 'granted' } }, 'WASGI_ERR_AUTH_REQUIRED', 401, 2],
  [{ check_password: { outcome: 'failed', reason: 'x' } }, 'WASGI_ERR_HOOK', 500, 2],
  [{ check_password: [] }, 'WASGI_ERR_HOOK', 500, 2],
  [{ check_password: undefined }, 'WASGI_ERR_HOOK', 500, 2],
  [{ groups_for_user: { outcome: 'denied' } }, 'WASGI_ERR_GROUP_REQUIRED', 401, 3],
  [{ dispatch: { outcome: 'failed', reason: 'x' } }, 'WASGI_ERR_HOOK', 500, 4],
  [{ dispatch: { outcome: 'routed', process_group: 'other' } }, 'WASGI_ERR_HOOK', 500, 4]
]
for (const [change, code, status, count] of REFUSALS) {
  test(
    `${JSON.stringify(change)} ends in ${code}, and nothing further is asked`,
    within(60_000, async () => {
      const { hooks, asked, failures } = hooksThat({ ...CONSENT, ...change })

      const error = await hooks.pass(FACTS, 'GET /', ROUTES).then(
        () => undefined,
        (reason: WasgiError) => reason
      )

      assert.equal([error?.code, error?.statusCode, asked.length], [code, status, count])
      assert.is('www-authenticate' in (error?.headers ?? {}), status === 401)
      assert.is(failures.length, status === 500 ? 1 : 0)
    })
  )
}

test(
  'two Authorization fields are no credentials',
  within(60_000, async () => {
    const { hooks } = hooksThat(CONSENT)
    const headers = [...FACTS.headers, 'authorization', basic('alice:secret')]

    const error = await hooks.pass({ ...FACTS, headers }, 'GET /', ROUTES).catch((reason) => reason)

    assert.is(error instanceof WasgiError && error.code, 'WASGI_ERR_AUTH_REQUIRED')
  })
)

test('Authorization is passed on by default unless a script of ours reads it', () => {
  const rows = [
    [undefined, undefined, true],
    [undefined, 'u.py', false],
    [true, 'u.py', true],
    [false, undefined, false]
  ] as const

  for (const [passAuthorization, authUserScript, passed] of rows) {
    assert.is(isAuthorizationPassed({ ...SETTINGS, passAuthorization, authUserScript }), passed)
  }
})

test.run()
