// An Apache configuration in memory, and what it is imported as.

import { type Conversion, convert } from '../../src/import-config/convert.ts'
import type { Table } from '../../src/import-config/draft.ts'
import { type Files, memoryReader } from './import-reader.ts'

export interface Options {
  readonly files?: Files
  readonly defines?: Readonly<Record<string, string>>
  readonly virtualHost?: string | undefined
}

/** Imports /etc/apache2/httpd.conf with this text. */
export function importText(text: string, options: Options = {}): Conversion {
  const file = '/etc/apache2/httpd.conf'
  const scripts = { '/srv/shop/shop/wsgi.py': '', '/srv/api/api.wsgi': '' }
  return convert(memoryReader({ ...scripts, ...options.files, [file]: text }), {
    file,
    serverRoot: '/etc/apache2',
    defines: new Map(Object.entries(options.defines ?? {})),
    nameOf: (path) => path.replace('/etc/apache2/', ''),
    virtualHost: options.virtualHost
  })
}

/** `LINE SUBJECT: FATE` of each note. */
export function fates({ draft }: Conversion): string[] {
  return draft.notes.map(({ place, subject, fate }) => `${place.line} ${subject}: ${fate}`)
}

/** The values of a table, and its variables as `env`. */
export function plainTable({ values, env }: Table): Record<string, unknown> {
  return { ...Object.fromEntries(values), ...(env.size > 0 && { env: Object.fromEntries(env) }) }
}

export function mountsOf({ draft }: Conversion): Record<string, unknown>[] {
  return draft.mounts.map(plainTable)
}

export function groupsOf({ draft }: Conversion): Record<string, unknown> {
  return Object.fromEntries([...draft.groups].map(([name, table]) => [name, plainTable(table)]))
}
