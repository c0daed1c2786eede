// Where tests find applications, and where they keep files.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const APPS = fileURLToPath(new URL('../apps', import.meta.url))
const EXAMPLES = fileURLToPath(new URL('../../pyapps', import.meta.url))

/** An application made for tests; `name` may end in `:callable`. */
export function testApp(name: string): string {
  return join(APPS, name)
}

/** An example application. */
export function example(name: string): string {
  return join(EXAMPLES, name)
}

/** A new folder, gone when the process ends. */
export function temporaryFolder(): string {
  if (folders.length === 0) process.once('exit', removeFolders)
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wasgi-e2e-')))
  folders.push(folder)
  return folder
}

// One listener for all: Node warns of more than ten.
const folders: string[] = []

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
