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
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wasgi-e2e-')))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
