// Every option, declared once. Types, validation, defaults, flags, WASGI_* variables, TOML keys, the
// plugin's options and the reference page all come from here (`node scripts/reference.ts`).
// The schemas are TypeBox's plain-literal form, so that this file costs nothing to import.

/** Where an option can be given. `command`: flags, variables and files. */
export type Surface = 'command' | 'plugin'

/** How a value is written by a person, and what it becomes. */
export type Kind =
  | 'text'
  | 'path'
  | 'paths'
  | 'integer'
  | 'duration' // milliseconds
  | 'size' // bytes
  | 'flag'
  | 'choice'
  | 'table' // NAME=VALUE pairs
  | 'texts' // a list

/** JSON Schema of the resolved value; TypeBox derives the type and does the checking. */
export interface ValueSchema {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly items?: { readonly type: 'string'; readonly minLength?: number }
  readonly additionalProperties?: { readonly type: 'string' }
}

/** One option. Its key in `OPTIONS` is the TypeScript name; the other names derive from that. */
export interface Option {
  readonly kind: Kind
  readonly schema: ValueSchema
  readonly surfaces: readonly Surface[]
  /** As a person would write it. Absent: undefined, or computed (then `computed` says how). */
  readonly default?: string | number | boolean
  readonly computed?: string
  /** The plugin's default where it is not the command's. */
  readonly pluginDefault?: string
  readonly heading: 'Application' | 'Listening' | 'Workers' | 'Snapshots' | 'Limits' | 'Logging'
  readonly placeholder?: string
  /** Shorter flags of the command line, for true and for false. Kind `flag` only. */
  readonly aliases?: { readonly on: string; readonly off: string }
  /** Completes "must be ..." where the schema alone does not say it well. */
  readonly expected?: string
  /** One or two sentences, in the present tense, for people. */
  readonly text: string
}

