// When the application is loaded anew without being asked. Part of the schema; see ../schema.ts for what each field means.

export const RELOAD_OPTIONS = {
  reload: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command', 'plugin'],
    default: false,
    heading: 'Workers',
    text: 'For development: once a file has changed that the application was made from, the next request is answered by the new code, or with the traceback that keeps it from being loaded.'
  },
  reloadExtra: {
    kind: 'paths',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Workers',
    placeholder: 'GLOB',
    text: 'Further files that reload looks at, as a path or a pattern such as "templates/*.html". May be repeated.'
  },
  scriptReloading: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command', 'plugin'],
    default: true,
    heading: 'Workers',
    text: 'Loads the application anew when the modification time of its own file is another than when it was loaded. A request looks, at most once a second.'
  }
} as const
