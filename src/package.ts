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

/** `{ wasgi: '0.1.0', pyodide: '314.0.7' }` */
export function packageVersions(): { readonly wasgi: string; readonly pyodide: string } {
  const { version, dependencies } = manifest()
  return { wasgi: version, pyodide: dependencies.pyodide ?? '' }
}

/** CPython's, of the Pyodide that is installed: `3.14.2`. */
export function pythonVersion(): string {
  const lock = createRequire(import.meta.url)('pyodide/pyodide-lock.json')
  return (lock as { readonly info: { readonly python: string } }).info.python
}

function manifest(): Manifest {
  return createRequire(import.meta.url)(manifestPath()) as Manifest
}

/** `wasgi 0.1.0 (Pyodide 314.0.7, Node.js 26.10.0)`. */
export function versionLine(): string {
  const { wasgi, pyodide } = packageVersions()
  return `wasgi ${wasgi} (Pyodide ${pyodide}, Node.js ${process.versions.node})`
}

/** The absolute folder of the documentation. */
export function docsFolder(): string {
  return join(dirname(manifestPath()), 'docs')
}
