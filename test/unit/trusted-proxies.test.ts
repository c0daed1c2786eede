// What a proxy is believed, header by header. The rules are mod_wsgi's (WSGITrustedProxies,
// WSGITrustedProxyHeaders).
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { proxyRules } from '../../src/config/proxies.ts'
import { WasgiError } from '../../src/errors.ts'
import type { RequestLine } from '../../src/wire/request-head.ts'
import { PROXY_HEADER_NAMES, throughProxies } from '../../src/wire/trusted-proxies.ts'
import { LINE, ORIGINS, seen } from './proxied.ts'

const test = suite('trusted proxies')

// --- Each header, of a trusted peer, of an untrusted one, and of anybody

const EACH: ReadonlyArray<readonly [header: string, value: string, facts: Partial<RequestLine>]> = [
  ['X-Forwarded-For', '203.0.113.7', { remoteAddress: '203.0.113.7' }],
  ['X-Client-IP', '203.0.113.7', { remoteAddress: '203.0.113.7' }],
  ['X-Real-IP', '2001:db8::7', { remoteAddress: '2001:db8::7' }],
  ['X-Forwarded-Server', 'www.example.com', { serverName: 'www.example.com' }],
  ['X-Forwarded-Port', '443', { serverPort: '443' }],
  ['X-Script-Name', '/shop', { scriptName: '/shop' }],
  ['X-Forwarded-Script-Name', '/a/b.c', { scriptName: '/a/b.c' }],
  ['X-Forwarded-Proto', 'HTTPS', { scheme: 'https' }],
  ['X-Forwarded-Scheme', 'https', { scheme: 'https' }],
  ['X-Scheme', 'https', { scheme: 'https' }],
  ['X-Forwarded-HTTPS', 'On', { scheme: 'https' }],
  ['X-Forwarded-SSL', 'true', { scheme: 'https' }],
  ['X-HTTPS', '1', { scheme: 'https' }],
  ['Forwarded', 'for=203.0.113.7;proto=https', { remoteAddress: '203.0.113.7', scheme: 'https' }]
]
for (const [header, value, facts] of EACH) {
  const lines = ['Host: inside', `${header}: ${value}`, 'Accept: */*']

  test(`${header} of a trusted peer counts, and stays`, () => {
    assert.equal(seen({ trusts: [header] }, lines), { ...facts, headers: lines })
  })

  test(`${header} of anybody else is removed`, () => {
    const result = seen({ trusts: [header], peer: '192.0.2.1' }, lines)

    assert.equal(result, { headers: ['Host: inside', 'Accept: */*'] })
  })

  test(`${header} counts from everyone with *`, () => {
    const result = seen({ trusts: [header], proxies: ['*'], peer: '192.0.2.1' }, lines)

    assert.equal(result, { ...facts, headers: lines })
  })
}

for (const header of ['X-Forwarded-Host', 'X-Host']) {
  test(`${header} of a trusted peer takes the place of Host, wherever that is`, () => {
    const lines = ['Accept: */*', 'HOST: inside', `${header}: www.example.com:8443`]

    assert.equal(seen({ trusts: [header] }, lines).headers, [
      'Accept: */*',
      'HOST: www.example.com:8443',
      `${header}: www.example.com:8443`
    ])
    assert.equal(seen({ trusts: [header] }, lines.slice(2)).headers, [
      'Host: www.example.com:8443',
      `${header}: www.example.com:8443`
    ])
    assert.equal(seen({ trusts: [header], peer: '192.0.2.1' }, lines).headers, lines.slice(0, 2))
  })
}

test('every header that can be trusted is one of these tables', () => {
  const tested = [...EACH.map(([header]) => header), 'X-Forwarded-Host', 'X-Host']

  assert.equal([...PROXY_HEADER_NAMES].sort(), tested.sort())
})

// --- Values that say no, or nothing

const SCHEMES: ReadonlyArray<readonly [header: string, value: string, scheme?: string]> = [
  ['X-Forwarded-Proto', 'http', 'http'],
  ['X-Forwarded-SSL', 'Off', 'http'],
  ['X-Forwarded-HTTPS', 'false', 'http'],
  ['X-HTTPS', '0', 'http'],
  ['Forwarded', 'proto=HTTP', 'http']
]
for (const [header, value, scheme] of SCHEMES) {
  test(`"${header}: ${value}" beats TLS at this end`, () => {
    assert.is(seen({ trusts: [header], scheme: 'https' }, [`${header}: ${value}`]).scheme, scheme)
  })
}

