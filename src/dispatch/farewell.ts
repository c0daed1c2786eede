// What an interpreter is told before it ends, in the words that mod_wsgi has for it. Pure.
import type { DeathKind, Ending } from './death.ts'

/** How long an interpreter may take for its farewell; what it has not done by then it does not do. */
export const FAREWELL_MS = 5_000

/** Where mod_wsgi has no word, as for memory, one in its style. What is not here is told nothing. */
const WORDS: Readonly<Partial<Record<DeathKind, string>>> = {
  'maximum-requests': 'maximum_requests',
  'restart-interval': 'restart_interval',
  'inactivity-timeout': 'inactivity_timeout',
  'cpu-time-limit': 'cpu_time_limit',
  memory: 'memory_limit',
  reload: 'script_reload',
  // What mod_wsgi says when one process is sent away by a signal and the others stay.
  surplus: 'eviction_signal',
  shutdown: 'shutdown_signal'
}

/** `shutdown_reason` of what ends so; undefined if nobody is to be told. */
export function shutdownReason(ending: Ending | undefined): string | undefined {
  return ending && WORDS[ending.kind]
}
