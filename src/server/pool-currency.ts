// Which way a pool's interpreters are kept current, if any, and what they are loaded from then.
import type { Pool } from '../config/application-group.ts'
import { reloadError } from '../dispatch/failure.ts'
import type { GroupOptions, RequestGroup } from '../dispatch/group.ts'
import type { WasgiError } from '../errors.ts'
import { type Currency, ScriptCurrency, SeenCurrency } from './currency.ts'
import type { PoolSource } from './pool-source.ts'

export interface PoolCurrencyOptions {
  readonly group: () => RequestGroup
  readonly onFailure: (error: WasgiError) => void
  /** Told what is about to be loaded anew, and why. */
  readonly onChange: (text: string) => void
}

/** To be made before the group is, so that no change is missed. */
export function currencyOf(
  { settings }: Pool,
  { name, startupTimeoutMs: limitMs, queueLimit }: GroupOptions,
  source: PoolSource,
  { group, onFailure, onChange }: PoolCurrencyOptions
): Currency | undefined {
  const files = (): readonly string[] => source.scripts
  const shared = {
    files,
    // What it was made from before may tell better what is missing.
    reload: async (signal?: AbortSignal) =>
      group().reload('at-once', await source.recipe().catch(() => undefined), signal),
    onChange: (changed: readonly string[]) => onChange(described(name, changed))
  }
  if (settings.reload) {
    return new SeenCurrency({ ...shared, extra: settings.reloadExtra, limitMs, onFailure })
  }
  if (!settings.scriptReloading || source.scripts.length === 0) return undefined
  return new ScriptCurrency({
    ...shared,
    // Room for those that come while workers are replaced.
    waitingLimit: queueLimit === 0 ? Number.POSITIVE_INFINITY : Math.ceil(queueLimit / 2),
    onFailure: (cause) => onFailure(reloadError(`process group "${name}"`, cause))
  })
}

const NAMED = 3

function described(group: string, files: readonly string[]): string {
  const more = files.length > NAMED ? ` and ${files.length - NAMED} more` : ''
  const named = files.length === 0 ? 'a file' : files.slice(0, NAMED).join(', ')
  return `process group "${group}" is loaded anew, since this has changed: ${named}${more}`
}
