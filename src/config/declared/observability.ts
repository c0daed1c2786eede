// What whoever runs the server can see of it. Part of the schema; see ../schema.ts for what each field means.

export const OBSERVABILITY_OPTIONS = {
  admin: {
    kind: 'text',
    schema: {
      type: 'string',
      pattern:
        '^(unix:/.+|(\\[[0-9A-Fa-f:.]+\\]|[^\\s/\\[\\]:]+):([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$'
    },
    surfaces: ['command'],
    default: '',
    heading: 'Listening',
    placeholder: 'HOST:PORT',
    expected: 'HOST:PORT, [IPV6]:PORT or unix:/path',
    text: 'Where to listen for /-/wasgi/live, /-/wasgi/ready and /-/wasgi/metrics, in plain HTTP: HOST:PORT (0 picks a free port) or unix:/path. Nowhere if empty.'
  },
  adminPath: {
    kind: 'text',
    schema: { type: 'string', maxLength: 1024, pattern: '^((/[A-Za-z0-9._~-]+)+)?$' },
    surfaces: ['command', 'plugin'],
    default: '',
    heading: 'Listening',
    placeholder: '/PREFIX',
    expected: 'a path such as /-/wasgi',
    text: 'Answers live, ready and metrics below this path of the public listener, too, instead of the application; /-/wasgi is what admin has. Everybody can see them there.'
  },
  logFile: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command'],
    default: '-',
    dash: true,
    heading: 'Logging',
    placeholder: 'FILE',
    text: 'A file that log records are appended to; - is standard error.'
  },
  accessLogFile: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command'],
    default: '-',
    dash: true,
    heading: 'Logging',
    placeholder: 'FILE',
    text: 'A file that the access log is appended to; - is standard error.'
  },
  accessLogFormat: {
    kind: 'text',
    schema: { type: 'string', maxLength: 4096, pattern: '^[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$' },
    surfaces: ['command'],
    default: '',
    heading: 'Logging',
    placeholder: 'FORMAT',
    expected: "one line in gunicorn's syntax, such as '%(h)s \"%(r)s\" %(s)s'",
    text: "What a line of the access log holds, in gunicorn's syntax, such as '%(h)s \"%(r)s\" %(s)s %({x-request-id}i)s'; instead of the combined format."
  },
  slowRequests: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 0, maximum: 2_145_600_000 },
    surfaces: ['command', 'plugin'],
    default: 0,
    heading: 'Logging',
    placeholder: 'DURATION',
    text: 'Logs a request that has been in progress for so long, while it still is, and again when it has ended. 0 is never.'
  }
} as const
