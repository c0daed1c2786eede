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
export function unreloadable(before: ResolvedServer, after: ResolvedServer): readonly string[] {
  const changed = new Set(changedIn(before, after))
  for (const [index, mount] of before.mounts.entries()) {
    const now = after.mounts[index]
    if (now === undefined || now.settings.mount !== mount.settings.mount) changed.add('mounts')
    else for (const key of changedIn(mount, now)) changed.add(key)
  }
  if (after.mounts.length !== before.mounts.length) changed.add('mounts')
  return [...changed].sort()
}

function changedIn(before: ResolvedSettings, after: ResolvedSettings): readonly string[] {
  return optionNames()
    .filter((name) => !RELOADED.has(name))
    .filter((name) => !isSame(before.settings[name], after.settings[name]))
    .map(keyOf)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
