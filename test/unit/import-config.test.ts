// What an Apache configuration as a whole is imported as: mounts, groups, sections, virtual hosts.

import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { prefixOf } from '../../src/import-config/applications.ts'
import { fates, groupsOf, importText, mountsOf } from './import-fixtures.ts'

const test = suite('an imported configuration')

const SHOP = '/srv/shop/shop/wsgi.py'
const API = '/srv/api/api.wsgi'

test('an alias becomes a mount, and an application without a process group goes to workers', () => {
  const imported = importText(`WSGIScriptAlias /shop/ ${SHOP}`)

  assert.equal(mountsOf(imported), [{ path: '/shop', app: SHOP, process_group: 'default' }])
  assert.equal(fates(imported), [`1 WSGIScriptAlias /shop/ ${SHOP}: adapted`])
  assert.match(imported.draft.notes[0]?.text ?? '', /mode = "embedded" would be one interpreter/)
})

test('options of the alias itself win over those around it', () => {
  const { draft } = importText(
    `WSGIDaemonProcess a\nWSGIDaemonProcess b\nWSGIProcessGroup a\nWSGIApplicationGroup x\nWSGIScriptAlias / ${SHOP} process-group=b application-group=%{GLOBAL}`
  )

  const [mount] = draft.mounts
  assert.is(mount?.values.get('process_group'), 'b')
  assert.is(mount?.values.get('application_group'), '%{GLOBAL}')
  assert.equal([...draft.groups.keys()], ['b'])
  assert.is(draft.notes.find(({ subject }) => subject === 'WSGIDaemonProcess a')?.fate, 'left out')
})

test('sections apply as Apache merges them: server, host, folders, files, locations', () => {
  const scoped = (extra: string): unknown => {
    const groups = ['s', 'h', 'd', 'e', 'f', 'l'].map((name) => `WSGIDaemonProcess ${name}\n`)
    const text = `${groups.join('')}WSGIProcessGroup s\n<VirtualHost *:80>\n${extra}\nWSGIProcessGroup h\nWSGIScriptAlias /shop ${SHOP}\n</VirtualHost>`
    return mountsOf(importText(text))[0]?.process_group
  }
  const folder = (path: string, name: string): string =>
    `<Directory ${path}>\nWSGIProcessGroup ${name}\n</Directory>\n`
  const deep = folder('/srv/shop/shop', 'e') + folder('/srv/shop', 'd')
  const files = '<Directory /srv>\n<Files *.py>\nWSGIProcessGroup f\n</Files>\n</Directory>\n'

  assert.is(scoped(''), 'h')
  assert.is(scoped(folder('/srv/other', 'd')), 'h')
  assert.is(scoped(folder('/srv/shop/', 'd')), 'd')
  assert.is(scoped(deep), 'e')
  assert.is(scoped(files + deep), 'f')
  assert.is(scoped(`<Location />\nWSGIProcessGroup l\n</Location>\n${files}`), 'l')
  assert.is(scoped('<Location /shop>\nWSGIProcessGroup l\n</Location>'), 'l')
  assert.is(scoped('<Location /shopping>\nWSGIProcessGroup l\n</Location>'), 'h')
})

test('what is said for a part of an application, or by an expression, needs a hand', () => {
  const imported = importText(
    `WSGIScriptAlias /shop ${SHOP}\n<Location /shop/admin>\nWSGIApplicationGroup x\n</Location>\n<LocationMatch ^/s>\nWSGIApplicationGroup y\n</LocationMatch>\n<Location /other>\nWSGIApplicationGroup z\n</Location>`
  )

  assert.equal(fates(imported).slice(1), [
    '3 WSGIApplicationGroup x: by hand',
    '6 WSGIApplicationGroup y: by hand',
    '9 WSGIApplicationGroup z: left out'
  ])
  assert.is(mountsOf(imported)[0]?.application_group, undefined)
})

test('several applications of a group have an interpreter each, as without a word in mod_wsgi', () => {
  const text = `WSGIScriptAlias /shop ${SHOP}\nWSGIScriptAlias /api ${API} application-group="my api"`

  const [shop, api] = mountsOf(importText(text))

  assert.is(shop?.application_group, '%{RESOURCE}')
  assert.is(api?.application_group, 'my-api')
})

