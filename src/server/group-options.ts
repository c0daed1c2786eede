// From settings to what a process group needs: the target found, the folders granted, nothing else.
import { realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assertRootAllowed } from '../config/root.ts'
import type { ResolvedSettings, Settings } from '../config/settings.ts'
import { type AppTarget, resolveTarget } from '../config/target.ts'
import { WORKERS_URL } from '../dispatch/assets.ts'
import type { GroupOptions } from '../dispatch/group.ts'
import { WasgiError } from '../errors.ts'
import type { SnapshotSettings } from '../snapshot/settings.ts'
import { defaultStoreFolder } from '../snapshot/store.ts'
import { GATEWAY_PATH } from '../wire/guest-paths.ts'
import type { FileGrant } from '../wire/messages.ts'

/** The folder beside the application that `wasgi install` fills and `serve` finds by itself. */
export const PACKAGES_FOLDER = 'python_modules'

/** Resolves the target and gathers the options of its group. Rejects with a WasgiError. */
export async function groupOptions(
  resolved: ResolvedSettings,
  others: ReadonlyArray<{ readonly group: string }>
): Promise<{ options: GroupOptions; application: AppTarget }> {
  const { settings } = resolved
  assertConsistent(resolved)
  const application = await resolveTarget(settings.app, settings.root, resolved.base)
  assertRootAllowed(await realpath(application.root))
  const grants = await grantsOf(resolved, application)
  const packages = grants
    .map(({ guestPath }) => guestPath)
    .filter((path) => path.startsWith('/packages'))
  const { target, file, module, callable, call } = application
  const boot = {
    grants,
    sysPath: ['/app', ...packages],
    env: settings.env,
    application: { target, file, module, callable, call, hook: null },
    multiprocess: isMultiprocess(resolved),
    debug: settings.debug,
    tmpLimitBytes: settings.tmpLimit,
    windowBytes: settings.responseWindow,
    maximumRequests: settings.maximumRequests,
    isolated: settings.isolation === 'request'
  }
  const options = {
    name: freeName(settings.processGroup, others),
    mode: settings.mode,
    workers: settings.mode === 'embedded' ? 1 : settings.workers,
    lazy: settings.lazyInitialization,
    memoryLimitBytes: settings.memoryLimit,
    requestTimeoutMs: settings.requestTimeout,
    interruptTimeoutMs: settings.interruptTimeout,
    startupTimeoutMs: settings.startupTimeout,
    snapshot: settings.snapshot ? snapshotSettings(settings) : undefined,
    boot
  }
  return { options, application }
}

/** mod_wsgi's rule: true whenever a number of processes was given, even if it is 1. */
function isMultiprocess({ settings, origins }: ResolvedSettings): boolean {
  if (settings.mode === 'embedded') return false
  return settings.workers > 1 || origins.workers !== 'default'
}

function assertConsistent({ settings, origins }: ResolvedSettings): void {
  if (settings.mode === 'daemon' || origins.workers === 'default' || settings.workers === 1) return
  throw new WasgiError('WASGI_ERR_CONFIG_INVALID', [
    'workers',
    'left out or 1 with mode = "embedded", whose one interpreter is in the main thread',
    String(settings.workers),
    origins.workers
  ])
}

function snapshotSettings(settings: Settings): SnapshotSettings {
  const { snapshotDir, snapshotLimit, warmup, snapshotEnv } = settings
  const folder = snapshotDir ?? defaultStoreFolder(process.env, homedir())
  return { folder, limitBytes: snapshotLimit, warmup, storableNames: snapshotEnv }
}

/** Everything of the host that Python will see. If it is not in this list, it is not there. */
async function grantsOf(resolved: ResolvedSettings, application: AppTarget): Promise<FileGrant[]> {
  const { settings, base } = resolved
  const readOnly = (guestPath: string, hostPath: string): FileGrant => ({
    guestPath,
    hostPath,
    writable: false,
    hideDotNames: true
  })
  const grants = [
    readOnly('/app', await realpath(application.root)),
    readOnly(GATEWAY_PATH, fileURLToPath(new URL('python', WORKERS_URL)))
  ]
  const folders = [...settings.pythonPath]
  for (const beside of new Set([application.root, base])) {
    const folder = join(beside, PACKAGES_FOLDER)
    if (await isFolder(folder)) folders.push(folder)
  }
  for (const [index, folder] of [...new Set(folders)].entries()) {
    const real = await folderOf('python_path', folder, resolved)
    grants.push(readOnly(index === 0 ? '/packages' : `/packages${index}`, real))
  }
  if (settings.dataDir !== undefined) {
    const hostPath = await folderOf('data_dir', settings.dataDir, resolved)
    if (hostPath === '/' || hostPath === homedir()) assertRootAllowed(hostPath)
    grants.push({ guestPath: '/data', hostPath, writable: true, hideDotNames: false })
  }
  return grants
}

async function folderOf(
  option: string,
  folder: string,
  { origins }: ResolvedSettings
): Promise<string> {
  if (await isFolder(folder)) return realpath(folder)
  const origin = option === 'data_dir' ? origins.dataDir : origins.pythonPath
  throw new WasgiError('WASGI_ERR_CONFIG_INVALID', [
    option,
    'a folder that exists',
    `"${folder}"`,
    origin
  ])
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false
  )
}

function freeName(name: string, others: ReadonlyArray<{ readonly group: string }>): string {
  const taken = new Set(others.map(({ group }) => group))
  let free = name
  for (let number = 2; taken.has(free); number++) free = `${name}-${number}`
  return free
}
