#!/usr/bin/env node
// biome-ignore-all lint/style/useNodejsImportProtocol: Node.js 12 does not always know `node:`
// The version gate in front of the command line. Everything here must run on Node.js 12, so that an
// old one hands over to the `node` package, or says in one sentence what to do.

import { spawn } from 'child_process'
import { existsSync } from 'fs'
import { createRequire } from 'module'
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'

const OLDEST = 24
const EXIT_ENVIRONMENT = 4
const EXIT_INTERNAL = 70
// As Unix has them: Node.js knows none of these names elsewhere, and then listens to nothing.
const FORWARDED = [
  'SIGINT',
  'SIGTERM',
  'SIGQUIT',
  'SIGHUP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGUSR1',
  'SIGUSR2'
]

function major(version) {
  return Number(version.split('.')[0])
}

/** The executable of the `node` package beside this one or above it, if it is new enough. */
function newerNode() {
  const require = createRequire(import.meta.url)
  try {
    const manifest = require.resolve('node/package.json')
    // Without this check, an old `node` package would hand over to itself for ever.
    if (major(require(manifest).version) < OLDEST) return undefined
    const name = process.platform === 'win32' ? 'node.exe' : 'node'
    const executable = join(dirname(manifest), 'bin', name)
    return existsSync(executable) ? executable : undefined
  } catch (_) {
    return undefined
  }
}

/** Runs this very file under another Node.js and ends as that ends. */
function handOver(executable) {
  const child = spawn(executable, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit'
  })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => refuse(`cannot run ${executable}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const name of FORWARDED) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

function refuse(reason) {
  process.stderr.write(`wasgi: ${reason}\n`)
  process.exit(EXIT_ENVIRONMENT)
}

function run() {
  const source = new URL('../src/cli/main.ts', import.meta.url)
  const compiled = new URL('../dist/src/cli/main.js', import.meta.url)
  // The published package has no sources, and Node.js strips no types below node_modules.
  const entry = existsSync(fileURLToPath(source)) ? source : compiled
  import(entry.href).then(
    (cli) => cli.main(),
    (error) => {
      process.stderr.write(`wasgi: the package is damaged, install it again: ${error.message}\n`)
      process.exit(EXIT_INTERNAL)
    }
  )
}

if (major(process.versions.node) >= OLDEST) {
  run()
} else {
  const executable = newerNode()
  if (executable !== undefined) handOver(executable)
  else {
    refuse(
      `Node.js ${OLDEST} or newer is needed and this is ${process.versions.node}: ` +
        'install a newer one, or run "npm install node@26" beside wasgi, which it then finds by itself.'
    )
  }
}
