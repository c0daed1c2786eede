// Which way a pool's interpreters are kept current, if any.
import type { Pool } from '../config/application-group.ts'
import { reloadError } from '../dispatch/failure.ts'
import type { GroupOptions } from '../dispatch/group.ts'
import type { FileGrant } from '../wire/messages.ts'
import { type Currency, type CurrencyOptions, ScriptCurrency, SeenCurrency } from './currency.ts'

/** To be made before the group is, so that no change is missed. */
export function currencyOf(
  { settings }: Pool,
  { name, boot, startupTimeoutMs: limitMs }: GroupOptions,
  { reload, onFailure }: CurrencyOptions
): Currency | undefined {
  if (settings.reload) {
    return new SeenCurrency({ extra: settings.reloadExtra, limitMs, reload, onFailure })
  }
  if (!settings.scriptReloading) return undefined
  const scripts = [boot.application, ...boot.siblings].map(({ file }) => file)
  const files = scripts.flatMap((file) => hostPath(file, boot.grants) ?? [])
  if (files.length === 0) return undefined
  return new ScriptCurrency(files, {
    reload,
    onFailure: (cause) => onFailure(reloadError(`process group "${name}"`, cause))
  })
}

function hostPath(file: string | null, grants: readonly FileGrant[]): string | undefined {
  const grant = grants.find(({ guestPath }) => file?.startsWith(`${guestPath}/`) === true)
  return grant && `${grant.hostPath}${file?.slice(grant.guestPath.length)}`
}
