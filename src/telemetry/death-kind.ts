// Why a worker ended, as one of a few words: a label of metrics must not take a value that anybody
// else can choose.

export const DEATH_KINDS = [
  'request_timeout',
  'startup_timeout',
  'wipe_timeout',
  'load_failed',
  'maximum_requests',
  'isolation',
  'memory',
  'retired',
  'thread',
  'interpreter'
] as const

export type DeathKind = (typeof DEATH_KINDS)[number]

const BEGINNINGS: ReadonlyArray<readonly [beginning: string, kind: DeathKind]> = [
  ['request_timeout ', 'request_timeout'],
  ['it was not ready within startup_timeout ', 'startup_timeout'],
  ['it was not wiped within startup_timeout ', 'wipe_timeout'],
  ['it could not load the application', 'load_failed'],
  ['it served maximum_requests ', 'maximum_requests'],
  ['it served its request ', 'isolation'],
  ['it ran out of memory ', 'memory'],
  ['it was retired', 'retired'],
  ['its thread ', 'thread']
]

/** Of the reason that a group gives; until its events carry a kind of their own. */
export function deathKind(reason: string): DeathKind {
  return BEGINNINGS.find(([beginning]) => reason.startsWith(beginning))?.[1] ?? 'interpreter'
}
