// Installs packages from an index into a folder: the one door of src/packages. The work is done by
// an interpreter in a thread of its own, whose only grants are the index and the target folder.

/** What the operator asked for; relative paths count from the current folder. */
export interface InstallRequest {
  /** Requirements as pip takes them on its line: `django>=5`, `flask[async]`, `./x.whl`. */
  readonly requirements: readonly string[]
  /** Paths of requirements files (`-r`). */
  readonly requirementFiles: readonly string[]
  /** The folder that gets the packages; made when it is not there. */
  readonly target: string
  /** Goes before the environment and pip's own configuration. */
  readonly indexUrl?: string
  readonly extraIndexUrls: readonly string[]
  /** Allow pre-releases. */
  readonly pre: boolean
  /** Replace what is installed already by the newest that fits. */
  readonly upgrade: boolean
}

/** One step, told as it begins (`installed` and `kept`: when it is done). */
export interface InstallProgress {
  readonly kind: 'resolving' | 'downloading' | 'building' | 'installed' | 'kept'
  readonly name: string
  readonly version?: string
  readonly detail?: string
}

export interface InstallResult {
  readonly installed: readonly InstalledPackage[]
  readonly target: string
}

export interface InstalledPackage {
  readonly name: string
  readonly version: string
}

/** Installs all of it or nothing. Rejects with a WasgiError that names the package and the reason. */
export async function installPackages(
  request: InstallRequest,
  report: (line: InstallProgress) => void
): Promise<InstallResult> {
  report({ kind: 'resolving', name: request.requirements.join(' ') })
  throw new Error('not finished yet')
}
