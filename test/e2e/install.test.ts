// `wasgi install` against the index this machine is configured for, and what it installed at work.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWasgi, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const test = suite('wasgi install')

const FRAMEWORKS = ['flask[async]', 'django>=5', 'bottle', 'falcon']
/** What pip would find its index by, and nothing else of this machine's environment. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      /^(?:PIP_|(?:https?|no)_proxy$|NODE_EXTRA_CA_CERTS$)/i.test(entry[0])
  )
)

const folder = mkdtempSync(join(tmpdir(), 'wasgi-install-'))
let server: TestServer | undefined

test.after(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

test(
  'five frameworks are installed from the configured index and answer',
  within(300_000, async () => {
    copyFileSync(new URL('install-frameworks.py', import.meta.url), join(folder, 'app.py'))
    writeFileSync(join(folder, 'requirements.txt'), 'pyramid>=2 # needs zope.interface\nPyYAML\n')
    const args = ['install', ...FRAMEWORKS, '-r', 'requirements.txt']

    const install = runWasgi(args, { cwd: folder, env: ENVIRONMENT })
    const code = await install.exited
    assert.is(code, 0, install.log())
    server = await serve(['app.py', '--workers', '1'], { cwd: folder })
    const pages = ['flask/', 'flask/later', 'django/', 'bottle/', 'falcon/', 'pyramid/']
    const replies: string[] = []
    for (const page of pages) {
      const { status, text } = await server.request(`/${page}`)
      replies.push(`${status} ${text}`)
    }

    assert.match(install.out(), /^markupsafe==\d/m)
    assert.match(install.out(), /^zope-interface==\d/m)
    assert.equal(replies.slice(0, 2), ['200 Flask &lt;', '200 Flask later'])
    assert.match(replies[2] ?? '', /^200 Django \d/)
    assert.equal(replies.slice(3, 5), ['200 Bottle &lt;', '200 Falcon <'])
    assert.match(replies[5] ?? '', /^200 Pyramid 2/)
  })
)

test(
  'what is there already is kept, and a second run says that there is nothing to do',
  within(120_000, async () => {
    const install = runWasgi(['install', 'flask', 'django'], { cwd: folder, env: ENVIRONMENT })

    const code = await install.exited

    assert.equal([code, install.out()], [0, ''])
    assert.match(install.log(), /^kept flask \d/m)
  })
)

test(
  'a package that cannot run here is named, with the reason and a code',
  within(120_000, async () => {
    const install = runWasgi(['install', 'psycopg2'], { cwd: folder, env: ENVIRONMENT })

    const code = await install.exited

    assert.is(code, 4)
    assert.match(install.log(), /^wasgi: psycopg2 [\d.]+ cannot be installed: /m)
    assert.match(install.log(), 'WASGI_ERR_PACKAGE_UNSUPPORTED')
  })
)

test.run()