const NONSENSE: ReadonlyArray<readonly [header: string, ...values: string[]]> = [
  ['X-Forwarded-For', 'unknown', 'www.example.com', '1.2.3', '1.2.3.4.5', '01.2.3.4', ', ,', ''],
  ['X-Forwarded-For', '[203.0.113.7]', '[2001:db8::1', '2001:db8::1]:80', '1.2.3.4:x', '1.2.3.4:'],
  ['X-Real-IP', 'fe80::1%eth0', '<b>', '127.0.0.1 OR 1=1', '0x7f000001', '2130706433'],
  ['X-Forwarded-Port', '0', '65536', '443x', '-1', '+443', '0443', '4 43', '１', '99999999999999'],
  ['X-Forwarded-Proto', 'ftp', 'javascript:', 'https:', 'on', 'https://', ''],
  ['X-Forwarded-SSL', 'yes', 'https', '2', ''],
  ['X-Forwarded-Host', 'a b', 'a/b', 'user@host', 'host:', 'host:0', 'host:65536', 'a?b', ':80'],
  ['X-Forwarded-Host', '[::1', '[::g]', '2001:db8::1', 'a"b', "a'b", '<b>', 'é.example', '-a', ''],
  ['X-Forwarded-Server', 'a:80', 'a/b', '[1.2.3.4]', '[fe80::1%eth0]', 'a\\b', 'a'.repeat(256)],
  [
    'X-Script-Name',
    'shop',
    '/',
    '/shop/',
    '//evil.example',
    '/a//b',
    '/a?b',
    '/a#b',
    '/\\evil',
    ''
  ],
  ['X-Script-Name', '/..', '/a/../b', '/.', '/a/./b', '/a b', '/<b>', '/a"b', 'http://a/b'],
  ['Forwarded', 'for=unknown', 'for=_hidden', 'by=203.0.113.7', 'for', '=', ';', 'for="1.2.3.4'],
  ['Forwarded', 'for=1.2.3.4;for=5.6.7.8', 'for=1.2.3.4 proto=https', 'proto=ftp;host="a b"']
]
for (const [header, ...values] of NONSENSE) {
  for (const value of values) {
    test(`"${header}: ${value.slice(0, 20)}" counts as absent`, () => {
      const lines = ['Host: inside', `${header}: ${value}`]

      for (const proxies of [['10.0.0.0/8'], ['*']]) {
        assert.equal(seen({ trusts: [header], proxies }, lines), { headers: ['Host: inside'] })
      }
    })
  }
}

test('no control character and none beyond ASCII gets into a value, but in SCRIPT_NAME as bytes', () => {
  const [line, header] = [
    ['X-Forwarded-For', 'X-Real-IP', 'X-Forwarded-Host', 'X-Forwarded-Server'],
    ['X-Forwarded-Port', 'X-Forwarded-Proto', 'X-Script-Name']
  ]
  for (const name of [...line, ...header]) {
    for (const odd of ['\0', '\n', '\r', '\x7f', '\x1b']) {
      const lines = ['Host: inside', `${name}: /a${odd}b`]
      assert.equal(seen({ trusts: [name] }, lines), { headers: ['Host: inside'] })
    }
  }
  const bytes = '/caf\xc3\xa9'
  assert.is(seen({ trusts: ['X-Script-Name'] }, [`X-Script-Name: ${bytes}`]).scriptName, bytes)
})

// --- Whom to trust

const PEERS: ReadonlyArray<readonly [proxy: string, trusted: string[], others: string[]]> = [
  ['10.0.0.9', ['10.0.0.9', '::ffff:10.0.0.9'], ['10.0.0.8', '::10.0.0.9', '']],
  ['10.0.0.0/8', ['10.255.255.255', '::ffff:10.1.1.1'], ['11.0.0.0', '9.255.255.255', 'a00::']],
  ['10.0.0.9/30', ['10.0.0.8', '10.0.0.11'], ['10.0.0.12']],
  ['0.0.0.0/0', ['203.0.113.7'], ['2001:db8::1', '']],
  ['2001:db8::/32', ['2001:db8:ffff::1'], ['2001:db9::', '32.1.13.184']],
  ['fe80::/10', ['fe80::1', 'fe80::1%eth0'], ['::1']],
  ['::ffff:10.0.0.0/104', ['10.0.0.9'], ['11.0.0.1']],
  ['unix', [''], ['127.0.0.1', '::1', 'unix']],
  ['*', ['', '203.0.113.7', '2001:db8::1', 'nonsense'], []]
]
for (const [proxy, trusted, others] of PEERS) {
  test(`"${proxy}" trusts whom it names, and nobody else`, () => {
    const setting = { proxies: [proxy], trusts: ['X-Forwarded-Port'] }
    const port = (peer: string) => seen({ ...setting, peer }, ['X-Forwarded-Port: 81']).serverPort

    for (const peer of trusted) assert.is(port(peer), '81', `${peer} should be trusted`)
    for (const peer of [...others, 'nonsense'].filter((peer) => !trusted.includes(peer))) {
      assert.is(port(peer), undefined, `${peer} should not be trusted`)
    }
  })
}

// --- Synonyms

