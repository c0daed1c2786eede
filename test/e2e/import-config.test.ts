// From an Apache configuration to an answer: `wasgi import-config`, `wasgi config show`, `wasgi serve`.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder } from './places.ts'

const LIMIT_MS = 180_000

const test = suite('from httpd.conf to an answer')

function apache(name: string): string {
  return fileURLToPath(new URL(`../apache/${name}`, import.meta.url))
}

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly log: string
}

async function wasgi(cwd: string, ...args: string[]): Promise<Ended> {
  const run = runWasgi(args, { cwd })
  return { code: await run.exited, out: run.out(), log: run.log() }
}

function defined(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).flatMap(([name, value]) => ['--define', `${name}=${value}`])
}

test(
  'a Django site with two virtual hosts is imported, shown and served',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    const project = example('django_guestbook')
    const variables = { PROJECT: project, PACKAGES: await frameworks() }
    const line = ['import-config', apache('django.conf'), ...defined(variables)]

    const imported = await wasgi(folder, ...line, '--strict', '--output', 'wasgi.toml')
    const shown = await wasgi(folder, 'config', 'show', '--config', 'wasgi.toml')

    assert.is(imported.code, 0, imported.log)
    assert.match(imported.log, /WSGISocketPrefix .*: not applicable/)
    assert.is(shown.code, 0, shown.log)
    assert.match(shown.out, /^workers = 2 +# wasgi\.toml line \d+$/m)
    assert.match(shown.out, /^# {3}guestbook: 2 workers for \/$/m)
    const data = ['--data-dir', temporaryFolder()]
    const server = await serve(['--config', join(folder, 'wasgi.toml'), ...data])
    const reply = await server.request('/')
    await server.close()
    assert.is(reply.status, 200, server.log())
    assert.match(reply.text, /guestbook/i)
  })
)

test(
  'a configuration of mod_wsgi-express is imported and serves the application that it was made for',
  within(LIMIT_MS, async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'site'))
    copyFileSync(example('hello.py'), join(folder, 'site/hello.py'))
    copyFileSync(apache('access.py'), join(folder, 'access.py'))
    const handler = readFileSync(apache('handler.wsgi'), 'utf8')
      .replace("'FOLDER'", `'${folder}/site'`)
      .replace("'ENTRY'", `'${folder}/site/hello.py'`)
      .replace("'TYPE'", "'script'")
    writeFileSync(join(folder, 'handler.wsgi'), handler)
    mkdirSync(join(folder, 'venv/lib/python3.14/site-packages'), { recursive: true })
    const defines = defined({
      SERVER_ROOT: folder,
      MOD_WSGI_MULTIPROCESS: '',
      MOD_WSGI_KEEP_ALIVE: '',
      MOD_WSGI_HOST_ACCESS: ''
    })

    const imported = await wasgi(folder, 'import-config', apache('express.conf'), ...defines)

    assert.is(imported.code, 0, imported.log)
    assert.match(imported.out, /^port = 8000$/m)
    assert.match(imported.out, /^keep_alive_timeout = "2s"$/m)
    assert.match(imported.out, /^\[groups\.localhost-8000\]\n/m)
    assert.not.match(imported.log, /by hand/)
    writeFileSync(join(folder, 'wasgi.toml'), imported.out)
    const server = await serve(['--config', join(folder, 'wasgi.toml')])
    const reply = await server.request('/shop/you')
    const refused = await server.request('/shop/closed')
    await server.close()
    assert.is(reply.status, 200, server.log())
    assert.match(reply.text, /Hello, you!/)
    assert.is(refused.status, 403)
  })
)

test.run()
