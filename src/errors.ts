// The one table of everything that can go wrong, and the class that carries a row of it.
// It must not import anything: every part of the main thread reports through it.

/** Whose fault it is: decides the log level, the exit code and what a client may see. */
export type Blame = 'app' | 'operator' | 'client' | 'internal'

interface ErrorRow {
  readonly blame: Blame
  /** What the HTTP client gets when the error ends its request. */
  readonly status: number
  /** What happened, with the value, then what to do. `%s` marks take the arguments in order. */
  readonly text: string
}

export const ERRORS = {
  WASGI_ERR_APP_IMPORT: {
    blame: 'app',
    status: 500,
    text: 'Importing "%s" failed: %s. The traceback below is Python\'s own.'
  },
  WASGI_ERR_APP_SYNTAX: {
    blame: 'app',
    status: 500,
    text: 'Python cannot parse "%s": %s. Correct the line that the traceback below names.'
  },
  WASGI_ERR_APP_NOT_FOUND: {
    blame: 'app',
    status: 500,
    text: 'There is no application at "%s": %s. Name a file, a folder or a package.module that exists.'
  },
  WASGI_ERR_APP_CALLABLE: {
    blame: 'app',
    status: 500,
    text: '"%s" has no WSGI callable: %s. Name one, as in "%s:callable".'
  },
  WASGI_ERR_APP_EXCEPTION: {
    blame: 'app',
    status: 500,
    text: "The application raised %s while answering %s. The traceback below is Python's own."
  },
  WASGI_ERR_USAGE: {
    blame: 'operator',
    status: 500,
    text: 'The command line is not complete or not understood: %s. See "wasgi --help".'
  },
  WASGI_ERR_CONFIG_INVALID: {
    blame: 'operator',
    status: 500,
    text: '%s must be %s, got %s (from %s).'
  },
  WASGI_ERR_CONFIG_UNKNOWN: {
    blame: 'operator',
    status: 500,
    text: 'There is no option "%s" (from %s).%s'
  },
  WASGI_ERR_CONFIG_SCOPE: {
    blame: 'operator',
    status: 500,
    text: 'The option "%s" (from %s) belongs to %s. Move it to %s.'
  },
  WASGI_ERR_CONFIG_GROUP: {
    blame: 'operator',
    status: 500,
    text: 'There is no process group "%s" (from %s).%s Add a table [groups.%s], or name one of these: %s.'
  },
  WASGI_ERR_CONFIG_FILE: {
    blame: 'operator',
    status: 500,
    text: 'The configuration file "%s" cannot be used: %s.'
  },
  WASGI_ERR_CONFIG_IMPORT: {
    blame: 'operator',
    status: 500,
    text: 'The Apache configuration "%s" cannot be imported: %s.'
  },
  WASGI_ERR_ROOT_REFUSED: {
    blame: 'operator',
    status: 500,
    text: 'root "%s" would show the application %s. Put the application into a folder of its own, or name one with --root.'
  },
  WASGI_ERR_LISTEN: {
    blame: 'operator',
    status: 500,
    text: 'Cannot listen on %s: %s.'
  },
  WASGI_ERR_TLS: {
    blame: 'operator',
    status: 500,
    text: 'The server cannot speak TLS with certificate "%s" and key "%s": %s. Both are files in PEM form, and belong together.'
  },
  WASGI_ERR_BODY_TOO_SLOW: {
    blame: 'client',
    status: 408,
    text: 'The request body stood still for longer than body_timeout (%s).'
  },
  WASGI_ERR_REQUEST_LINE: {
    blame: 'client',
    status: 414,
    text: 'The request line has %s bytes, request_line_limit allows %s.'
  },
  WASGI_ERR_HEADERS: {
    blame: 'client',
    status: 431,
    text: 'The request has too large a head: %s. See header_limit and header_count_limit.'
  },
  WASGI_ERR_HTTP_VERSION: {
    blame: 'client',
    status: 505,
    text: 'The request says HTTP/%s, and only 1.0, 1.1 and 2 over TLS are spoken here.'
  },
  WASGI_ERR_TRANSFER_CODING: {
    blame: 'client',
    status: 501,
    text: 'The request body has the transfer coding "%s", and only "chunked" is known here.'
  },
  WASGI_ERR_METHOD: {
    blame: 'client',
    status: 501,
    text: 'The request has the method "%s", which is none that HTTP has.'
  },
  WASGI_ERR_EXPECTATION: {
    blame: 'client',
    status: 417,
    text: 'The request expects "%s", and only "100-continue" can be met.'
  },
  WASGI_ERR_BODY_TOO_LARGE: {
    blame: 'client',
    status: 413,
    text: 'The request body is larger than body_limit (%s bytes).'
  },
  WASGI_ERR_BAD_REQUEST: {
    blame: 'client',
    status: 400,
    text: 'The request is malformed: %s.'
  },
  WASGI_ERR_REQUEST_TIMEOUT: {
    blame: 'app',
    status: 504,
    text: 'The application did not finish %s within request_timeout (%s ms). %s.'
  },
  WASGI_ERR_WORKER_DIED: {
    blame: 'app',
    status: 502,
    text: 'Worker %s died while answering %s: %s. It is being replaced.'
  },
  WASGI_ERR_WORKER_RECYCLED: {
    blame: 'operator',
    status: 503,
    text: 'Worker %s was recycled in the middle of %s: %s. Raise graceful_timeout if requests may take longer.'
  },
  WASGI_ERR_WORKER_BOOT: {
    blame: 'internal',
    status: 503,
    text: 'Worker %s could not start: %s. If the application needs longer to import, raise startup_timeout.'
  },
  WASGI_ERR_CLIENT_GONE: {
    blame: 'client',
    status: 499,
    text: 'The client closed the connection before %s was answered.'
  },
  WASGI_ERR_GROUP_DOWN: {
    blame: 'operator',
    status: 503,
    text: 'Process group "%s" has no worker to answer with: %s.'
  },
  WASGI_ERR_QUEUE_FULL: {
    blame: 'operator',
    status: 503,
    text: 'Process group "%s" already has %s requests waiting (queue_limit). Give it more workers, or raise it if clients may wait.'
  },
  WASGI_ERR_QUEUE_TIMEOUT: {
    blame: 'operator',
    status: 504,
    text: '%s was not started: it waited for a worker of process group "%s" for longer than queue_timeout (%s ms). Give the group more workers.'
  },
  WASGI_ERR_CRASH_LOOP: {
    blame: 'operator',
    status: 503,
    text: 'Process group "%s" has lost %s workers within %s s, each soon after it was ready; the last one: %s. The next is made in %s s. Look at what they have in common: the first request, or what the application does beside its requests.'
  },
  WASGI_ERR_RELOAD: {
    blame: 'operator',
    status: 500,
    text: 'The %s was not reloaded: %s What was loaded before goes on serving. Mend what is named, and reload again.'
  },
  WASGI_ERR_EMBEDDED_RESTRICTED: {
    blame: 'operator',
    status: 500,
    text: 'Embedded mode is disabled by restrict_embedded, and "%s" is not delegated to a daemon process group. Remove one of the two, or set mode = "daemon".'
  },
  WASGI_ERR_FOREIGN_INTERPRETER: {
    blame: 'operator',
    status: 500,
    text: '%s cannot be had with an interpreter of the host program: %s. Leave out one of the two.'
  },
  WASGI_ERR_ACCESS_DENIED: {
    blame: 'client',
    status: 403,
    text: 'access_script did not allow %s.'
  },
  WASGI_ERR_AUTH_REQUIRED: {
    blame: 'client',
    status: 401,
    text: '%s has no credentials that auth_user_script accepts.'
  },
  WASGI_ERR_GROUP_REQUIRED: {
    blame: 'client',
    status: 401,
    text: 'The user of %s is in no group of require_group.'
  },
  WASGI_ERR_HOOK: {
    blame: 'operator',
    status: 500,
    text: '%s could not decide about %s: %s. The request is refused; what Python said of it is in the log.'
  },
  WASGI_ERR_PACKAGE_NOT_FOUND: {
    blame: 'operator',
    status: 500,
    text: 'There is no package for %s: %s. Check the name, the version and the index (--index-url).'
  },
  WASGI_ERR_PACKAGE_UNSUPPORTED: {
    blame: 'operator',
    status: 500,
    text: '%s cannot be installed: %s. Choose another version or a package in plain Python; docs/guides/packages.md has advice.'
  },
  WASGI_ERR_PACKAGE_CONFLICT: {
    blame: 'operator',
    status: 500,
    text: 'No set of versions satisfies everybody: %s. Relax one of these, or add --upgrade.'
  },
  WASGI_ERR_PACKAGE_INTEGRITY: {
    blame: 'operator',
    status: 500,
    text: '%s was refused: %s. Nothing was installed; do not use this file before you know why.'
  },
  WASGI_ERR_REQUIREMENT_INVALID: {
    blame: 'operator',
    status: 500,
    text: '"%s" (from %s) is not a requirement that can be used: %s.'
  },
  WASGI_ERR_INDEX_UNREACHABLE: {
    blame: 'operator',
    status: 500,
    text: 'The index gave no usable answer for %s: %s. Check --index-url, PIP_INDEX_URL and the network.'
  },
  WASGI_ERR_TARGET_UNWRITABLE: {
    blame: 'operator',
    status: 500,
    text: 'Packages cannot be written to "%s": %s.'
  },
  WASGI_ERR_SNAPSHOT_CORRUPT: {
    blame: 'operator',
    status: 500,
    text: 'The snapshot "%s" is damaged: %s. It is not used and is made again.'
  },
  WASGI_ERR_SNAPSHOT_VERSION: {
    blame: 'operator',
    status: 500,
    text: 'The snapshot "%s" was written by another wasgi: %s. It is not used and is made again.'
  },
  WASGI_ERR_SNAPSHOT_STALE: {
    blame: 'operator',
    status: 500,
    text: 'The snapshot "%s" is out of date: %s. It is not used and is made again.'
  },
  WASGI_ERR_SNAPSHOT_FOREIGN: {
    blame: 'operator',
    status: 500,
    text: 'The snapshot "%s" is not to be trusted: %s. It is not used and is made again. Remove it, or name another folder with --snapshot-dir.'
  },
  WASGI_ERR_SNAPSHOT_UNSAVED: {
    blame: 'operator',
    status: 500,
    text: 'The snapshot was not stored: %s. It serves from memory only, and each start of a server makes it again.'
  },
  WASGI_ERR_SNAPSHOT_REFUSED: {
    blame: 'operator',
    status: 500,
    text: '"%s" cannot be captured: %s. Its interpreters are booted cold; change what is named, or start with --no-snapshot.'
  },
  WASGI_ERR_SNAPSHOT_RESTORE: {
    blame: 'operator',
    status: 500,
    text: 'Worker %s could not be restored from the snapshot: %s. It is booted cold.'
  },
  WASGI_ERR_INTERNAL: {
    blame: 'internal',
    status: 500,
    text: 'wasgi itself failed: %s. Please report it.'
  }
} as const

export type ErrorCode = keyof typeof ERRORS

export interface WasgiErrorOptions {
  readonly cause?: unknown
  /** Python's traceback, with host paths; for logs and terminals, never for clients. */
  readonly traceback?: string
  /** What a response with this status has to say besides: a challenge, or when to try again. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An error with a stable code. `message` is for operators; clients get `phrase(status)`. */
export class WasgiError extends Error {
  override readonly name = 'WasgiError'
  readonly code: ErrorCode
  readonly blame: Blame
  readonly statusCode: number
  readonly traceback: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, args: ReadonlyArray<unknown> = [], options: WasgiErrorOptions = {}) {
    const row: ErrorRow = ERRORS[code]
    super(fill(row.text, args), 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.blame = row.blame
    this.statusCode = row.status
    this.traceback = options.traceback
    this.headers = options.headers ?? {}
  }
}

function fill(text: string, args: ReadonlyArray<unknown>): string {
  let next = 0
  return text.replace(/%s/g, () => String(args[next++]))
}

/** Exit codes of the command line, one for each kind of fault (docs/reference/exit-codes.md). */
export const EXIT = { ok: 0, app: 1, usage: 2, config: 3, environment: 4, internal: 70 } as const