test('a group that each request would choose, and a path that is none, need a hand', () => {
  const imported = importText(
    `WSGIScriptAlias /a ${SHOP} process-group=%{ENV:x}\nWSGIScriptAlias /b?c ${API}`
  )

  assert.equal(fates(imported), [
    `1 WSGIScriptAlias /a ${SHOP} process-group=%{ENV:x}: by hand`,
    `2 WSGIScriptAlias /b?c ${API}: by hand`
  ])
  assert.is(mountsOf(imported).length, 1)
})

test('an alias that Apache never reaches is left out, with a word', () => {
  const imported = importText(`WSGIScriptAlias / ${SHOP}\nWSGIScriptAlias /api ${API}`)
  const sorted = importText(`WSGIScriptAlias /api ${API}\nWSGIScriptAlias / ${SHOP}`)

  assert.equal(
    mountsOf(imported).map(({ path }) => path),
    ['/']
  )
  assert.is(fates(imported)[1], `2 WSGIScriptAlias /api ${API}: by hand`)
  assert.equal(
    mountsOf(sorted).map(({ path }) => path),
    ['/api', '/']
  )
})

test('a folder becomes a mount for each script in it', () => {
  const files = { '/srv/many/a.wsgi': '', '/srv/many/b.py': '', '/srv/many/readme': '' }

  const imported = importText('WSGIScriptAlias /x/ /srv/many/', { files })
  const empty = importText('WSGIScriptAlias /x/ /srv/none/')

  assert.equal(
    mountsOf(imported).map(({ path, app }) => [path, app]),
    [
      ['/x/a.wsgi', '/srv/many/a.wsgi'],
      ['/x/b.py', '/srv/many/b.py']
    ]
  )
  assert.equal(fates(empty), ['1 WSGIScriptAlias /x/ /srv/none/: by hand'])
})

const PREFIXES: readonly (readonly [expression: string, prefix: string | undefined])[] = [
  ['^/', ''],
  ['^/api', '/api'],
  ['^/api/?$', '/api'],
  ['^/api(/.*)?$', '/api'],
  ['^/api(/|$)', '/api'],
  ['^/a\\.b/c', '/a.b/c'],
  ['/api', undefined],
  ['^/a.b', undefined],
  ['^/(a|b)', undefined],
  ['^/api/([^/]+)', undefined]
]

test('an expression is a path only if it says nothing else', () => {
  for (const [expression, prefix] of PREFIXES) assert.is(prefixOf(expression), prefix, expression)
})

const HOSTS = `<VirtualHost *:80>
ServerName www.example.org
Redirect / https://www.example.org/
</VirtualHost>
<VirtualHost *:443>
ServerName https://www.example.org:443
ServerAlias shop.example.org
WSGIDaemonProcess shop
WSGIScriptAlias / ${SHOP} process-group=shop
</VirtualHost>
`
const OTHER = `<VirtualHost 10.0.0.1:8080>
ServerName api.example.org
WSGIScriptAlias / ${API} process-group=shop
WSGICallableObject api
</VirtualHost>
`

test('the only virtual host with applications is imported, and of several the one that is asked for', () => {
  const apps = (text: string, virtualHost?: string): unknown[] =>
    mountsOf(importText(text, { virtualHost })).map(({ app }) => app)

  assert.equal(apps(HOSTS), [SHOP])
  assert.throws(
    () => apps(HOSTS + OTHER),
    /several virtual hosts have applications: www\.example\.org:443 \(httpd\.conf:5\), api\.example\.org:8080 .*--virtual-host NAME/
  )
  for (const name of ['www.example.org', 'shop.example.org', 'WWW.example.org:443', '*:443']) {
    assert.equal(apps(HOSTS + OTHER, name), [SHOP], name)
  }
  assert.equal(apps(HOSTS + OTHER, 'api.example.org'), [`${API}:api`])
  assert.throws(() => apps(HOSTS + OTHER, 'none'), /there is no virtual host "none", but www/)
  assert.throws(() => apps(HOSTS + HOSTS, 'www.example.org'), /the name of several virtual hosts/)
})

