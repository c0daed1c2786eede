// The package as users get it: packed, installed in an empty folder, run by the oldest Node we support.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fetchRaw } from '../serve.ts'
import { within } from '../unit/within.ts'

const run = promisify(execFile)
const test = suite('the packed package on Node 24')

const folder = mkdtempSync(join(tmpdir(), 'wasgi-pack-'))
const NODE = 'node@24'
const MINUTES = 60_000
/** What a user's shell has; above all not this repository's own node_modules/.bin. */
const env = { ...process.env, PATH: shellPath(), NODE_ENV: '' }

function shellPath(): string {
  const parts = (process.env.PATH ?? '').split(':')
  return parts.filter((part) => !part.includes('node_modules')).join(':')
}

async function install(): Promise<void> {
  const { stdout } = await run('npm', ['pack', '--pack-destination', folder, '--json'], { env })
  assert.ok(stdout.includes('.tgz'))
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  assert.ok(tarball !== undefined)
  const manifest = { name: 'somebody', private: true, type: 'module', allowScripts: { node: true } }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`, NODE], {
    cwd: folder,
    env
  })
  writeFileSync(
    join(folder, 'app.py'),
    [
      'def app(environ, start_response):',
      "    start_response('200 OK', [('Content-Type', 'text/plain')])",
      "    return [b'packed ' + environ['PATH_INFO'].encode()]"
    ].join('\n')
  )
}

/** `npx ARGS` in the folder; resolves with the first line on standard output. */
function npx(args: readonly string[]): { child: ChildProcess; line: Promise<string> } {
  // A group of its own, as a terminal gives it: npx does not pass SIGTERM on to what it runs.
  const child = spawn('npx', [...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  let out = ''
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk
  })
  const line = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk
      if (out.includes('\n')) resolve(out.slice(0, out.indexOf('\n')))
    })
    child.on('exit', () => reject(new Error(`npx ${args.join(' ')} ended: ${log}`)))
  })
  return { child, line }
}

test.before(within(10 * MINUTES, install))

test(
  'the folder runs Node 24',
  within(MINUTES, async () => {
    const { stdout } = await run('npx', ['node', '--version'], { cwd: folder, env })

    assert.match(stdout, /^v24\./)
  })
)

test(
  'npx wasgi check loads an application',
  within(2 * MINUTES, async () => {
    const { stdout } = await run('npx', ['wasgi', 'check', 'app.py'], { cwd: folder, env })

    assert.match(stdout, /app\.py:app/)
  })
)

test(
  'npx wasgi serve answers, and ends on SIGTERM',
  within(3 * MINUTES, async () => {
    const { child, line } = npx(['wasgi', 'serve', 'app.py', '--port', '0', '--workers', '1'])
    const url = (await line).replace('wasgi ready on ', '')

    const reply = await fetchRaw(url, '/here')
    process.kill(-(child.pid ?? 0), 'SIGTERM')
    await once(child, 'close')

    assert.is(reply.status, 200)
    assert.is(reply.text, 'packed /here')
  })
)

test(
  'the plugin is importable with its types beside it',
  within(3 * MINUTES, async () => {
    const script = [
      "import Fastify from 'fastify'",
      "import { wasgi } from 'wasgi'",
      'const app = Fastify({ pluginTimeout: 0 })',
      "app.get('/node', async () => 'node')",
      "await app.register(wasgi, { app: 'app.py', prefix: '/py', workers: 1 })",
      "const replies = await Promise.all([app.inject('/node'), app.inject('/py/x')])",
      "console.log(replies.map((reply) => reply.body).join(' | '))",
      'await app.close()'
    ].join('\n')
    writeFileSync(join(folder, 'server.mjs'), script)

    const { stdout } = await run('npx', ['node', 'server.mjs'], { cwd: folder, env })

    assert.is(stdout, 'node | packed /x\n')
    const types = readdirSync(join(folder, 'node_modules/wasgi/dist/src'))
    assert.ok(types.includes('index.d.ts'))
  })
)

test('nothing of the repository that users do not need is in the package', () => {
  const names = readdirSync(join(folder, 'node_modules/wasgi'))

  assert.equal(
    names.filter((name) => ['test', 'src', 'scripts', 'workers', '.ci'].includes(name)),
    []
  )
})

test.run()
