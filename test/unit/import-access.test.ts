// Who may ask, as Apache has it: what the importer writes of that, and what it leaves to whoever imports.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fates, importText, mountsOf } from './import-fixtures.ts'

const test = suite('imported access')

const SHOP = '/srv/shop/shop/wsgi.py'
const API = '/srv/api/api.wsgi'

test('what Apache would ask of clients is never dropped without a word', () => {
  const closed = `<Directory />\nRequire all denied\n</Directory>\n<Location /shop>\nAuthType Basic\nRequire valid-user\nRequire ip 10.0.0.1\n</Location>\nWSGIScriptAlias /shop ${SHOP}`
  const open = `<Directory />\nRequire all denied\n</Directory>\n<Directory /srv/shop>\nRequire all granted\n</Directory>\nWSGIScriptAlias /shop ${SHOP}`

  const noted = (text: string): string[] =>
    fates(importText(text)).filter((each) => /Require/.test(each))
  assert.equal(noted(closed), [
    '2 Require all denied: left out',
    '6 Require valid-user: by hand',
    '7 Require ip 10.0.0.1: by hand'
  ])
  assert.equal(noted(open), ['2 Require all denied: left out', '5 Require all granted: mapped'])
})

test('what one section allows does not open another one', () => {
  const section = (path: string, allow: string): string =>
    `<Location ${path}>\nOrder allow,deny\n${allow}</Location>`
  const all = [section('/shop/open', 'Allow from all\n'), section('/shop/closed', '')].join('\n')

  const orders = fates(importText(`WSGIScriptAlias /shop ${SHOP}\n${all}`)).filter((each) =>
    each.includes('Order')
  )

  assert.equal(orders, ['3 Order allow,deny: not applicable', '7 Order allow,deny: by hand'])
})

test('what Apache refuses in a part of an application needs a hand, and not what it refuses elsewhere', () => {
  const of = (section: string): string | undefined => {
    const rule = `<${section}>\nRewriteRule ^ - [F]\nSSLVerifyClient require\n</${section.split(' ')[0]}>`
    const fate = (name: string): string | undefined =>
      fates(importText(`WSGIScriptAlias /shop ${SHOP}\n${rule}`))
        .find((each) => each.includes(name))
        ?.replace(/.*: /, '')
    assert.is(fate('RewriteRule'), fate('SSLVerifyClient'))
    return fate('RewriteRule')
  }

  assert.is(of('Location /shop'), 'by hand')
  assert.is(of('Location /shop/admin'), 'by hand')
  assert.is(of('LocationMatch "^/.*"'), 'by hand')
  assert.is(of('Location /other'), 'not applicable')
})

test('a proxy that is believed in one section is not believed everywhere', () => {
  const proxies = 'WSGITrustedProxies 10.0.0.1\nWSGITrustedProxyHeaders X-Forwarded-For\n'
  const mounts = `WSGIScriptAlias /shop ${SHOP}\nWSGIScriptAlias /api ${API}\n`
  const of = (text: string): unknown[] => {
    const imported = importText(mounts + text)
    const about = fates(imported).filter((each) => /WSGITrustedProxies/.test(each))
    return [imported.draft.top.values.get('trusted_proxies'), ...about.map((each) => each.slice(2))]
  }

  assert.equal(of(`<Location /other>\n${proxies}</Location>`), [
    undefined,
    'WSGITrustedProxies 10.0.0.1: left out'
  ])
  assert.equal(of(`<Location /api>\n${proxies}</Location>`), [
    undefined,
    'WSGITrustedProxies 10.0.0.1: by hand'
  ])
  assert.equal(of(`<Location />\n${proxies}</Location>`), [
    ['10.0.0.1'],
    'WSGITrustedProxies 10.0.0.1: mapped'
  ])
  assert.equal(of(`${proxies}<Location /api>\nWSGITrustedProxies 0.0.0.0/0\n</Location>`), [
    ['10.0.0.1'],
    'WSGITrustedProxies 10.0.0.1: mapped',
    'WSGITrustedProxies 0.0.0.0/0: by hand'
  ])
})

test('groups of users are asked as Apache would, or need a hand', () => {
  const scripts = `WSGIAuthUserScript /srv/a.py\nWSGIAuthGroupScript /srv/a.py\nWSGIScriptAlias / ${SHOP}\n`
  const of = (text: string): unknown[] => {
    const imported = importText(scripts + text)
    const required = fates(imported).filter((each) => /Require/.test(each))
    const [mount = {}] = mountsOf(imported)
    // One without the other keeps a server from starting.
    assert.is('auth_group_script' in mount, 'require_group' in mount)
    return [mount.require_group, ...required.map((each) => each.replace(/.*: /, ''))]
  }

  const two = 'Require wsgi-group a b\nRequire wsgi-group c\n'
  assert.equal(of(two), [['a', 'b', 'c'], 'mapped', 'mapped'])
  assert.equal(of(`<RequireAll>\n${two}</RequireAll>`), [['a', 'b'], 'mapped', 'by hand'])
  assert.equal(of(`<RequireNone>\n${two}</RequireNone>`), [undefined, 'by hand', 'by hand'])
  assert.equal(of('Require not wsgi-group a'), [undefined, 'by hand'])
})

test('a group that is required of one application is no way into another', () => {
  const scripts = 'WSGIAuthUserScript /srv/a.py\nWSGIAuthGroupScript /srv/a.py\n'
  const mounts = `WSGIScriptAlias /shop ${SHOP}\nWSGIScriptAlias /api ${API}\n`
  const required =
    '<Files api.wsgi>\nRequire wsgi-group x\n</Files>\n<Files "*">\nRequire wsgi-group y\n</Files>'

  const [shop, api] = mountsOf(importText(scripts + mounts + required))

  assert.equal(shop?.require_group, ['y'])
  assert.equal(api?.require_group, ['x', 'y'])
})

test.run()
