// TARGET, as operators write it, on folders made for each test.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AppTarget, resolveTarget } from '../../src/config/target.ts'
import { WasgiError } from '../../src/errors.ts'

interface Context {
  base: string
}

const test = suite<Context>('TARGET')

test.before.each((context) => {
  context.base = realpathSync(mkdtempSync(join(tmpdir(), 'wasgi-target-')))
})
test.after.each((context) => {
  rmSync(context.base, { recursive: true })
})

function make(base: string, ...files: string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(base, file)), { recursive: true })
    writeFileSync(join(base, file), '')
  }
}

function without(found: AppTarget): Partial<AppTarget> {
  const { target: _, ...rest } = found
  return rest
}

async function refusal(outcome: Promise<unknown>): Promise<WasgiError> {
  try {
    await outcome
  } catch (error) {
    assert.instance(error, WasgiError)
    return error as WasgiError
  }
  return assert.unreachable('it was accepted') as never
}

test('a file is shown in its own folder and imported by its own name', async ({ base }) => {
  make(base, 'site/app.py')

  const found = await resolveTarget('site/app.py', undefined, base)

  assert.equal(found, {
    target: 'site/app.py',
    root: join(base, 'site'),
    file: '/app/app.py',
    script: join(base, 'site/app.py'),
    module: null,
    callable: null,
    call: false
  })
})

test('a callable after the colon is split off', async ({ base }) => {
  make(base, 'app.py')

  const found = await resolveTarget('app.py:site.wsgi', undefined, base)

  assert.is(found.file, '/app/app.py')
  assert.is(found.callable, 'site.wsgi')
  assert.is(found.call, false)
})

test('parentheses make the callable a factory', async ({ base }) => {
  make(base, 'app.py')

  const found = await resolveTarget('app.py:create_app()', undefined, base)

  assert.is(found.callable, 'create_app')
  assert.is(found.call, true)
})

test('a file whose name holds a colon is found', async ({ base }) => {
  make(base, 'a:b')

  const found = await resolveTarget('a:b', undefined, base)

  assert.is(found.file, '/app/a:b')
  assert.is(found.callable, null)
})

test('a dotted name is a module of the current folder', async ({ base }) => {
  const found = await resolveTarget('package.module:app', undefined, base)

  assert.equal(without(found), {
    root: base,
    file: null,
    script: null,
    module: 'package.module',
    callable: 'app',
    call: false
  })
})

test('a module is looked for in the root that was given', async ({ base }) => {
  make(base, 'site/app.py')

  const found = await resolveTarget('app:app', 'site', base)

  assert.is(found.root, join(base, 'site'))
  assert.is(found.module, 'app')
})

test('a name with a callable means the package, not the folder of that name', async ({ base }) => {
  make(base, 'shop/__init__.py', 'shop/wsgi.py')

  const found = await resolveTarget('shop:create_app()', undefined, base)

  assert.is(found.module, 'shop')
  assert.is(found.file, null)
  assert.is(found.root, base)
})

for (const [files, expected] of [
  [['main.py', 'app.py', 'wsgi.py'], '/app/wsgi.py'],
  [['main.py', 'app.py', 'project/wsgi.py'], '/app/app.py'],
  [['main.py'], '/app/main.py']
] as const) {
  test(`of ${files.join(', ')} a folder's application is ${expected}`, async ({ base }) => {
    make(base, ...files)

    const found = await resolveTarget('.', undefined, base)

    assert.is(found.file, expected)
    assert.is(found.root, base)
  })
}

test('a Django project is imported through its folder', async ({ base }) => {
  make(base, 'site/manage.py', 'site/mysite/__init__.py', 'site/mysite/wsgi.py')

  const found = await resolveTarget('site', undefined, base)

  assert.equal(without(found), {
    root: join(base, 'site'),
    file: '/app/mysite/wsgi.py',
    script: join(base, 'site/mysite/wsgi.py'),
    module: 'mysite.wsgi',
    callable: null,
    call: false
  })
})

test('packages that were installed are no Django projects', async ({ base }) => {
  make(base, 'python_modules/wsgi.py', 'node_modules/wsgi.py')

  const error = await refusal(resolveTarget('.', undefined, base))

  assert.is(error.code, 'WASGI_ERR_APP_NOT_FOUND')
})

