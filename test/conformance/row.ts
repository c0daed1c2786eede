// The shape of the conformance table: one row is one promise, tried on every transport there is.

/** `http10` is `tcp` spoken to in HTTP/1.0; `plugin` is a Fastify server under a prefix. */
export const TRANSPORTS = ['tcp', 'unix', 'plugin', 'embedded', 'http10', 'tls', 'http2'] as const

export type Transport = (typeof TRANSPORTS)[number]

/** The Host of every request that `Wire.send` makes; `:authority` in HTTP/2. */
export const HOST = 'conformance.example:8080'

/** What the server of a `strict` row is started with, beside what every server is. */
export const STRICT = {
  requestLineLimitBytes: 1000,
  headerCountLimit: 20,
  headerLimitBytes: 4096,
  bodyLimitBytes: 100_000,
  timeoutMs: 1000
} as const

/** What the table's page is divided into. */
export type Section =
  | 'The environ'
  | 'The interpreter'
  | 'The request target'
  | 'The request body'
  | 'The connection'
  | 'What is refused'
  | 'start_response and write'
  | 'The iterable'
  | 'Response headers'
  | 'Response bodies'
  | 'Errors'
  | 'Files and hints'

export interface Row {
  readonly section: Section
  /** The promise as a sentence: `a header with an underscore does not reach the application`. */
  readonly promise: string
  /** Who asks for it: `RFC 9112, 6.1`, `PEP 3333, Handling the Content-Length Header`, `mod_wsgi`. */
  readonly source: string
  /** Numbers of traps in the checklist. */
  readonly traps?: readonly number[]
  /** Where it cannot be tried, and why. `raw` rows leave out `http2` and `http10` without saying so. */
  readonly except?: Readonly<Partial<Record<Transport, string>>>
  /** The row speaks HTTP/1.x bytes itself (`wire.connect()`), in whichever version it likes. */
  readonly raw?: boolean
  /** What Node's parser refuses before wasgi sees it, by the parser's own error code. */
  readonly parser?: `HPE_${string}` | `ERR_${string}`
  /** Tried on a server of its own with small limits and short timeouts (`STRICT`). */
  readonly strict?: boolean
  readonly check: (wire: Wire) => Promise<void>
}

/** One request, in whatever HTTP the transport speaks. */
export interface Ask {
  /** The application in test/apps/gallery/, by its module's name. */
  readonly app: string
  /** Wraps the application in wsgiref's validator. */
  readonly validated?: boolean
  /** Default: GET. */
  readonly method?: string
  /** The target below the prefix, exactly as it is to be sent. Default: `/`. */
  readonly target?: string
  /** Sent in this order, after Host and what picks the application. Characters are Latin-1 bytes. */
  readonly headers?: ReadonlyArray<readonly [string, string]>
  /** Sent with its Content-Length, unless `headers` frame it themselves. */
  readonly body?: Uint8Array | string
  /** Sent chunked (HTTP/1.1), or as DATA frames without a length (HTTP/2); not possible in HTTP/1.0. */
  readonly chunks?: ReadonlyArray<Uint8Array | string>
  /** Nothing of the response is read before this resolves. */
  readonly unreadUntil?: Promise<unknown>
}

export interface Answer {
  readonly status: number
  /** '' in HTTP/2. */
  readonly reason: string
  /** In the order and spelling in which they came; Latin-1. Pseudo headers left out. */
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** All values of a header, by its name in any case. */
  values(name: string): readonly string[]
  /** Without the chunked coding. */
  readonly body: Buffer
  /** Whether the body came to its proper end: its length, its last chunk, END_STREAM, or in HTTP/1.0 the close. */
  readonly complete: boolean
  /** Whether the body was chunked. */
  readonly chunked: boolean
  /** Interim responses (100, 103) that came before. */
  readonly interim: ReadonlyArray<{
    readonly status: number
    readonly headers: ReadonlyArray<readonly [string, string]>
  }>
  /** Whether the server closed the connection (HTTP/1.x) or reset the stream (HTTP/2) after it. */
  readonly closed: boolean
}

/** One connection of HTTP/1.x, in bytes. Text is Latin-1. */
export interface Connection {
  /** The client's own; undefined on a Unix socket. */
  readonly port: number | undefined
  write(bytes: Uint8Array | string): void
  /** Ends our side only (FIN). */
  end(): void
  /** Cuts it (RST where the transport can). */
  destroy(): void
  /** Resolves with the next response, however many of them come. `method`: HEAD has no body. */
  answer(method?: string): Promise<Answer>
  /** Resolves with everything received so far once `text` has come, or the connection is closed. */
  until(text: string): Promise<string>
  /** Resolves with everything received, when the server has closed the connection. */
  closed(): Promise<string>
}

export interface Wire {
  readonly transport: Transport
  /** What SERVER_NAME and SERVER_PORT have to be. */
  readonly server: { readonly name: string; readonly port: string }
  /** '' or '/py': what a raw request's target has to begin with. */
  readonly prefix: string
  /** Sends one request on a connection of its own and resolves with its response. */
  send(ask: Ask): Promise<Answer>
  /** HTTP/2 only: sends all at once on one connection. */
  sendTogether(asks: readonly Ask[]): Promise<readonly Answer[]>
  /** Sends one and parses the body as JSON. */
  json(ask: Ask): Promise<unknown>
  connect(): Promise<Connection>
  /** The lines that pick an application, for a raw head: `X-App: name\r\n`. */
  pick(app: string, validated?: boolean): string
  /** What applications have noted (gallery/journal.py) since this was last asked. */
  journal(): Promise<readonly string[]>
  /** Lines of the server's log, as text, since this was last asked. */
  log(): Promise<string>
}
