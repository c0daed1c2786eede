// Which of Apache's conditional sections count. Pure, but for asking whether a file is there.

import { words } from './words.ts'

/** What a configuration is read for. */
export interface Circumstances {
  /** Names of `-D` and of Define, with their values. */
  readonly defines: ReadonlyMap<string, string>
  readonly exists: (path: string) => boolean
}

/** IfVersion is answered as the newest Apache that everybody has would. */
const APACHE_VERSION = [2, 4, 66] as const

const CONDITIONS: Readonly<Record<string, (args: string, given: Circumstances) => boolean>> = {
  ifdefine: (args, { defines }) => negatable(args, (name) => defines.has(name)),
  // No module is asked for anything here, so what would be done with one is what counts.
  ifmodule: (args) => negatable(args, () => true),
  ifdirective: (args) => negatable(args, () => true),
  ifsection: (args) => negatable(args, () => true),
  iffile: (args, { exists }) => negatable(args, exists),
  ifversion: (args) => versionFits(args)
}

/** Whether a section of this (lower-case) name counts; undefined if it is not a condition. */
export function conditionOf(
  name: string,
  args: string,
  circumstances: Circumstances
): boolean | undefined {
  return Object.hasOwn(CONDITIONS, name) ? CONDITIONS[name]?.(args, circumstances) : undefined
}

function negatable(args: string, holds: (name: string) => boolean): boolean {
  const [word = ''] = words(args)
  return word.startsWith('!') ? !holds(word.slice(1)) : holds(word)
}

/** Regular expressions are not tried: they fit nothing. */
function versionFits(args: string): boolean {
  const [first = '', second] = words(args)
  const [operator, version] = second === undefined ? ['=', first] : [first, second]
  const order = compared(version)
  const bare = operator.replace(/^!/, '')
  const tests: Readonly<Record<string, boolean>> = {
    '=': order === 0,
    '==': order === 0,
    '>': order > 0,
    '>=': order >= 0,
    '<': order < 0,
    '<=': order <= 0
  }
  const fits = !Number.isNaN(order) && tests[bare] === true
  return operator.startsWith('!') ? !fits : fits
}

/** Above 0 if Apache is newer than this, which may leave parts out, as in 2.4. */
function compared(version: string): number {
  const parts = version.split('.').map(Number)
  for (const [index, own] of APACHE_VERSION.entries()) {
    // mod_version takes what is left out for 0.
    const difference = own - (parts[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