test('a process group may be of another virtual host; directives of that one are named', () => {
  const imported = importText(HOSTS + OTHER, { virtualHost: 'api.example.org' })

  assert.equal(Object.keys(groupsOf(imported)), ['shop'])
  const other = imported.draft.notes.find(({ subject }) =>
    subject.startsWith(`WSGIScriptAlias / ${SHOP}`)
  )
  assert.is(other?.fate, 'left out')
  assert.match(other?.text ?? '', /import that with --virtual-host www\.example\.org:443/)
})

test('a host listens where it says; further listeners are named', () => {
  const imported = importText(`Listen 80\nListen 443\n${HOSTS}`)

  assert.is(imported.draft.top.values.get('port'), 443)
  assert.match(fates(imported)[0] ?? '', /^1 Listen 80: left out/)
})

test('a group that no option can be called has another name; one that is not there needs a hand', () => {
  const text = `WSGIDaemonProcess "my shop:80" processes=2\nWSGIDaemonProcess my-shop-80\nWSGIScriptAlias /a ${SHOP} process-group="my shop:80"\nWSGIScriptAlias /b ${API} process-group=my-shop-80\nWSGIScriptAlias /c ${API} process-group=none`
  const imported = importText(text)

  assert.equal(
    mountsOf(imported).map((mount) => mount.process_group),
    ['my-shop-80', 'my-shop-80-2', 'none']
  )
  assert.equal(groupsOf(imported), { 'my-shop-80': { workers: 2 }, 'my-shop-80-2': {}, none: {} })
  assert.is(imported.draft.notes.at(-1)?.fate, 'by hand')
})

test('daemons whose names are cut to the same have groups of their own', () => {
  const names = ['a', 'b', 'c'].map((last) => `${'x'.repeat(70)}${last}`)
  const daemons = names.map((name) => `WSGIDaemonProcess ${name}\n`).join('')
  const mounts = names.map((name, at) => `WSGIScriptAlias /${at} ${SHOP} process-group=${name}\n`)

  const groups = mountsOf(importText(daemons + mounts.join(''))).map((each) => each.process_group)

  assert.is(new Set(groups).size, 3)
})

test('an embedded application keeps apart from daemons called default and global', () => {
  const text = `WSGIDaemonProcess default\nWSGIDaemonProcess global\nWSGIScriptAlias /a ${SHOP} process-group=global\nWSGIScriptAlias /b ${API}`

  const groups = mountsOf(importText(text)).map((each) => each.process_group)

  assert.equal(groups, ['global', 'global-2'])
})

test('an embedded application keeps apart from a daemon called default', () => {
  const text = `WSGIDaemonProcess default\nWSGIPythonPath /srv/lib\nWSGIScriptAlias /a ${SHOP} process-group=default\nWSGIScriptAlias /b ${API}`

  const imported = importText(text)

  assert.equal(
    mountsOf(imported).map((mount) => mount.process_group),
    ['default', 'global']
  )
  assert.equal(groupsOf(imported), { default: {}, global: { python_path: ['/srv/lib'] } })
})

test('WSGIPythonPath within WSGIInterpreterOptions is for the group that it names', () => {
  const text = `WSGIDaemonProcess a\nWSGIDaemonProcess b\n<WSGIInterpreterOptions process-group=a>\nWSGIPythonPath /srv/lib\nWSGISwitchInterval 1\n</WSGIInterpreterOptions>\nWSGIScriptAlias /a ${SHOP} process-group=a\nWSGIScriptAlias /b ${API} process-group=b`

  const imported = importText(text)

  assert.equal(groupsOf(imported), { a: { python_path: ['/srv/lib'] }, b: {} })
  assert.ok(fates(imported).includes('5 WSGISwitchInterval 1: not applicable'))
})

