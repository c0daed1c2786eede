// Why a worker ended: one event for each, and the sentence that goes with it. Pure.

/** What ended a worker. A word is never reused for something else: metrics count by it. */
export const DEATH_KINDS = [
  // It served maximum_requests, and could not be put back in place.
  'maximum-requests',
  'restart-interval',
  'inactivity-timeout',
  'cpu-time-limit',
  'request-timeout',
  'deadlock-timeout',
  'startup-timeout',
  'host-bytes-limit',
  // Its interpreter ran out of memory, or has grown too much to be put back.
  'memory',
  // Nothing may follow the one request it served, and it could not be put back.
  'isolation',
  // The interpreter broke, or its thread failed.
  'crash',
  // Its thread ended, and nobody had asked it to.
  'exit',
  'boot-failed',
  'wipe-failed',
  'reload',
  // There was to be one worker less.
  'surplus',
  'shutdown'
] as const

export type DeathKind = (typeof DEATH_KINDS)[number]

/** Why a worker is to end. */
export interface Ending {
  readonly kind: DeathKind
  /** With the values: `request_timeout (3000 ms)`. */
  readonly reason: string
  /** What Python was doing, if it could say so. */
  readonly traceback?: string | undefined
}

/** The request that a worker had started and did not answer. */
export interface LostRequest {
  /** The server's own id of it, as its logs have it. */
  readonly id: string
  /** `GET /path`. */
  readonly label: string
}

/** What happens after a death. */
export type Replacement =
  | { readonly kind: 'at-once' }
  | { readonly kind: 'after'; readonly delayMs: number }
  /** A new interpreter is made when a request needs one. */
  | { readonly kind: 'on-demand' }
  /** Another worker has taken its place already. */
  | { readonly kind: 'done' }
  /** The group is closed. */
  | { readonly kind: 'none' }

/** One worker's end. */
export interface WorkerDeath extends Ending {
  readonly group: string
  /** `group/number`. The number is the replacement's, too. */
  readonly worker: string
  /** As `wasgi.snapshot.generation()`. */
  readonly generation: number
  /** What it was running; undefined when it was at rest. */
  readonly request: LostRequest | undefined
  /** Since its interpreter began to be made; 0 if none was. */
  readonly ageMs: number
  /** Requests it has answered. */
  readonly served: number
  /** Bytes of its WebAssembly memory, which never shrinks, after its last request; 0 if it had none. */
  readonly heapBytes: number
  readonly traceback: string | undefined
  readonly next: Replacement
}

/** What is told of a worker that is gone, as GroupWorker has it. */
export interface Deceased {
  readonly name: string
  readonly generation: number
  readonly bornAt: number
  readonly served: number
  readonly heapBytes: number
}

export function deathOf(
  group: string,
  worker: Deceased,
  { kind, reason, traceback }: Ending,
  request: LostRequest | undefined,
  next: Replacement
): WorkerDeath {
  const { name, generation, bornAt, served, heapBytes } = worker
  const ageMs = bornAt === 0 ? 0 : performance.now() - bornAt
  const life = { generation, ageMs, served, heapBytes }
  return { kind, reason, traceback, group, worker: name, request, ...life, next }
}

/** Deaths that somebody has ordered, or that a limit calls for: nothing went wrong. */
const PLANNED: ReadonlySet<DeathKind> = new Set([
  'maximum-requests',
  'restart-interval',
  'inactivity-timeout',
  'cpu-time-limit',
  'isolation',
  'reload',
  'surplus',
  'shutdown'
])

/** Whether it was due, rather than something having gone wrong. */
export function isPlanned(kind: DeathKind): boolean {
  return PLANNED.has(kind)
}

/** `worker ended: request_timeout (3000 ms), while answering GET /; it was 12 s old ...`. */
export function describeDeath(death: WorkerDeath): string {
  const { reason, request, ageMs, served, heapBytes, next } = death
  const doing = request === undefined ? '' : `, while answering ${request.label}`
  const requests = served === 1 ? '1 request' : `${served} requests`
  const memory = heapBytes === 0 ? '' : ` and had ${Math.round(heapBytes / 2 ** 20)} MiB of memory`
  const life = `it was ${seconds(ageMs)} old, had served ${requests}${memory}`
  return `worker ended: ${oneLine(reason)}${doing}; ${life}; ${describeNext(next)}`
}

function describeNext(next: Replacement): string {
  switch (next.kind) {
    case 'at-once':
      return 'it is replaced at once'
    case 'after':
      return `it is replaced in ${seconds(next.delayMs)}`
    case 'on-demand':
      return 'it is replaced when a request needs it'
    case 'done':
      return 'it has been replaced'
    case 'none':
      return 'it is not replaced'
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Of an account in several lines, where it begins and where it ends. */
function oneLine(text: string): string {
  const lines = text.trim().split('\n')
  const first = lines[0] ?? ''
  return lines.length > 1 ? `${first} ... ${lines.at(-1)}` : first
}
