// `wasgi import-config httpd.conf`: the wasgi.toml on standard output, the report on standard error.

import { writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { EXIT, WasgiError } from '../../errors.ts'
import type { Surroundings } from '../surroundings.ts'

const EXAMPLES = `
Files that it includes are read, too; .htaccess files are not. Modules count as loaded, Apache's version as 2.4.
What became of each directive is told on standard error, and in comments of the file beside the values.
docs/guides/from-mod_wsgi.md has all directives.

Examples:
  wasgi import-config /etc/apache2/apache2.conf --virtual-host www.example.org:443 --output wasgi.toml
  wasgi import-config mysite.conf --define APACHE_LOG_DIR=/var/log/apache2 > wasgi.toml
  wasgi import-config httpd.conf --strict          fails, and writes nothing, if something needs your hand
`

interface ImportFlags {
  readonly output?: string
  readonly force?: boolean
  readonly strict?: boolean
  readonly virtualHost?: string
  readonly serverRoot?: string
  readonly define?: readonly string[]
}

/** Adds the command to the program. `finish` takes its exit code. */
export function addImportConfig(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void
): void {
  const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]
  program
    .command('import-config')
    .summary('make a wasgi.toml of an Apache configuration with mod_wsgi')
    .description(
      'Reads the WSGI* directives of an Apache configuration, and writes the wasgi.toml that does the same.'
    )
    .argument('<FILE>', 'httpd.conf, apache2.conf, or the file of one site')
    .option('-o, --output <FILE>', 'Where to write it, instead of to standard output.')
    .option('--force', 'Overwrites a file that is there.')
    .option('--strict', 'Fails, and writes nothing, if a directive needs your hand.')
    .option('--virtual-host <NAME>', 'Which site, if several have applications: NAME or NAME:PORT.')
    .option('--server-root <FOLDER>', "Where relative paths start. (default: the file's folder)")
    .option(
      '-D, --define <NAME[=VALUE]>',
      'As with httpd -D, and for variables. May be repeated.',
      collect
    )
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, flags: ImportFlags) => {
      await importConfig(file, flags, surroundings)
      finish(EXIT.ok)
    })
}

async function importConfig(
  file: string,
  flags: ImportFlags,
  { folder, out, err }: Surroundings
): Promise<void> {
  // Loaded late: no other command pays for it.
  const { convert } = await import('../../import-config/convert.ts')
  const { FILE_READER } = await import('../../import-config/reader.ts')
  const { openCount, reportText, tomlText } = await import('../../import-config/write.ts')
  const path = resolve(folder, file)
  const label = shorter(folder, path)
  const conversion = convert(FILE_READER, {
    file: path,
    nameOf: (each) => shorter(folder, each),
    serverRoot: flags.serverRoot === undefined ? dirname(path) : resolve(folder, flags.serverRoot),
    defines: new Map((flags.define ?? []).map(definition)),
    virtualHost: flags.virtualHost
  })
  err(reportText(conversion))
  const open = openCount(conversion.draft.notes)
  if (flags.strict && open > 0) {
    throw new WasgiError('WASGI_ERR_CONFIG_IMPORT', [
      label,
      `${open} of its directives need your hand (--strict); they are named above. Nothing was written`
    ])
  }
  const text = tomlText(conversion, label)
  if (flags.output === undefined) out(text)
  else write(resolve(folder, flags.output), text, flags)
}

/** As messages name a file: relative when that is shorter. */
function shorter(folder: string, path: string): string {
  const near = relative(folder, path)
  return near.startsWith('..') ? path : near
}

function definition(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function write(path: string, text: string, { output = '', force = false }: ImportFlags): void {
  try {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason =
      code === 'EEXIST'
        ? `"${output}" is there already, and only --force overwrites it`
        : `"${output}" cannot be written (${code})`
    throw new WasgiError('WASGI_ERR_USAGE', [reason], { cause })
  }
}
