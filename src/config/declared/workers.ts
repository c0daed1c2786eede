// Who serves it: process groups, interpreters, snapshots. Part of the schema; see ../schema.ts for what each field means.

export const WORKER_OPTIONS = {
  mode: {
    kind: 'choice',
    schema: { type: 'string', enum: ['daemon', 'embedded'] },
    surfaces: ['command', 'plugin'],
    default: 'daemon',
    heading: 'Workers',
    placeholder: 'MODE',
    text: "Where the application's interpreter lives: in worker threads, or in the main thread, which then does nothing else while Python runs."
  },
  restrictEmbedded: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command', 'plugin'],
    default: false,
    heading: 'Workers',
    scope: 'server',
    text: 'Keeps interpreters out of the main thread: an embedded application answers 500. Hooks such as access_script are not restricted.'
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
    scope: 'mount',
    placeholder: 'NAME',
    expected: 'letters, digits, "_", "." and "-", at most 64',
    text: 'The name of the process group, as logs show it; in [[mounts]], the group whose workers answer.'
  },
  applicationGroup: {
    kind: 'text',
    schema: {
      type: 'string',
      maxLength: 256,
      pattern: '^(%\\{(GLOBAL|SERVER|RESOURCE)\\}|[A-Za-z0-9][A-Za-z0-9_.:|/@-]*)$'
    },
    surfaces: ['command', 'plugin'],
    default: '%{GLOBAL}',
    heading: 'Workers',
    scope: 'mount',
    placeholder: 'NAME',
    expected:
      '%{GLOBAL}, %{SERVER}, %{RESOURCE} or a name of letters, digits and "_.:|/@-" (%{ENV:...} chooses anew for each request, which cannot be done here)',
    text: "Which of the process group's interpreters has the application: mounts that name the same one share it. Each further name is an interpreter of its own in workers of its own."
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
  maximumRequestsJitter: {
    kind: 'integer',
    schema: { type: 'integer', minimum: 0, maximum: 9_007_199_254_740_991 },
    surfaces: ['command', 'plugin'],
    default: 0,
    heading: 'Workers',
    placeholder: 'NUMBER',
    text: 'Adds up to so many requests to maximum_requests, drawn each time an interpreter is made or put back, so that they are not all recycled at once.'
  },
  restartInterval: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '0',
    heading: 'Workers',
    placeholder: 'DURATION',
    text: 'The longest life of a worker; then it is replaced as soon as it is quiet, one worker after another. 0 is no limit.'
  },
  inactivityTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '0',
    heading: 'Workers',
    placeholder: 'DURATION',
    text: 'After how long without any request the interpreters are given up; from then on they are made when requests need them. 0 is never.'
  },
  gracefulTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '60s',
    heading: 'Workers',
    placeholder: 'DURATION',
    text: 'How long a worker that is to be recycled may take to finish what it runs; then that gets 503. 0 ends it at once.'
  },
  cpuTimeLimit: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '0',
    heading: 'Workers',
    placeholder: 'DURATION',
    text: "How much processor time a worker's thread may use; then it is replaced as soon as it is quiet. 0 is no limit. Not in embedded mode."
  },
  deadlockTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '5m',
    heading: 'Workers',
    placeholder: 'DURATION',
    text: "How long a worker's event loop may stand still while it runs no request, or the one that it runs waits; then it is ended and replaced. 0 is no limit, else 1s at least. Not in embedded mode."
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
  }
} as const
