// `wasgi install`: puts packages beside the application. What was installed goes to standard output
// as NAME==VERSION lines, progress to standard error.

import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { EXIT, WasgiError } from '../../errors.ts'
import type { InstallProgress, InstallRequest } from '../../packages/install.ts'
import type { Actions, Surroundings } from '../surroundings.ts'

const EXAMPLES = `
Packages come from the index that pip would use (--index-url, PIP_INDEX_URL, pip's configuration
files). Only wheels are installed that run in WebAssembly: nothing is compiled and no build script
runs. "wasgi serve" finds python_modules beside the application by itself.

Examples:
  wasgi install flask "django>=5"
  wasgi install -r requirements.txt
`

interface InstallFlags {
  readonly requirement?: readonly string[]
  readonly target: string
  readonly indexUrl?: string
  readonly extraIndexUrl?: readonly string[]
  readonly pre?: boolean
  readonly upgrade?: boolean
}

/** Adds the command to the program. `finish` takes its exit code. */
export function addInstall(
  program: Command,
  surroundings: Surroundings,
  installPackages: Actions['installPackages'],
  finish: (code: number) => void
): void {
  const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]
  program
    .command('install')
    .summary('install Python packages beside an application')
    .description('Installs Python packages beside an application. Needs no Python on this machine.')
    .argument('[PACKAGES...]', 'requirements, as in flask or "django>=5"')
    .option('-r, --requirement <FILE>', 'A requirements file. May be repeated.', collect)
    .option('-t, --target <FOLDER>', 'Where the packages go.', 'python_modules')
    .option('-i, --index-url <URL>', 'The package index.')
    .option('--extra-index-url <URL>', 'A further package index. May be repeated.', collect)
    .option('--pre', 'Takes pre-releases too.')
    .option('-U, --upgrade', 'Replaces what is installed by the newest version that fits.')
    .addHelpText('after', EXAMPLES)
    .action(async (packages: string[], flags: InstallFlags) => {
      const request = requestFrom(packages, flags, surroundings.folder)
      const progress = createProgress(surroundings)
      const { installed, target } = await installPackages(request, progress.show)
      progress.clear()
      for (const { name, version } of installed) surroundings.out(`${name}==${version}\n`)
      const shown = relative(surroundings.folder, target)
      surroundings.err(`${summary(installed.length)} ${shown.startsWith('..') ? target : shown}\n`)
      finish(EXIT.ok)
    })
}

function requestFrom(packages: string[], flags: InstallFlags, folder: string): InstallRequest {
  const requirementFiles = (flags.requirement ?? []).map((file) => resolve(folder, file))
  if (packages.length === 0 && requirementFiles.length === 0) {
    throw new WasgiError('WASGI_ERR_USAGE', ['install needs PACKAGES or -r FILE'])
  }
  return {
    requirements: packages,
    requirementFiles,
    target: resolve(folder, flags.target),
    ...(flags.indexUrl === undefined ? {} : { indexUrl: flags.indexUrl }),
    extraIndexUrls: flags.extraIndexUrl ?? [],
    pre: flags.pre ?? false,
    upgrade: flags.upgrade ?? false
  }
}

function summary(count: number): string {
  if (count === 0) return 'Nothing to do: everything is in'
  return `Installed ${count} ${count === 1 ? 'package' : 'packages'} into`
}

interface Progress {
  readonly show: (line: InstallProgress) => void
  readonly clear: () => void
}

const CLEAR_LINE = '\r\x1b[K'

/** Results stay; on a terminal, work in progress is one line that the next one overwrites. */
function createProgress({ err, terminal }: Surroundings): Progress {
  const clear = (): void => {
    if (terminal) err(CLEAR_LINE)
  }
  const show = (line: InstallProgress): void => {
    const stays = line.kind === 'installed' || line.kind === 'kept' || line.kind === 'building'
    const { kind, name, version, detail } = line
    const text = [kind, name, version, detail && `(${detail})`].filter(Boolean).join(' ')
    clear()
    err(terminal && !stays ? text.slice(0, 79) : `${text}\n`)
  }
  return { show, clear }
}
