// Who the client is behind a chain of proxies: X-Forwarded-For as mod_wsgi reads it, Forwarded as
// RFC 7239 has it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RequestLine } from '../../src/wire/request-head.ts'
import { PROXY_HEADER_NAMES } from '../../src/wire/trusted-proxies.ts'
import { seen } from './proxied.ts'

const test = suite('the client behind proxies')

// --- Addresses

const ADDRESSES: ReadonlyArray<readonly [text: string, address: string, port?: string]> = [
  ['203.0.113.7:4711', '203.0.113.7', '4711'],
  ['203.0.113.7:0', '203.0.113.7'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:80', '2001:db8::1', '80'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['[::ffff:cb00:7107]:99', '203.0.113.7', '99']
]
for (const [text, remoteAddress, remotePort] of ADDRESSES) {
  test(`${text} is ${remoteAddress}${remotePort === undefined ? '' : `, port ${remotePort}`}`, () => {
    const facts = { remoteAddress, ...(remotePort === undefined ? {} : { remotePort }) }
    const plain = `X-Forwarded-For: ${text}`
    const quoted = `Forwarded: for="${text}"`

    assert.equal(seen({ trusts: ['X-Forwarded-For'] }, [plain]), { ...facts, headers: [plain] })
    assert.equal(seen({ trusts: ['Forwarded'] }, [quoted]), { ...facts, headers: [quoted] })
  })
}

// --- Chains

/** The trusted proxies are 10.0.0.0/8. */
const CHAINS: ReadonlyArray<readonly [list: string, address: string, rest: string]> = [
  ['198.51.100.1, 203.0.113.7', '203.0.113.7', '203.0.113.7'],
  ['203.0.113.7, 10.0.0.2', '203.0.113.7', '203.0.113.7, 10.0.0.2'],
  ['198.51.100.1,203.0.113.7,10.0.0.1,10.0.0.2', '203.0.113.7', '203.0.113.7, 10.0.0.1, 10.0.0.2'],
  ['10.0.0.1, 203.0.113.7, 10.0.0.2', '203.0.113.7', '203.0.113.7, 10.0.0.2'],
  ['10.0.0.1, 10.0.0.2', '10.0.0.1', '10.0.0.1, 10.0.0.2'],
  [' , 203.0.113.7 ,,\t10.0.0.2, ', '203.0.113.7', '203.0.113.7, 10.0.0.2'],
  ['203.0.113.7:1, [::ffff:10.0.0.2]:2', '203.0.113.7', '203.0.113.7:1, [::ffff:10.0.0.2]:2'],
  ['203.0.113.7, unknown, 10.0.0.2', '10.0.0.2', '10.0.0.2'],
  ['<script>, 203.0.113.7', '203.0.113.7', '203.0.113.7']
]
for (const [list, address, rest] of CHAINS) {
  test(`"X-Forwarded-For: ${list}" leads to ${address}, and no farther`, () => {
    const { remoteAddress, headers } = seen({ trusts: ['x-forwarded-for'] }, [
      `X-Forwarded-For: ${list}`
    ])

    assert.is(remoteAddress, address)
    assert.equal(headers, [`X-Forwarded-For: ${rest}`])
  })
}

test('a chain that ends in something unknown tells nothing, whatever stands before it', () => {
  const result = seen({ trusts: ['X-Forwarded-For'] }, ['X-Forwarded-For: 203.0.113.7, unknown'])

  assert.equal(result, { headers: [] })
})

test('with *, the first address is the client, and the header is left as it is', () => {
  const lines = ['X-Forwarded-For:  , 198.51.100.1, 203.0.113.7', 'X-Forwarded-For: 10.0.0.2']

  const result = seen({ proxies: ['*', '10.0.0.9'], trusts: ['X-Forwarded-For'] }, lines)

  assert.equal(result, {
    remoteAddress: '198.51.100.1',
    headers: ['X-Forwarded-For: , 198.51.100.1, 203.0.113.7', 'X-Forwarded-For: 10.0.0.2']
  })
})

test('with *, what follows the first address does not matter, and nobody follows what is none', () => {
  const setting = { proxies: ['*'], trusts: ['X-Forwarded-For'] }

  const first = seen(setting, ['X-Forwarded-For: 203.0.113.7, unknown, 10.0.0.2'])
  const second = seen(setting, ['X-Forwarded-For: unknown, 203.0.113.7'])

  assert.is(first.remoteAddress, '203.0.113.7')
  assert.equal(second, { headers: [] })
})

test('lines that are repeated are one list', () => {
  const result = seen({ trusts: ['X-Forwarded-For'] }, [
    'X-Forwarded-For: 198.51.100.1',
    'Accept: */*',
    'x-forwarded-for: 203.0.113.7',
    'X-FORWARDED-FOR: 10.0.0.2'
  ])

  assert.equal(result, {
    remoteAddress: '203.0.113.7',
    headers: ['X-Forwarded-For: 203.0.113.7, 10.0.0.2', 'Accept: */*']
  })
})

test('of a header with one value, the last counts: the nearest proxy wrote it', () => {
  const result = seen({ trusts: ['X-Forwarded-Host', 'X-Forwarded-Proto'] }, [
    'Host: inside',
    'X-Forwarded-Host: evil.example, www.example.com',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Proto: https'
  ])

  assert.equal(result, {
    scheme: 'https',
    headers: [
      'Host: www.example.com',
      'X-Forwarded-Host: www.example.com',
      'X-Forwarded-Proto: https'
    ]
  })
})

// --- RFC 7239

interface Row {
  readonly name: string
  readonly lines: readonly string[]
  readonly facts: Partial<RequestLine>
  readonly host?: string
  readonly left?: string
}

const FORWARDED: readonly Row[] = [
  {
    name: 'parameters in any order and case, quoted or not',
    lines: ['Proto="https" ; HOST=www.example.com;by=10.0.0.9;FOR="[2001:db8::1]:47"'],
    facts: { remoteAddress: '2001:db8::1', remotePort: '47', scheme: 'https' },
    host: 'www.example.com'
  },
  {
    name: 'a quoted-pair, and commas and semicolons in quotes',
    lines: ['for=203.0.113.7;x="a, \\"b;, for=1.2.3.4\\\\";host="www\\.example.com"'],
    facts: { remoteAddress: '203.0.113.7' },
    host: 'www.example.com'
  },
  {
    name: 'empty elements and empty pairs',
    lines: [',, ;for=203.0.113.7;;proto=https; ,,'],
    facts: { remoteAddress: '203.0.113.7', scheme: 'https' },
    left: ';for=203.0.113.7;;proto=https;'
  },
  {
    name: 'values that should have been quoted',
    lines: ['for=203.0.113.7:4711;host=www.example.com:8443'],
    facts: { remoteAddress: '203.0.113.7', remotePort: '4711' },
    host: 'www.example.com:8443'
  },
  {
    name: 'the host and the scheme that the farthest trusted proxy saw',
    lines: [
      'for=198.51.100.1;host=evil.example',
      'for=203.0.113.7;host=www.example.com;proto=https, for=10.0.0.2;host=inside;proto=http'
    ],
    facts: { remoteAddress: '203.0.113.7', scheme: 'https' },
    host: 'www.example.com',
    left: 'for=203.0.113.7;host=www.example.com;proto=https, for=10.0.0.2;host=inside;proto=http'
  },
  {
    name: 'a client that a trusted proxy keeps hidden: the address is the last one known',
    lines: ['for=198.51.100.1, for=_hidden;proto=https, for="10.0.0.2:_x"'],
    facts: { remoteAddress: '10.0.0.2', scheme: 'https' },
    left: 'for=_hidden;proto=https, for="10.0.0.2:_x"'
  },
  {
    name: 'no client at all',
    lines: ['host=www.example.com;proto=https'],
    facts: { scheme: 'https' },
    host: 'www.example.com'
  },
  {
    name: 'a quotation mark that the client leaves open swallows nothing',
    lines: ['for="', 'for=203.0.113.7;proto=https'],
    facts: { remoteAddress: '203.0.113.7', scheme: 'https' },
    left: 'for=203.0.113.7;proto=https'
  },
  {
    name: 'nor does one with backslashes, before a proxy that quotes',
    lines: ['for="\\\\\\, for="[2001:db8::1]:4711";proto=https'],
    facts: { remoteAddress: '2001:db8::1', remotePort: '4711', scheme: 'https' },
    left: 'for="[2001:db8::1]:4711";proto=https'
  },
  {
    name: 'malformed elements end the chain',
    lines: ['for=198.51.100.1, for=203.0.113.7 x, for=10.0.0.2'],
    facts: { remoteAddress: '10.0.0.2' },
    left: 'for=10.0.0.2'
  }
]
for (const { name, lines, facts, host = 'inside', left } of FORWARDED) {
  test(`Forwarded: ${name}`, () => {
    const given = ['Host: inside', ...lines.map((line) => `Forwarded: ${line}`)]

    const result = seen({ trusts: ['Forwarded'] }, given)

    assert.equal(result, { ...facts, headers: [`Host: ${host}`, `Forwarded: ${left ?? lines[0]}`] })
  })
}

test('with *, Forwarded counts from its first element, and is left as it is', () => {
  const line = 'Forwarded: for=203.0.113.7;proto=https;host=a, for=10.0.0.2;proto=http;host=b'

  const result = seen({ proxies: ['*'], trusts: ['Forwarded'] }, [line])

  assert.equal(result, {
    remoteAddress: '203.0.113.7',
    scheme: 'https',
    headers: ['Host: a', line]
  })
})

test('reading what is hostile and long costs no more than in proportion to its length', () => {
  const hostile = [
    '"',
    '\\',
    ',',
    ';',
    'for="',
    '"\\',
    ' ',
    '\t,',
    'a=;',
    'a="\\"',
    '[',
    '.a',
    '/.'
  ]
  const trusts = PROXY_HEADER_NAMES

  for (const piece of hostile) {
    const value = piece.repeat(300_000 / piece.length)
    const start = process.cpuUsage()
    seen(
      { trusts },
      trusts.map((name) => `${name}: /${value}x`)
    )

    // Of the processor's time; what is quadratic takes minutes, and all else a small part of this.
    assert.ok(process.cpuUsage(start).user < 20_000_000, JSON.stringify(piece))
  }
})

test.run()
