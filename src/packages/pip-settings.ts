// What pip would use on this machine: its environment variables and configuration files. Only what
// says where the index is and how to reach it; no Python is asked.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>

/** Where this process runs, as far as pip's configuration depends on it. */
export interface PipSurroundings {
  readonly variables: Variables
  readonly home: string
  readonly platform: NodeJS.Platform
  /** Where the machine's own configuration lies: `/`. */
  readonly systemRoot: string
}

export interface PipSettings {
  readonly indexUrl?: string
  readonly extraIndexUrls: readonly string[]
  readonly trustedHosts: readonly string[]
  /** Path of a PEM file. */
  readonly cert?: string
  readonly proxy?: string
  readonly timeoutMs: number
  readonly pre: boolean
  /** Asks no index at all; wheels can still be named by path or URL. */
  readonly noIndex: boolean
}

/** pip waits for 15 s; a slow mirror is more common than a dead one. */
const TIMEOUT_MS = 60_000
const SECTIONS = ['global', 'install']
const TRUE = /^(?:1|y|yes|t|true|on)$/i

/** Reads them all; what comes later in pip's order goes before what came earlier. */
export function readPipSettings(surroundings: PipSurroundings): PipSettings {
  const values = new Map<string, string>()
  for (const path of configurationFiles(surroundings)) {
    for (const [name, value] of readConfiguration(path)) values.set(name, value)
  }
  // The shorter name goes before, as with pip.
  for (const name of ['default-timeout', ...NAMES]) {
    const value = surroundings.variables[`PIP_${name.toUpperCase().replaceAll('-', '_')}`]
    if (value !== undefined && value !== '') values.set(name.replace('default-', ''), value)
  }
  const words = (name: string): string[] => values.get(name)?.split(/\s+/).filter(Boolean) ?? []
  const text = <Key extends string>(key: Key, name: string): { [K in Key]?: string } => {
    const value = values.get(name)?.trim()
    return value === undefined || value === '' ? {} : ({ [key]: value } as { [K in Key]?: string })
  }
  const seconds = Number(values.get('timeout'))
  return {
    ...text('indexUrl', 'index-url'),
    ...text('cert', 'cert'),
    ...text('proxy', 'proxy'),
    extraIndexUrls: words('extra-index-url'),
    trustedHosts: words('trusted-host'),
    timeoutMs: seconds > 0 ? seconds * 1000 : TIMEOUT_MS,
    pre: TRUE.test(values.get('pre') ?? ''),
    noIndex: TRUE.test(values.get('no-index') ?? '')
  }
}

const NAMES = [
  'index-url',
  'extra-index-url',
  'no-index',
  'trusted-host',
  'cert',
  'proxy',
  'timeout',
  'pre'
]

/** pip's files in pip's order: global, user, site, and the one that PIP_CONFIG_FILE names. */
function configurationFiles(surroundings: PipSurroundings): string[] {
  const { variables, home, platform, systemRoot } = surroundings
  const named = variables.PIP_CONFIG_FILE
  if (named === '/dev/null') return []
  const global =
    platform === 'darwin'
      ? [join(systemRoot, 'Library/Application Support/pip/pip.conf')]
      : [
          ...(variables.XDG_CONFIG_DIRS || join(systemRoot, 'etc/xdg'))
            .split(':')
            .filter(Boolean)
            .map((folder) => join(folder, 'pip/pip.conf')),
          join(systemRoot, 'etc/pip.conf')
        ]
  const configHome = variables.XDG_CONFIG_HOME || join(home, '.config')
  const user = [join(home, '.pip/pip.conf')]
  if (platform === 'darwin') user.push(join(home, 'Library/Application Support/pip/pip.conf'))
  user.push(join(configHome, 'pip/pip.conf'))
  // The site's file lies in a Python's folder; without Python, a virtual environment is all we know.
  const site = variables.VIRTUAL_ENV ? [join(variables.VIRTUAL_ENV, 'pip.conf')] : []
  return [...global, ...user, ...site, ...(named ? [named] : [])]
}

function readConfiguration(path: string): Map<string, string> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return new Map() // pip passes over files it cannot read, too
  }
  const sections = parseIni(text)
  return new Map(SECTIONS.flatMap((section) => [...(sections.get(section) ?? [])]))
}

/** The dialect of Python's configparser: indented lines continue a value, comments fill a line. */
export function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let last: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue
    if (/^\s/.test(line) && section !== undefined && last !== undefined) {
      section.set(last, `${section.get(last) ?? ''}\n${trimmed}`.trim())
      continue
    }
    const header = /^\[([^\]]+)\]/.exec(trimmed)
    if (header !== null) {
      const name = header[1] ?? ''
      section = sections.get(name) ?? new Map()
      sections.set(name, section)
      last = undefined
      continue
    }
    const [, name, value = ''] = /^([^=:]+)[=:](.*)$/.exec(trimmed) ?? []
    if (name === undefined || section === undefined) continue
    last = name.trim().toLowerCase().replaceAll('_', '-')
    section.set(last, value.trim())
  }
  return sections
}
