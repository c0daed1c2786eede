// From settings to what a process group needs: the target found, the folders granted, nothing else.
import { realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { membersOf, type Pool } from '../config/application-group.ts'
import { assertRootAllowed } from '../config/root.ts'
import type { ResolvedSettings, Settings } from '../config/settings.ts'
import { APPLICATION_ROOT, type AppTarget, resolveTarget } from '../config/target.ts'
import { WORKERS_URL } from '../dispatch/assets.ts'
import type { GroupOptions } from '../dispatch/group.ts'
import { WasgiError } from '../errors.ts'
import type { SnapshotSettings } from '../snapshot/settings.ts'
import { defaultStoreFolder } from '../snapshot/store.ts'
import { GATEWAY_PATH } from '../wire/guest-paths.ts'
import type { ApplicationSpec, FileGrant, Identity } from '../wire/messages.ts'

/** The folder beside the application that `wasgi install` fills and `serve` finds by itself. */
export const PACKAGES_FOLDER = 'python_modules'

/** One application of a pool. */
export interface PooledApplication {
  readonly target: string
  /** Its number among those of the interpreter. */
  readonly number: number
}

/** Resolves the target and gathers the options of its group. Rejects with a WasgiError. */
export async function groupOptions(
  resolved: ResolvedSettings,
  others: ReadonlyArray<{ readonly group: string }>
): Promise<{ options: GroupOptions; application: PooledApplication }> {
  const pool = { ...resolved, name: resolved.settings.processGroup, mounts: [resolved] }
  const { options, applications } = await poolOptions(pool, others)
  return { options, application: applications[0] as PooledApplication }
}

/**
 * As `groupOptions`, for mounts that share interpreters. `applications` are those of its members, in
 * their order; two mounts of the same target are one application. `scripts` are their own files, by the
 * paths that name them.
 */
export async function poolOptions(
  pool: Pool,
  others: ReadonlyArray<{ readonly group: string }>
): Promise<{
  options: GroupOptions
  applications: readonly PooledApplication[]
  scripts: readonly string[]
}> {
  const { settings } = pool
  assertConsistent(pool)
  const { roots, specs, applications, scripts } = await applicationsOf(membersOf(pool))
  const grants = await grantsOf(pool, roots)
  const packages = grants
    .map(({ guestPath }) => guestPath)
    .filter((path) => path.startsWith('/packages'))
  const [application, ...siblings] = specs
  const name = freeName(pool.name, others)
  const boot = {
    grants,
    sysPath: [...roots.map((_root, index) => guestRoot(index)), ...packages],
    env: settings.env,
    application: application as ApplicationSpec,
    siblings,
    identity: identityOf(pool, name),
    multiprocess: isMultiprocess(pool),
    debug: membersOf(pool).some((mount) => mount.settings.debug),
    tmpLimitBytes: settings.tmpLimit,
    windowBytes: settings.responseWindow,
    maximumRequests: settings.maximumRequests,
    maximumRequestsJitter: settings.maximumRequestsJitter,
    isolated: settings.isolation === 'request',
    watch: settings.reload
  }
  const options = {
    name,
    mode: settings.mode,
    workers: settings.mode === 'embedded' ? 1 : settings.workers,
    // What is being worked on is imported at once: what is wrong with it is to be seen.
    lazy: settings.lazyInitialization && !settings.reload,
    memoryLimitBytes: settings.memoryLimit,
    requestTimeoutMs: settings.requestTimeout,
    interruptTimeoutMs: settings.interruptTimeout,
    queueTimeoutMs: settings.queueTimeout,
    queueLimit: settings.queueLimit,
    startupTimeoutMs: settings.startupTimeout,
    hostBytesLimit: settings.hostBytesLimit,
    stackSize: settings.stackSize,
    recycle: {
      restartIntervalMs: settings.restartInterval,
      cpuTimeLimitMs: settings.cpuTimeLimit,
      inactivityTimeoutMs: settings.inactivityTimeout,
      deadlockTimeoutMs: settings.deadlockTimeout,
      gracefulTimeoutMs: settings.gracefulTimeout
    },
    snapshot: settings.snapshot ? snapshotSettings(settings) : undefined,
    boot
  }
  return { options, applications, scripts }
}

/** Finds what is mounted, and under which guest paths: each root of the host has one of its own. */
async function applicationsOf(mounts: readonly ResolvedSettings[]) {
  const roots: string[] = []
  const specs = new Map<string, ApplicationSpec>()
  const applications: PooledApplication[] = []
  const scripts = new Set<string>()
  for (const { settings, base } of mounts) {
    const found = await resolveTarget(settings.app, settings.root, base)
    const root = await realpath(found.root)
    assertRootAllowed(root)
    if (!roots.includes(root)) roots.push(root)
    if (found.script !== null) scripts.add(found.script)
    const dispatched = settings.dispatchScript !== undefined
    const consulted = settings.scriptReloading
    const spec = { ...specOf(found, guestRoot(roots.indexOf(root))), dispatched, consulted }
    const key = JSON.stringify({ ...spec, target: '' })
    if (!specs.has(key)) specs.set(key, spec)
    applications.push({ target: found.target, number: [...specs.keys()].indexOf(key) })
  }
  return { roots, specs: [...specs.values()], applications, scripts: [...scripts] }
}

function guestRoot(index: number): string {
  return index === 0 ? APPLICATION_ROOT : `${APPLICATION_ROOT}${index + 1}`
}

function specOf(
  { target, file, module, callable, call }: AppTarget,
  root: string
): Omit<ApplicationSpec, 'dispatched' | 'consulted'> {
  const own = file === null ? null : `${root}${file.slice(APPLICATION_ROOT.length)}`
  return { target, root, file: own, module, callable, call, hooks: [] }
}

/** `name` is what the group came to be called, in logs as well. */
function identityOf({ settings, name: given }: Pool, name: string): Identity {
  const { mode, workers, processGroup } = settings
  const embedded = mode === 'embedded'
  const [, ...applicationGroup] = given.split('|')
  return {
    processGroup: embedded ? '' : applicationGroup.length === 0 ? name : processGroup,
    applicationGroup: applicationGroup.join('|'),
    processes: embedded ? 1 : workers,
    scriptReloading: settings.scriptReloading
  }
}

/** mod_wsgi's rule: true whenever a number of processes was given, even if it is 1. */
function isMultiprocess({ settings, origins }: ResolvedSettings): boolean {
  if (settings.mode === 'embedded') return false
  return settings.workers > 1 || origins.workers !== 'default'
}

function assertConsistent(resolved: ResolvedSettings): void {
  assertDeadlockTimeout(resolved)
  assertWorkers(resolved)
}

/** An event loop that is alive and has nothing to do is seen to turn four times a second. */
function assertDeadlockTimeout({ settings, origins }: ResolvedSettings): void {
  const { deadlockTimeout } = settings
  if (deadlockTimeout === 0 || deadlockTimeout >= 1_000) return
  throw new WasgiError('WASGI_ERR_CONFIG_INVALID', [
    'deadlock_timeout',
    '0 or at least 1s',
    `${deadlockTimeout} ms`,
    origins.deadlockTimeout
  ])
}

function assertWorkers({ settings, origins }: ResolvedSettings): void {
  if (settings.mode === 'daemon' || origins.workers === 'default' || settings.workers === 1) return
  throw new WasgiError('WASGI_ERR_CONFIG_INVALID', [
    'workers',
    'left out or 1 with mode = "embedded", whose one interpreter is in the main thread',
    String(settings.workers),
    origins.workers
  ])
}

function snapshotSettings(settings: Settings): SnapshotSettings {
  // Nothing is kept of what is being worked on; and what Python reads is seen only as it reads it.
  const { snapshotDir, snapshotLimit, warmup, snapshotEnv } = settings
  const folder = snapshotDir ?? defaultStoreFolder(process.env, homedir())
  return {
    folder,
    limitBytes: settings.reload ? 0 : snapshotLimit,
    warmup,
    storableNames: snapshotEnv
  }
}

/** Everything of the host that Python will see. If it is not in this list, it is not there. */
async function grantsOf(pool: Pool, roots: readonly string[]): Promise<FileGrant[]> {
  const { settings } = pool
  const readOnly = (guestPath: string, hostPath: string): FileGrant => ({
    guestPath,
    hostPath,
    writable: false,
    hideDotNames: true
  })
  const grants = [
    ...roots.map((root, index) => readOnly(guestRoot(index), root)),
    readOnly(GATEWAY_PATH, fileURLToPath(new URL('python', WORKERS_URL)))
  ]
  const folders = [...settings.pythonPath]
  const bases = pool.ownPackages === true ? [] : membersOf(pool).map(({ base }) => base)
  for (const beside of new Set([...roots, ...bases])) {
    const folder = join(beside, PACKAGES_FOLDER)
    if (await isFolder(folder)) folders.push(folder)
  }
  for (const [index, folder] of [...new Set(folders)].entries()) {
    const real = await folderOf('python_path', folder, pool)
    grants.push(readOnly(index === 0 ? '/packages' : `/packages${index}`, real))
  }
  if (settings.dataDir !== undefined) {
    const hostPath = await folderOf('data_dir', settings.dataDir, pool)
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
