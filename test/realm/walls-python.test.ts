// The published ways out of Pyodide, tried by a Python application: each stops at the wall.
// (test/realm/hostile/escapes.py; the attacks that need more than Python are in walls-glue.test.ts.)
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bootVictim, loadVictimAssets, MEMORY_LIMIT, type Victim } from './attack/boot.ts'
import { listenToTheVoid } from './attack/void.ts'

interface Context {
  victim: Victim
}

const theVoid = listenToTheVoid()
const assets = loadVictimAssets()
process.env.WASGI_TEST_SECRET = 'of the host'

const host = mkdtempSync(join(tmpdir(), 'wasgi-host-'))
const appDir = join(host, 'app')
const dataDir = join(host, 'data')
const secret = join(host, 'secret', 'file.txt')
cpSync(fileURLToPath(new URL('hostile', import.meta.url)), appDir, { recursive: true })
mkdirSync(dataDir)
mkdirSync(join(host, 'secret'))
writeFileSync(secret, 'of the host')
symlinkSync(secret, join(appDir, 'link.txt'))
symlinkSync(join(host, 'secret'), join(appDir, 'folder'))
symlinkSync(secret, join(dataDir, 'link.txt'))

let connections = 0
const server = createServer((socket) => {
  connections++
  socket.destroy()
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

const test = suite<Context>('Python')

test.before(async (context) => {
  context.victim = await bootVictim({ assets, appDir, dataDir })
})

/** What it says of a call that raises: the last line of its traceback. */
async function outcome(victim: Victim, name: string, args: readonly unknown[]): Promise<unknown> {
  return victim.python(`escapes.${name}`, ...args).catch((error: Error) => {
    const lines = error.message.trim().split('\n')
    return `raised: ${lines.filter((line) => !line.startsWith(' ')).at(-1)}`
  })
}

type Attempt = readonly [promise: string, name: string, args: readonly unknown[], end: RegExp]

const NO_FILE = /^raised: (FileNotFoundError|PermissionError|OSError)/
const ATTEMPTS: readonly Attempt[] = [
  ['has no process in js', 'from_js', ['process'], /^raised: AttributeError/],
  ['has no global object in js', 'from_js', ['globalThis'], /^raised: AttributeError/],
  ['has no fetch in js', 'from_js', ['fetch'], /^raised: AttributeError/],
  ['has no require in js', 'from_js', ['require'], /^raised: AttributeError/],
  ['has no ws in js', 'from_js', ['WebSocket'], /^raised: AttributeError/],
  ['cannot evaluate JavaScript', 'eval_js', ['process'], /^raised: ImportError/],
  ['cannot mount a host folder', 'mount_host', [host], /^raised: .*mountNodeFS only works in Node/],
  ['cannot mount NODEFS', 'mount_type', ['NODEFS', host], /^raised: /],
  ['cannot mount WORKERFS', 'mount_type', ['WORKERFS', host], /^raised: /],
  ['cannot mount PROXYFS', 'mount_type', ['PROXYFS', host], /^raised: /],
  ['finds nothing in IDBFS', 'mount_type', ['IDBFS', host], /^\[\]$/],
  ['cannot fetch into a file at once', 'preloaded_file', [`file://${secret}`], NO_FILE],
  ['gets nothing from the loader of files', 'load_binary', [secret], /^\[\]$/],
  ['gets nothing from it for the stdlib', 'load_binary', ['python_stdlib.zip'], /^\[\]$/],
  ['cannot load a package by name', 'load_package', ['numpy'], /^raised: .*No known package/],
  ['cannot load one by address', 'load_package', [`file://${host}/x.whl`], /^raised: /],
  ['cannot turn on Node sockets', 'node_sockets', [port], /^raised: .*only works in Node/],
  ['has no /etc/passwd', 'read', ['/etc/passwd'], NO_FILE],
  ['has no /proc of the host', 'read', ['/proc/self/environ'], NO_FILE],
  ['does not find a host path', 'read', [secret], NO_FILE],
  ['does not get out of /app by dots', 'read', [`/app/../../../..${secret}`], NO_FILE],
  ['does not get out of /app by a link', 'read', ['/app/link.txt'], NO_FILE],
  ['does not get out of /app by a folder', 'read', ['/app/folder/file.txt'], NO_FILE],
  ['does not get out of /data by a link', 'read', ['/data/link.txt'], NO_FILE],
  ['cannot link out of /data', 'link_and_read', [secret, '/data/mine'], NO_FILE],
  ['gains nothing by a link in /tmp', 'link_and_read', [secret, '/tmp/mine'], NO_FILE],
  ['runs no command', 'system', ['true'], /^1$/],
  ['starts no program', 'processes', ['/bin/true'], /^\[\]$/],
  ['has no thread', 'thread', [], /^raised: RuntimeError/],
  ['has no network', 'connect', ['127.0.0.1', port], /^raised: OSError/],
  ['has none through libc', 'connect_libc', [port], /^-1$/],
  ['has none through urllib', 'fetch', [`http://127.0.0.1:${port}/`], /^raised: .*URLError/],
  ['has none through XMLHttpRequest', 'open_url', [`http://127.0.0.1:${port}/`], /^raised: /],
  ['has none through fetch', 'pyfetch', [`http://127.0.0.1:${port}/`], /^raised: /]
]

for (const [promise, name, args, end] of ATTEMPTS) {
  test(promise, async ({ victim }) => {
    const ended = await outcome(victim, name, args)

    assert.match(typeof ended === 'string' ? ended : JSON.stringify(ended), end)
  })
}

test('gets code from no constructor of anything it can find', async ({ victim }) => {
  const ends = await victim.python('escapes.constructor_chains', 'return process')

  assert.equal(ends, ['AttributeError', 'EvalError', 'not Function', 'not JavaScript'])
})

test('gets code from none of the functions that once were the host`s', async ({ victim }) => {
  const ends = await victim.python('escapes.named_leaks')

  assert.equal(ends, ['EvalError'])
})

test('sees the folders it was granted and no others', async ({ victim }) => {
  const root = await victim.python('escapes.listing', '/')
  const app = await victim.python('escapes.listing', '/app')

  assert.equal(root, ['app', 'data', 'dev', 'home', 'lib', 'proc', 'tmp', 'usr'])
  assert.equal(app, ['app.py', 'escapes.py', 'roots.py'])
})

test('sees the environment it was given and no other', async ({ victim }) => {
  const environment = (await victim.python('escapes.environment')) as Record<string, string>

  assert.is(environment.HOME, '/tmp')
  assert.is(JSON.stringify(environment).includes('WASGI_TEST_SECRET'), false)
  assert.equal(Object.keys(environment).sort(), ['ENV HOME', 'ENV PYTHONINSPECT', 'HOME'])
})

test('gets nothing of the host at the end of the stack', async ({ victim }) => {
  const [deep, ...ends] = (await victim.python('escapes.call_back')) as string[]

  assert.is(deep, 'True')
  assert.ok(ends.length > 0)
  assert.not.match(ends.join(), /ESCAPED/)
})

test('gets no more memory than its limit, whoever grows it', async ({ victim }) => {
  const [, grown] = (await victim.python('escapes.grow_memory', 2 ** 26)) as number[]
  const [, after] = (await victim.python('escapes.grow_memory', 2 ** 30)) as number[]
  const filled = await victim.python('escapes.fill_memory', 2 ** 30)

  assert.is(grown, 2 ** 26, 'below the limit it grows')
  assert.ok(Number(after) <= MEMORY_LIMIT, `${after} bytes`)
  assert.match(String(filled), /^MemoryError after \d+ MiB$/)
})

test('goes on after all of that', async ({ victim }) => {
  await victim.python('escapes.unset_interrupts')

  assert.is(await victim.python('escapes.answer'), 42)
})

test.after(() => {
  server.close()
  rmSync(host, { recursive: true, force: true })
  assert.is(connections, 0, 'something connected')
  assert.equal(theVoid.ours, [])
})

test.run()
