// What whoever runs the server can see of it. Part of the schema; see ../schema.ts for what each field means.

export const OBSERVABILITY_OPTIONS = {
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
  }
} as const