test('the environment of Python for all counts where a daemon names none', () => {
  const files = {
    '/srv/all/lib/python3.13/site-packages/x.py': '',
    '/srv/own/lib/python3.13/site-packages/x.py': ''
  }
  const text = `WSGIPythonHome /srv/all\nWSGIDaemonProcess a python-home=/srv/own\nWSGIDaemonProcess b\nWSGIScriptAlias /a ${SHOP} process-group=a\nWSGIScriptAlias /b ${API} process-group=b`

  assert.equal(groupsOf(importText(text, { files })), {
    a: { python_path: ['/srv/own/lib/python3.13/site-packages'] },
    b: { python_path: ['/srv/all/lib/python3.13/site-packages'] }
  })
})

test('a variable of the host counts, and not that of the server below it', () => {
  const text = `<VirtualHost *:80>\nSetEnv STAGE live\nWSGIScriptAlias / ${SHOP}\n</VirtualHost>\nSetEnv STAGE test`

  assert.is(importText(text).draft.group('default').env.get('STAGE'), 'live')
})

test('values of SetEnv are in no note', () => {
  const { draft } = importText(`SetEnv TOKEN s3cr3t\nWSGIScriptAlias / ${SHOP}`)

  assert.not.match(JSON.stringify(draft.notes), /s3cr3t/)
  assert.is(draft.group('default').env.get('TOKEN'), 's3cr3t')
})

test('the last of several values for the server counts, that of the host first of all', () => {
  const text = `KeepAliveTimeout 1\nKeepAliveTimeout 2\n<VirtualHost *:80>\nKeepAliveTimeout 3\nWSGIScriptAlias / ${SHOP}\n</VirtualHost>\nKeepAliveTimeout 4`

  const imported = importText(text)

  assert.is(imported.draft.top.values.get('keep_alive_timeout'), '3s')
  assert.is(fates(imported).filter((each) => / left out$/.test(each)).length, 3)
})

test('directives of Apache that are in no table are named once', () => {
  const { unread } = importText(
    'KeepAlive On\nTraceEnable Off\nKeepAlive Off\nLoadModule wsgi_module x'
  )

  assert.equal(unread, ['KeepAlive', 'LoadModule', 'TraceEnable'])
})

const HANDLER = readFileSync(new URL('../apache/handler.wsgi', import.meta.url), 'utf8')

test('the application of mod_wsgi-express is the one that its handler names', () => {
  const text =
    'WSGIDaemonProcess localhost:8000 processes=3 threads=5\nWSGIHandlerScript wsgi-handler /srv/handler.wsgi process-group=localhost:8000 application-group=%{GLOBAL}'
  const served = (type: string, entry: string): unknown => {
    const handler = HANDLER.replace("'TYPE'", `'${type}'`)
      .replace("'ENTRY'", `'${entry}'`)
      .replace("'FOLDER'", "'/srv/shop'")
    return mountsOf(importText(text, { files: { '/srv/handler.wsgi': handler } }))[0]
  }
  const common = {
    path: '/shop',
    root: '/srv/shop',
    process_group: 'localhost-8000',
    application_group: '%{GLOBAL}'
  }

  assert.equal(served('script', '/srv/shop/shop/wsgi.py'), {
    ...common,
    app: '/srv/shop/shop/wsgi.py:application'
  })
  assert.equal(served('module', 'shop.wsgi'), { ...common, app: 'shop.wsgi:application' })
  assert.is(served('static', ''), undefined)
})

test('Authorization is passed as it is asked for, or as it always is', () => {
  const { draft } = importText(`WSGIPassAuthorization On\nWSGIScriptAlias / ${SHOP}`)

  assert.is(draft.notes[0]?.fate, 'mapped')
  const known = draft.option('pass_authorization') !== undefined
  assert.is(draft.mounts[0]?.values.get('pass_authorization'), known ? true : undefined)
})

test('a daemon that says nothing is told which durations differ', () => {
  const text = `WSGIDaemonProcess shop\nWSGIScriptAlias / ${SHOP} process-group=shop`

  const [note] = importText(text).draft.notes

  assert.is(note?.fate, 'adapted')
  assert.match(note?.text ?? '', /request_timeout 60s \(0\)/)
})

test.run()
