// The packages that the example applications need, installed once for all test programs of a machine
// by `wasgi install`, from the index that this machine is set up for.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const BIN = fileURLToPath(new URL('../bin/wasgi.js', import.meta.url))
const REQUIREMENTS = ['flask_notes', 'django_guestbook'].map((name) =>
  fileURLToPath(new URL(`../pyapps/${name}/requirements.txt`, import.meta.url))
)

/** A folder with Flask, Django and WhiteNoise, for `--python-path`. */
export async function frameworks(): Promise<string> {
  const key = createHash('sha256')
  for (const file of REQUIREMENTS) key.update(readFileSync(file))
  const folder = join(lastingFolder(), `wasgi-sites-${key.digest('hex').slice(0, 12)}`)
  if (existsSync(folder)) return folder
  const making = mkdtempSync(`${folder}-`)
  const files = REQUIREMENTS.flatMap((file) => ['-r', file])
  await promisify(execFile)(process.execPath, [BIN, 'install', ...files, '--target', making])
  try {
    // Complete or not there at all: another program may be looking for it right now.
    renameSync(making, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(making, { recursive: true })
  }
  return folder
}

/** `npm test` gives each program a temporary folder of its own, inside the machine's. */
function lastingFolder(): string {
  const folder = tmpdir()
  return basename(folder).startsWith('wasgi-test-') ? dirname(folder) : folder
}
