// bin/wasgi.js in packages made for the purpose, under a Node.js that says it is an old one.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from './within.ts'

const BIN = new URL('../../bin/wasgi.js', import.meta.url)
const LIMIT_MS = 60_000

/** Takes the version away from the process it is loaded into, and from that one only. */
const OLD = `data:text/javascript,Object.defineProperty(process, 'versions', {
  value: { ...process.versions, node: '20.20.2' } })`

/** Stands for the compiled command line: does what its first argument says. */
const COMMAND_LINE = `export function main() {
  const [word, ...rest] = process.argv.slice(2)
  if (word === 'exit') process.exit(Number(rest[0]))
  if (word === 'die') process.kill(process.pid, 'SIGKILL')
  if (word === 'print') console.log(process.versions.node, ...rest)
  if (word === 'wait') {
    process.on('SIGTERM', () => process.exit(5))
    setTimeout(() => {}, 60000)
    console.log('waiting')
  }
}`

interface Installed {
  folder: string
  bin: string
}

const test = suite<Installed>('bin/wasgi.js')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-bin-'))
  context.bin = join(context.folder, 'node_modules', 'wasgi', 'bin', 'wasgi.js')
  place(join(context.folder, 'node_modules/wasgi/package.json'), '{ "type": "module" }')
  place(join(context.folder, 'node_modules/wasgi/dist/src/cli/main.js'), COMMAND_LINE)
  mkdirSync(dirname(context.bin))
  copyFileSync(BIN, context.bin)
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

function place(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** A `node` package beside the other one, whose executable is the Node.js that runs the tests. */
function placeNode({ folder }: Installed, version: string): void {
  const home = join(folder, 'node_modules', 'node')
  place(join(home, 'package.json'), JSON.stringify({ version }))
  mkdirSync(join(home, 'bin'))
  symlinkSync(process.execPath, join(home, 'bin', 'node'))
}

function start({ bin }: Installed, line: string[], old = true): ChildProcess {
  const flags = old ? ['--import', OLD] : []
  return spawn(process.execPath, [...flags, bin, ...line], { stdio: 'pipe' })
}

async function outcome(child: ChildProcess): Promise<unknown[]> {
  assert.ok(child.stdout && child.stderr)
  const [out, err, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close')
  ])
  return [code ?? signal, out, err]
}

test(
  'an old Node.js hands over to the node package, with arguments, output and exit code',
  within(LIMIT_MS, async (installed) => {
    placeNode(installed, process.versions.node)

    const printed = await outcome(start(installed, ['print', 'a b', '--c']))
    const failed = await outcome(start(installed, ['exit', '3']))

    assert.equal(printed, [0, `${process.versions.node} a b --c\n`, ''])
    assert.equal(failed, [3, '', ''])
  })
)

test(
  'a signal to the one that handed over reaches the other',
  within(LIMIT_MS, async (installed) => {
    placeNode(installed, process.versions.node)
    const child = start(installed, ['wait'])
    assert.ok(child.stdout)
    await once(child.stdout, 'data')

    child.kill('SIGTERM')
    const [code] = await once(child, 'close')

    assert.is(code, 5)
  })
)

test(
  'the one that handed over dies of the signal that the other died of',
  within(LIMIT_MS, async (installed) => {
    placeNode(installed, process.versions.node)

    const [end] = await outcome(start(installed, ['die']))

    assert.is(end, 'SIGKILL')
  })
)

test(
  'an old Node.js alone says in one sentence what to do and exits 4',
  within(LIMIT_MS, async (installed) => {
    const [code, out, err] = await outcome(start(installed, ['print']))

    assert.equal([code, out], [4, ''])
    assert.match(
      String(err),
      /^wasgi: Node\.js 24 or newer is needed and this is 20\.20\.2: .*\.\n$/
    )
  })
)

test(
  'a node package that is too old itself is not handed over to',
  within(LIMIT_MS, async (installed) => {
    placeNode(installed, '22.1.0')

    const [code] = await outcome(start(installed, ['print']))

    assert.is(code, 4)
  })
)

test(
  'a new Node.js runs the command line itself',
  within(LIMIT_MS, async (installed) => {
    const printed = await outcome(start(installed, ['print', 'x'], false))

    assert.equal(printed, [0, `${process.versions.node} x\n`, ''])
  })
)

test(
  'a package without its compiled files says so without a stack',
  within(LIMIT_MS, async (installed) => {
    rmSync(join(installed.folder, 'node_modules/wasgi/dist'), { recursive: true })

    const [code, , err] = await outcome(start(installed, ['print'], false))

    assert.is(code, 70)
    assert.match(String(err), /^wasgi: the package is damaged, [^\n]*\n$/)
  })
)

test(
  'the real command line fails with one message and its exit code, and no JavaScript stack',
  within(LIMIT_MS, async () => {
    const child = spawn(process.execPath, [fileURLToPath(BIN), 'serve', 'app.py', '--port', 'x'])

    const [code, out, err] = await outcome(child)

    assert.equal([code, out], [3, ''])
    assert.match(String(err), /^wasgi: port must be [^\n]* {3}WASGI_ERR_CONFIG_INVALID\n$/)
  })
)

test.run()
