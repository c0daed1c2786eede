// What of a configuration a running server can take over when it is read anew, and what it cannot. Pure.
import type { ResolvedServer, ResolvedSettings } from './merge.ts'
import { keyOf, type OptionName, optionNames } from './schema.ts'

/** Options that say what interpreters are made from, or how many there are. Everything else needs a restart. */
export const RELOADED: ReadonlySet<OptionName> = new Set<OptionName>([
  'app',
  'root',
  'dataDir',
  'pythonPath',
  'env',
  'envFile',
  'workers',
  'isolation',
  'maximumRequests',
  'maximumRequestsJitter',
  'tmpLimit',
  'responseWindow',
  'snapshot',
  'snapshotDir',
  'snapshotLimit',
  'snapshotEnv',
  'warmup'
])

/** The keys of options that have another value now, and that do not count before a restart. */
export function unreloadable(running: ResolvedServer, read: ResolvedServer): readonly string[] {
  const changed = new Set(changedIn(running, read))
  for (const [index, mount] of running.mounts.entries()) {
    const now = read.mounts[index]
    if (now === undefined || now.settings.mount !== mount.settings.mount) changed.add('mounts')
    else for (const key of changedInMount(mount, now)) changed.add(key)
  }
  if (read.mounts.length !== running.mounts.length) changed.add('mounts')
  return [...changed].sort()
}

/** What was read, but where only a restart would count: there everything is as it runs. */
export function takenOver(running: ResolvedServer, read: ResolvedServer): ResolvedServer {
  const mounts = running.mounts.map((mount, index) => inMount(mount, read.mounts[index]))
  return { ...read, ...mixed(running, read), mounts }
}

function inMount(running: ResolvedSettings, read: ResolvedSettings = running): ResolvedSettings {
  const elsewhere = running.elsewhere?.map((each, index) => mixed(each, read.elsewhere?.[index]))
  return { ...mixed(running, read), ...(elsewhere && { elsewhere }) }
}

function mixed(running: ResolvedSettings, read: ResolvedSettings = running): ResolvedSettings {
  const kept = optionNames().filter((name) => !RELOADED.has(name))
  const settings = Object.fromEntries(kept.map((name) => [name, running.settings[name]]))
  return { ...read, settings: { ...read.settings, ...settings } }
}

function changedInMount(running: ResolvedSettings, read: ResolvedSettings): readonly string[] {
  const elsewhere = (running.elsewhere ?? []).flatMap((each, index) => {
    const now = read.elsewhere?.[index]
    return now === undefined ? [] : changedIn(each, now)
  })
  return [...changedIn(running, read), ...elsewhere]
}

function changedIn(running: ResolvedSettings, read: ResolvedSettings): readonly string[] {
  return optionNames()
    .filter((name) => !RELOADED.has(name))
    .filter((name) => !isSame(running.settings[name], read.settings[name]))
    .map(keyOf)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