const CLIENT = [
  'X-Forwarded-For: 203.0.113.1',
  'X-Client-IP: 203.0.113.2',
  'X-Real-IP: 203.0.113.3'
]
const REST = ['X-Forwarded-Host: a', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 81']

test('synonyms of a trusted header are removed, even of a trusted peer; other categories stay', () => {
  const result = seen({ trusts: ['X-Client-IP'] }, [...CLIENT, 'Forwarded: for=1.2.3.4', ...REST])

  assert.equal(result, {
    remoteAddress: '203.0.113.2',
    headers: ['X-Client-IP: 203.0.113.2', ...REST]
  })
})

test('they are removed when the trusted header is not there at all', () => {
  const result = seen({ trusts: ['X-Forwarded-For'] }, [...CLIENT.slice(1), ...REST])

  assert.equal(result, { headers: REST })
})

test('of an untrusted peer, all of an opted-in category are removed, and nothing else', () => {
  const lines = [...CLIENT, 'Forwarded: for=1.2.3.4', ...REST, 'X_Forwarded_For: 1', 'Via: x']

  const result = seen({ trusts: ['X-Real-IP'], peer: '192.0.2.1' }, lines)

  assert.equal(result, { headers: [...REST, 'X_Forwarded_For: 1', 'Via: x'] })
})

test('of several trusted synonyms, the one that is configured last counts', () => {
  const forward = seen({ trusts: ['X-Forwarded-For', 'X-Real-IP'] }, CLIENT)
  const backward = seen({ trusts: ['X-Real-IP', 'X-Forwarded-For'] }, CLIENT)
  const absent = seen({ trusts: ['X-Forwarded-For', 'X-Real-IP'] }, CLIENT.slice(0, 2))
  const nonsense = seen({ trusts: ['X-Forwarded-For', 'X-Real-IP'] }, [
    ...CLIENT.slice(0, 2),
    'X-Real-IP: me'
  ])

  assert.equal(forward, { remoteAddress: '203.0.113.3', headers: ['X-Real-IP: 203.0.113.3'] })
  assert.equal(backward, {
    remoteAddress: '203.0.113.1',
    headers: ['X-Forwarded-For: 203.0.113.1']
  })
  for (const result of [absent, nonsense]) assert.equal(result, backward)
})

test('names with an underscore never match', () => {
  const lines = ['X_Forwarded_For: 203.0.113.7', 'X-Forwarded_Proto: https', 'X_Real-IP: 1.2.3.4']

  const result = seen({ proxies: ['*'], trusts: ['X-Forwarded-For', 'X-Forwarded-Proto'] }, lines)

  assert.equal(result, { headers: lines })
})

test('a request without any of the headers is left alone, by identity', () => {
  const rules = proxyRules({ trustedProxies: ['*'], trustedProxyHeaders: ['Forwarded'] }, ORIGINS)
  const headers = ['Host', 'a', 'Accept', '*/*']
  assert.ok(rules)

  const result = throughProxies(rules, LINE, headers)

  assert.is(result.line, LINE)
  assert.is(result.headers, headers)
})

test('Forwarded displaces the headers of its three categories, and shares them if asked to', () => {
  const lines = ['Forwarded: for=203.0.113.7;proto=http', ...CLIENT, ...REST]

  const alone = seen({ trusts: ['Forwarded'] }, lines)
  const shared = seen({ trusts: ['Forwarded', 'X-Forwarded-Proto'] }, lines)

  assert.equal(alone, { remoteAddress: '203.0.113.7', headers: [lines[0], 'X-Forwarded-Port: 81'] })
  assert.equal(shared, {
    remoteAddress: '203.0.113.7',
    scheme: 'https',
    headers: [lines[0], 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 81']
  })
})

// --- From settings to rules

const refusals: ReadonlyArray<
  readonly [proxies: readonly string[], headers: readonly string[], message: RegExp]
> = [
  [[], ['X-Forwarded-For'], /trusted_proxies must be .*everyone.*, got none \(from --trusted-prox/],
  [['10.0.0.1'], [], /trusted_proxy_headers must be .*, got none \(from wasgi\.toml line 7\)/],
  [
    ['*'],
    ['X-Forwarded'],
    /trusted_proxy_headers .*X-Forwarded-For.*got "X-Forwarded" \(from wasgi/
  ],
  [['*'], ['X_Forwarded_For'], /got "X_Forwarded_For"/],
  [['*'], ['Host'], /got "Host"/],
  ...[
    'localhost',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.1/',
    '/8',
    '10.0.0.1/08x',
    'all'
  ].map(
    (proxy) =>
      [[proxy], ['Forwarded'], /trusted_proxies must be .*10\.0\.0\.0\/8.*, got "/] as const
  ),
  [['10.0.0.1', 'fe80::1%eth0'], ['Forwarded'], /got "fe80::1%eth0" \(from --trusted-proxies\)/]
]
for (const [trustedProxies, trustedProxyHeaders, message] of refusals) {
  const shown = JSON.stringify({ trustedProxies, trustedProxyHeaders })
  test(`${shown} is refused by name and origin`, () => {
    try {
      proxyRules({ trustedProxies, trustedProxyHeaders }, ORIGINS)
    } catch (error) {
      assert.instance(error, WasgiError)
      assert.is((error as WasgiError).code, 'WASGI_ERR_CONFIG_INVALID')
      assert.match((error as WasgiError).message, message)
      return
    }
    assert.unreachable('it was accepted')
  })
}

test('without proxies and headers there are no rules', () => {
  assert.is(proxyRules({ trustedProxies: [], trustedProxyHeaders: [] }, ORIGINS), undefined)
})

test.run()
