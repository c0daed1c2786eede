// Installs packages from an index into a folder: the one door of src/packages. The work is done by
// an interpreter in a thread of its own, whose only grants are the index and the target folder.
import { homedir } from 'node:os'
import type {
  InstallAnswer,
  Job,
  PlannedPackage,
  RunMessage
} from '../../workers/packages/messages.ts'
import { ERRORS, type ErrorCode, WasgiError } from '../errors.ts'
import { InstallerThread } from './installer-thread.ts'
import type { PipSurroundings } from './pip-settings.ts'
import { prepareRequest } from './request.ts'
import { Target } from './target.ts'

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
  const { env: variables, platform } = process
  let thread: InstallerThread | undefined
  const start = async (): Promise<InstallerThread> => {
    thread = await InstallerThread.start()
    return thread
  }
  try {
    const surroundings = { variables, home: homedir(), platform, systemRoot: '/' }
    return await installWith(start, request, report, surroundings)
  } finally {
    await thread?.close()
  }
}

/** The same in a thread of the caller's, which runs one installation at a time. */
export async function installWith(
  thread: () => Promise<InstallerThread>,
  request: InstallRequest,
  report: (line: InstallProgress) => void,
  surroundings: PipSurroundings
): Promise<InstallResult> {
  const { grant, ...asked } = prepareRequest(request, surroundings, process.cwd())
  const target = Target.open(request.target)
  try {
    const job: Job = { ...asked, installed: target.installed(), upgrade: request.upgrade }
    const message: RunMessage = { kind: 'run', job, grant, staging: target.staging }
    const answer = await (await thread()).run(message, ({ step, name, version, detail }) => {
      const about = { ...(version === '' ? {} : { version }), ...(detail === '' ? {} : { detail }) }
      report({ kind: step, name, ...about })
    })
    if (!answer.ok) throw failure(answer, target.path)
    target.commit(answer.packages)
    return { installed: announce(answer.packages, report), target: target.path }
  } finally {
    target.close()
  }
}

function announce(
  packages: readonly PlannedPackage[],
  report: (line: InstallProgress) => void
): InstalledPackage[] {
  const installed: InstalledPackage[] = []
  for (const { name, version, staged } of packages) {
    report({ kind: staged === '' ? 'kept' : 'installed', name, version })
    if (staged !== '') installed.push({ name, version })
  }
  return installed
}

function failure(answer: InstallAnswer & { ok: false }, target: string): WasgiError {
  if (answer.code === 'broken' && 'text' in answer) {
    const [line = ''] = answer.text.trimEnd().split('\n').slice(-1)
    return new WasgiError('WASGI_ERR_INTERNAL', [`the installer: ${line}`], {
      traceback: answer.text
    })
  }
  const code = isCode(answer.code) ? answer.code : 'WASGI_ERR_INTERNAL'
  const args = 'args' in answer ? answer.args.map(plain) : []
  if (code !== 'WASGI_ERR_TARGET_UNWRITABLE') return new WasgiError(code, args)
  return new WasgiError(code, [target, args.join(': ')])
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text)
}

/** Parts of it come from an index; a terminal must not be steered by them. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}