export const OPTIONS = {
  app: {
    kind: 'text',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    placeholder: 'TARGET',
    expected: 'a target such as app.py, app.py:callable, package.module:callable or a folder',
    text: 'The application: app.py, app.py:callable, package.module:callable, package.module:factory(), or a folder.'
  },
  root: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    computed: "the target's folder",
    heading: 'Application',
    placeholder: 'FOLDER',
    text: 'The folder that the application sees, read-only, as /app. Never / or the home folder itself.'
  },
  dataDir: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    placeholder: 'FOLDER',
    text: 'A folder that the application may write to, as /data. All workers share it.'
  },
  pythonPath: {
    kind: 'paths',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    placeholder: 'FOLDER',
    text: 'A folder of Python packages to import from, read-only. May be repeated.'
  },
  env: {
    kind: 'table',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    placeholder: 'NAME=VALUE',
    expected: 'NAME=VALUE pairs with text values',
    text: "A variable for the application's os.environ. It never sees the host's environment. May be repeated."
  },
  envFile: {
    kind: 'paths',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    placeholder: 'FILE',
    text: 'A file of NAME=VALUE lines for os.environ; a value given with env wins. May be repeated, later files win.'
  },
  mount: {
    kind: 'text',
    schema: { type: 'string', maxLength: 1024, pattern: '^(/[^/?#\\s\\x00-\\x1f\\x7f]+)*$' },
    surfaces: ['command'],
    default: '',
    heading: 'Application',
    placeholder: '/PREFIX',
    expected: 'a path such as /shop',
    text: 'The URL prefix that the application answers under; it becomes SCRIPT_NAME.'
  },
  debug: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command', 'plugin'],
    default: false,
    heading: 'Application',
    text: 'Shows tracebacks in the browser. Never for production: they tell strangers about your code.'
  },
  host: {
    kind: 'text',
    schema: { type: 'string', minLength: 1, pattern: '^[^\\s/\\[\\]]+$' },
    surfaces: ['command'],
    default: '127.0.0.1',
    heading: 'Listening',
    placeholder: 'ADDRESS',
    expected: 'a host name or an IP address (IPv6 without brackets)',
    text: 'The address to listen on. 0.0.0.0 or :: is every address of this machine.'
  },
  port: {
    kind: 'integer',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
    surfaces: ['command'],
    default: 8000,
    heading: 'Listening',
    placeholder: 'NUMBER',
    text: 'The TCP port to listen on; 0 picks a free one.'
  },
  uds: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command'],
    heading: 'Listening',
    placeholder: 'PATH',
    text: 'A Unix domain socket to listen on, instead of a host and port.'
  },
  workers: {
    kind: 'integer',
    schema: { type: 'integer', minimum: 1, maximum: 1024 },
    surfaces: ['command', 'plugin'],
    computed: 'the number of cores, at most 4',
    heading: 'Workers',
    placeholder: 'NUMBER',
    text: 'How many worker threads the process group has, each with an interpreter of its own.'
  },
  processGroup: {
    kind: 'text',
    schema: { type: 'string', maxLength: 64, pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$' },
    surfaces: ['command', 'plugin'],
    default: 'default',
    heading: 'Workers',
    placeholder: 'NAME',
    expected: 'letters, digits, "_", "." and "-", at most 64',
    text: 'The name of the process group, as logs show it.'
  },
  lazyInitialization: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command', 'plugin'],
    default: false,
    heading: 'Workers',
    aliases: { on: '--lazy', off: '--eager' },
    text: 'Makes an interpreter when a request needs one, instead of all of them before the server listens.'
  },
  isolation: {
    kind: 'choice',
    schema: { type: 'string', enum: ['worker', 'request'] },
    surfaces: ['command', 'plugin'],
    default: 'worker',
    heading: 'Workers',
    placeholder: 'SCOPE',
    text: "What shares an interpreter's state: all requests of a worker, or each request alone, which then finds it as it was captured."
  },
  maximumRequests: {
    kind: 'integer',
    schema: { type: 'integer', minimum: 0, maximum: 9_007_199_254_740_991 },
    surfaces: ['command', 'plugin'],
    default: 0,
    heading: 'Workers',
    placeholder: 'NUMBER',
    text: 'After how many requests an interpreter is put back to its snapshot, or else replaced; 0 is never.'
  },
  snapshot: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command', 'plugin'],
    default: true,
    heading: 'Snapshots',
    text: 'Restores interpreters from a snapshot of the imported application. Without, each boots Python and imports it.'
  },
  snapshotDir: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command', 'plugin'],
    computed: 'wasgi/snapshots in the cache folder',
    heading: 'Snapshots',
    placeholder: 'FOLDER',
    text: 'Where snapshots are kept from one start to the next. Whoever can write there can run code in the sandbox.'
  },
  snapshotLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 0, maximum: 9_007_199_254_740_991 },
    surfaces: ['command', 'plugin'],
    default: '1G',
    heading: 'Snapshots',
    placeholder: 'SIZE',
    text: 'How much the snapshots in snapshot_dir may take together; the least recently used make room. 0 keeps none.'
  },
  snapshotEnv: {
    kind: 'texts',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Snapshots',
    placeholder: 'NAME',
    expected: 'a list of names of variables',
    text: 'A variable whose value may be part of a snapshot on disk, since it is no secret. May be repeated.'
  },
  warmup: {
    kind: 'texts',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Snapshots',
    placeholder: 'REQUEST',
    expected: 'a list of requests such as "GET /"',
    text: 'A request such as "GET /" that the application answers before it is captured, so that its effect is in the snapshot. May be repeated.'
  },
  startupTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 1, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '60s',
    heading: 'Workers',
    placeholder: 'DURATION',
    text: 'How long an interpreter may take to start and import the application.'
  },
  shutdownTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '30s',
    heading: 'Workers',
    placeholder: 'DURATION',
    text: 'How long requests in progress may take to finish when the server closes; 0 ends them at once.'
  },
  requestTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '60s',
    heading: 'Limits',
    placeholder: 'DURATION',
    text: 'How long one request may take; then the client gets 504 and the worker is replaced. 0 is no limit.'
  },
  bodyLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 1, maximum: 9_007_199_254_740_991 },
    surfaces: ['command', 'plugin'],
    default: '1G',
    heading: 'Limits',
    placeholder: 'SIZE',
    text: 'The largest request body; the client of a larger one gets 413.'
  },
  memoryLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 67_108_864, maximum: 4_294_967_296 },
    surfaces: ['command', 'plugin'],
    default: '1G',
    heading: 'Limits',
    placeholder: 'SIZE',
    text: 'The most WebAssembly memory one interpreter may use; then Python raises MemoryError.'
  },
  tmpLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 0, maximum: 4_294_967_296 },
    surfaces: ['command', 'plugin'],
    default: '64M',
    heading: 'Limits',
    placeholder: 'SIZE',
    text: 'The most that one interpreter may keep in /tmp, which is private memory; then writing fails with ENOSPC.'
  },
  responseWindow: {
    kind: 'size',
    schema: { type: 'integer', minimum: 4_096, maximum: 67_108_864 },
    surfaces: ['command', 'plugin'],
    default: '256K',
    heading: 'Limits',
    placeholder: 'SIZE',
    text: 'How much of a response may be produced before the client has accepted it; then the application waits.'
  },
  logLevel: {
    kind: 'choice',
    schema: {
      type: 'string',
      enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
    },
    surfaces: ['command'],
    default: 'info',
    heading: 'Logging',
    placeholder: 'LEVEL',
    text: 'The least severe records that are logged, to standard error.'
  },
  logFormat: {
    kind: 'choice',
    schema: { type: 'string', enum: ['text', 'json'] },
    surfaces: ['command'],
    default: 'text',
    heading: 'Logging',
    placeholder: 'FORMAT',
    text: 'How log records are written: for people, or one JSON object a line.'
  },
  accessLog: {
    kind: 'choice',
    schema: { type: 'string', enum: ['off', 'combined', 'json'] },
    surfaces: ['command'],
    default: 'combined',
    pluginDefault: 'off',
    heading: 'Logging',
    placeholder: 'FORMAT',
    text: "One line for each response, to standard error, in Apache's combined format or as JSON."
  }
} as const

export type OptionName = keyof typeof OPTIONS

/** Every option's name, in the order in which they are declared. */
export function optionNames(surface?: Surface): OptionName[] {
  const names = Object.keys(OPTIONS) as OptionName[]
  return surface === undefined ? names : names.filter((name) => appliesTo(name, surface))
}

/** The option's declaration, without its literal types. */
export function optionOf(name: OptionName): Option {
  return OPTIONS[name]
}

export function appliesTo(name: OptionName, surface: Surface): boolean {
  return optionOf(name).surfaces.includes(surface)
}

/** `requestTimeout` → `request_timeout`: the word in files, messages and the documentation. */
export function keyOf(name: OptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** `requestTimeout` → `--request-timeout`. */
export function flagOf(name: OptionName): string {
  return `--${keyOf(name).replaceAll('_', '-')}`
}

/** `requestTimeout` → `WASGI_REQUEST_TIMEOUT`. */
export function variableOf(name: OptionName): string {
  return `WASGI_${keyOf(name).toUpperCase()}`
}
