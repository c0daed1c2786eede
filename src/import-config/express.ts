// The script that mod_wsgi-express writes and has Apache run for every request: which application it names.
// Pure: reads assignments of text, runs nothing.

/** What `mod_wsgi-express start-server` was asked to serve. */
export interface ExpressApplication {
  readonly entryPoint: string
  readonly workingFolder: string
  /** `script`, `module`, `paste` or `static`. */
  readonly type: string
  readonly callable: string
  readonly mountPoint: string
}

/** Undefined if the text is no handler.wsgi of mod_wsgi-express. */
export function readExpressHandler(text: string): ExpressApplication | undefined {
  if (!/\bmod_wsgi\.(server|express)\b/.test(text)) return undefined
  const entryPoint = assigned(text, 'entry_point')
  if (entryPoint === undefined) return undefined
  return {
    entryPoint,
    workingFolder: assigned(text, 'working_directory') ?? '',
    type: assigned(text, 'application_type') ?? 'script',
    callable: assigned(text, 'callable_object') ?? 'application',
    mountPoint: assigned(text, 'mount_point') ?? '/'
  }
}

function assigned(text: string, name: string): string | undefined {
  return new RegExp(`^${name} = r?'([^'\\n]*)'`, 'm').exec(text)?.[1]
}