test('two Django projects in one folder are not chosen between', async ({ base }) => {
  make(base, 'one/wsgi.py', 'two/wsgi.py')

  const error = await refusal(resolveTarget('.', undefined, base))

  assert.match(error.message, 'one/wsgi.py and two/wsgi.py')
})

test('a file inside a package is imported as a part of it', async ({ base }) => {
  make(base, 'src/shop/__init__.py', 'src/shop/web/__init__.py', 'src/shop/web/wsgi.py')

  const found = await resolveTarget('src/shop/web/wsgi.py', undefined, base)

  assert.is(found.root, join(base, 'src'))
  assert.is(found.file, '/app/shop/web/wsgi.py')
  assert.is(found.module, 'shop.web.wsgi')
})

test('a package that is the current folder shows nothing above it', async ({ base }) => {
  make(base, 'shop/__init__.py', 'shop/wsgi.py')

  const found = await resolveTarget('wsgi.py', undefined, join(base, 'shop'))

  assert.is(found.root, join(base, 'shop'))
  assert.is(found.module, null)
})

test('a package outside the current folder shows nothing above it', async ({ base }) => {
  make(base, 'shop/__init__.py', 'shop/wsgi.py', 'elsewhere/x')

  const found = await resolveTarget('../shop/wsgi.py', undefined, join(base, 'elsewhere'))

  assert.is(found.root, join(base, 'shop'))
  assert.is(found.module, null)
})

test('a folder that is nothing but a package is imported', async ({ base }) => {
  make(base, 'shop/__init__.py')

  const found = await resolveTarget('shop', undefined, base)

  assert.is(found.module, 'shop')
  assert.is(found.root, base)
})

test('a root that is given is the one that is shown', async ({ base }) => {
  make(base, 'site/web/app.py')

  const found = await resolveTarget('site/web/app.py', 'site', base)

  assert.is(found.root, join(base, 'site'))
  assert.is(found.file, '/app/web/app.py')
  assert.is(found.module, null)
})

test('a file outside the root is refused', async ({ base }) => {
  make(base, 'site/app.py', 'other/x')

  const error = await refusal(resolveTarget('site/app.py', 'other', base))

  assert.is(error.code, 'WASGI_ERR_APP_NOT_FOUND')
  assert.match(error.message, `not inside the root ${join(base, 'other')}`)
})

test('a folder that is a link shows the folder it leads to', async ({ base }) => {
  make(base, 'releases/1/app.py')
  symlinkSync(join(base, 'releases/1'), join(base, 'current'))

  const found = await resolveTarget('current/app.py', undefined, base)

  assert.is(found.root, join(base, 'releases/1'))
  assert.is(found.file, '/app/app.py')
})

test('a file that is a link to the outside is refused', async ({ base }) => {
  make(base, 'secret/app.py', 'site/x')
  symlinkSync(join(base, 'secret/app.py'), join(base, 'site/app.py'))

  const error = await refusal(resolveTarget('site/app.py', undefined, base))

  assert.match(error.message, 'leads outside the root')
})

for (const [target, reason] of [
  ['missing.py', 'there is no file or folder'],
  ['missing/', 'there is no file or folder'],
  ['not-a-module', 'cannot name a module'],
  ['', 'the target is empty'],
  [':app', 'nothing stands before the colon'],
  ['app.py:', 'is not the name of a callable'],
  ['app.py:create_app(1)', 'is not the name of a callable'],
  ['app.py:a b', 'is not the name of a callable'],
  ['empty', 'holds none of wsgi.py, app.py, main.py, */wsgi.py']
] as const) {
  test(`"${target}" is refused with the reason: ${reason}`, async ({ base }) => {
    make(base, 'empty/readme.txt', 'app.py')

    const error = await refusal(resolveTarget(target, undefined, base))

    assert.is(error.code, 'WASGI_ERR_APP_NOT_FOUND')
    assert.ok(error.message.includes(reason), error.message)
  })
}

test('a root that does not exist is refused', async ({ base }) => {
  make(base, 'app.py')

  const error = await refusal(resolveTarget('app.py', 'missing', base))

  assert.match(error.message, 'is not a folder')
})

test.run()
