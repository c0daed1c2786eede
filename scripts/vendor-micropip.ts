// Refreshes the three wheels the installer's interpreter stands on: micropip, packaging and
// resolvelib, unchanged, as the configured index has them. Run by hand:
//   node scripts/vendor-micropip.ts [micropip==0.11.1 ...]
// It needs a host Python with pip, which knows the index; nothing else of wasgi does.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECTS = ['micropip', 'packaging', 'resolvelib']
const WHEELS = fileURLToPath(new URL('../workers/python/wasgi_install/wheels/', import.meta.url))

const pins = process.argv.slice(2)
const wanted = PROJECTS.map((name) => pins.find((pin) => pin.startsWith(`${name}=`)) ?? name)
const folder = mkdtempSync(join(tmpdir(), 'wasgi-micropip-'))
try {
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '-d', folder]
  const python = ['--python-version', pythonOfPyodide()]
  execFileSync('python3', [...pip, ...python, ...wanted], { stdio: 'inherit' })
  const names = readdirSync(folder).sort()
  const expected = PROJECTS.every((name) => names.some((file) => file.startsWith(`${name}-`)))
  if (!expected || names.length !== PROJECTS.length) throw new Error(`pip downloaded ${names}`)
  for (const old of readdirSync(WHEELS)) rmSync(join(WHEELS, old))
  const checksums: Record<string, string> = {}
  for (const name of names) {
    checksums[name] = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
    copyFileSync(join(folder, name), join(WHEELS, name))
  }
  writeFileSync(join(WHEELS, 'checksums.json'), `${JSON.stringify(checksums, null, 2)}\n`)
  console.log(`vendored ${names.join(', ')}`)
} finally {
  rmSync(folder, { recursive: true })
}

/** As `3.14`: pip would else choose for its own Python. */
function pythonOfPyodide(): string {
  const lock = createRequire(import.meta.url).resolve('pyodide/pyodide-lock.json')
  const { info } = JSON.parse(readFileSync(lock, 'utf8')) as { info: { python: string } }
  return info.python.split('.').slice(0, 2).join('.')
}
