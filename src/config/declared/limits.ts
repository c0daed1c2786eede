// How much anybody may use, and what is logged. Part of the schema; see ../schema.ts for what each field means.

export const LIMIT_OPTIONS = {
  requestTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '60s',
    heading: 'Limits',
    placeholder: 'DURATION',
    text: 'How long one request may take; then it is interrupted, and the client gets 504. 0 is no limit.'
  },
  interruptTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '3s',
    heading: 'Limits',
    placeholder: 'DURATION',
    text: 'How long a request that was interrupted may take to come to an end; then its worker is replaced. 0 replaces it at once.'
  },
  queueTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '45s',
    heading: 'Limits',
    placeholder: 'DURATION',
    text: 'How long a request may wait for a worker; then the client gets 504, and the application is not called. 0 is no limit.'
  },
  queueLimit: {
    kind: 'integer',
    schema: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    surfaces: ['command', 'plugin'],
    default: 1024,
    heading: 'Limits',
    placeholder: 'NUMBER',
    text: 'How many requests may wait for a worker of the process group; the client of one more gets 503 with Retry-After.'
  },
  bodyLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 1, maximum: 9_007_199_254_740_991 },
    surfaces: ['command', 'plugin'],
    default: '1G',
    heading: 'Limits',
    scope: 'mount',
    placeholder: 'SIZE',
    text: 'The largest request body; the client of a larger one gets 413.'
  },
  bodyTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: '15s',
    heading: 'Limits',
    scope: 'mount',
    placeholder: 'DURATION',
    text: 'How long the client may let its request body stand still; then it gets 408. Each 500 bytes received add a second. 0 is no limit.'
  },
  headerTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 1, maximum: 2_145_600_000 },
    surfaces: ['command'],
    default: '15s',
    heading: 'Limits',
    scope: 'server',
    placeholder: 'DURATION',
    text: 'How long the client may take for the head of its request; then it gets 408.'
  },
  headerLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 1024, maximum: 49_152 },
    surfaces: ['command'],
    default: '16K',
    heading: 'Limits',
    scope: 'server',
    placeholder: 'SIZE',
    text: 'The largest head of a request, all header lines together; the client of a larger one gets 431.'
  },
  headerCountLimit: {
    kind: 'integer',
    schema: { type: 'integer', minimum: 1, maximum: 10_000 },
    surfaces: ['command', 'plugin'],
    default: 100,
    heading: 'Limits',
    scope: 'server',
    placeholder: 'NUMBER',
    text: 'The most header lines of a request; the client of more gets 431.'
  },
  requestLineLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 64, maximum: 49_152 },
    surfaces: ['command', 'plugin'],
    default: '8190',
    heading: 'Limits',
    scope: 'server',
    placeholder: 'SIZE',
    text: 'The longest request line: method, target and version; the client of a longer one gets 414.'
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
  hostBytesLimit: {
    kind: 'size',
    schema: { type: 'integer', minimum: 67_108_864, maximum: 9_007_199_254_740_991 },
    surfaces: ['command', 'plugin'],
    default: '256M',
    heading: 'Limits',
    placeholder: 'SIZE',
    expected: 'a size of 64M or more',
    text: "The most memory a worker's thread may use besides WebAssembly memory and /tmp: what Python hands to JavaScript. Then the worker is ended and replaced. Not in embedded mode."
  },
  stackSize: {
    kind: 'size',
    schema: { type: 'integer', minimum: 1_048_576, maximum: 134_217_728 },
    surfaces: ['command', 'plugin'],
    default: '8M',
    heading: 'Limits',
    placeholder: 'SIZE',
    expected: 'a size from 1M to 128M',
    text: "The stack of a worker's thread: how deep Python and JavaScript may call each other. How deep Python alone may recurse does not depend on it. Not in embedded mode."
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
