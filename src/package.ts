// Facts about the installed package, for people: its version and where its documentation lies.

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}

/** The package knows itself by name, in a clone as below `dist`. */
function manifestPath(): string {
  return createRequire(import.meta.url).resolve('wasgi/package.json')
}

/** `wasgi 0.1.0 (Pyodide 314.0.7, Node.js 26.10.0)`. */
export function versionLine(): string {
  const { version, dependencies } = createRequire(import.meta.url)(manifestPath()) as Manifest
  return `wasgi ${version} (Pyodide ${dependencies.pyodide}, Node.js ${process.versions.node})`
}

/** The absolute folder of the documentation. */
export function docsFolder(): string {
  return join(dirname(manifestPath()), 'docs')
}
