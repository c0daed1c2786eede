// Which application a request is for, and which interpreters applications are in.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { applicationGroupOf, serverSite } from '../../src/config/application-group.ts'
import { mountFinder, scriptNameOf } from '../../src/dispatch/mounts.ts'

const test = suite('mounts')

const NESTED = ['', '/shop', '/shop/admin']

const ROWS: readonly (readonly [
  paths: readonly string[],
  target: string,
  taken: string | undefined
])[] = [
  [NESTED, '/', ''],
  [NESTED, '/about', ''],
  [NESTED, '/shop', '/shop'],
  [NESTED, '/shop/', '/shop'],
  [NESTED, '/shop?admin', '/shop'],
  [NESTED, '/shop/cart', '/shop'],
  [NESTED, '/shopping', ''],
  [NESTED, '/shop/admin', '/shop/admin'],
  [NESTED, '/shop/admin/users', '/shop/admin'],
  [NESTED, '/shop/administration', '/shop'],
  [NESTED, '/shop%2Fadmin/users', '/shop/admin'],
  [NESTED, '/sh%6Fp/cart', '/shop'],
  [NESTED, '/SHOP', ''],
  [NESTED, '//shop', ''],
  [NESTED, '/shop/../shop/admin', '/shop'],
  [NESTED, 'http://example.org/shop/admin?x=/', '/shop/admin'],
  [NESTED, 'http://example.org', ''],
  [NESTED, '*', ''],
  [['/shop'], '/shop', '/shop'],
  [['/shop'], '/', undefined],
  [['/shop'], '/shopping', undefined],
  [['/shop'], '*', undefined],
  [['/shop/admin', '/blog'], '/shop', undefined],
  [['/shop/admin', '/blog'], '/blog/2026', '/blog'],
  [['/caf\u00e9'], '/caf%C3%A9/menu', '/caf\u00e9'],
  [['/caf\u00e9'], '/caf%E9/menu', undefined],
  [[''], 'not a path at all', '']
]

for (const [paths, target, taken] of ROWS) {
  const which = taken === undefined ? 'none' : taken || '/'
  test(`of ${paths.map((path) => path || '/').join(', ')}, ${which} takes ${target}`, () => {
    const mounts = paths.map((path) => ({ path, scriptName: scriptNameOf(path) }))

    for (const order of [mounts, mounts.toReversed()]) {
      assert.is(mountFinder(order)(target)?.path, taken)
    }
  })
}

const SITE = serverSite({ uds: undefined, host: 'example.org', port: 8080 })

for (const [applicationGroup, name] of [
  ['%{GLOBAL}', ''],
  ['%{SERVER}', 'example.org:8080'],
  ['%{RESOURCE}', 'example.org:8080|/py/shop'],
  ['tenants', 'tenants']
] as const) {
  test(`the application group ${applicationGroup} is called "${name}"`, () => {
    const site = { ...SITE, prefix: '/py' }

    assert.is(applicationGroupOf({ applicationGroup, mount: '/shop' }, site), name)
  })
}

test('a server goes by its port only where that is known, and none of the usual two', () => {
  assert.is(serverSite({ uds: undefined, host: 'a', port: 80 }).server, 'a')
  assert.is(serverSite({ uds: undefined, host: 'a', port: 443 }).server, 'a')
  assert.is(serverSite({ uds: undefined, host: 'a', port: 0 }).server, 'a')
  assert.is(serverSite({ uds: '/run/a', host: 'a', port: 8000 }).server, 'localhost')
})

test.run()
