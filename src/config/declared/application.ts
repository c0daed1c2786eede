// What is served. Part of the schema; see ../schema.ts for what each field means.

export const APPLICATION_OPTIONS = {
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
    scope: 'group',
    placeholder: 'FOLDER',
    text: 'A folder that the application may write to, as /data. All workers share it.'
  },
  pythonPath: {
    kind: 'paths',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    scope: 'group',
    placeholder: 'FOLDER',
    text: 'A folder of Python packages to import from, read-only. May be repeated.'
  },
  env: {
    kind: 'table',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    scope: 'group',
    placeholder: 'NAME=VALUE',
    expected: 'NAME=VALUE pairs with text values',
    text: "A variable for the application's os.environ. It never sees the host's environment. May be repeated."
  },
  envFile: {
    kind: 'paths',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Application',
    scope: 'group',
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
  }
} as const
