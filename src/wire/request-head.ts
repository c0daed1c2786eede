// The head of a request as one string of lines: cheap to clone between threads, and nothing in it
// can hold a newline (Node's parser refuses them), so it needs no escaping.

/** What the main thread knows of a request beside its header fields. All Latin-1 text. */
export interface RequestLine {
  readonly method: string
  /** Exactly as received: origin-form, absolute-form or `*`. */
  readonly target: string
  readonly httpVersion: string
  readonly scheme: string
  readonly remoteAddress: string
  readonly remotePort: string
  readonly serverName: string
  readonly serverPort: string
  /** What SCRIPT_NAME is to be: the decoded mount path, '' at the root, or what a proxy has told. */
  readonly scriptName: string
  /** The decoded mount path, which PATH_INFO is what follows of. Default: `scriptName`. */
  readonly mount?: string
  /** As the server's log has it. */
  readonly requestId?: string
  /** The same for all requests of a connection. */
  readonly connectionId?: string
  /** Where the connection came in, whatever a proxy has told. */
  readonly listenerHost?: string
  readonly listenerPort?: string
  /** When its head was there, and when it was given to the group. Milliseconds since the epoch. */
  readonly requestStart?: number
  readonly queueStart?: number
  /** Further keys of the environ, which no header field can become: REMOTE_USER, for one. */
  readonly variables?: Readonly<Record<string, string>>
}

/** How many lines come before the values of the variables, which come before the header fields. */
export const HEAD_LINES = 17
/** The last of them: the names of the variables, with a space after each. */
export const VARIABLES_LINE = 16

/** Which of a head's lines the header fields start at. */
export function headersAt(lines: readonly string[]): number {
  const variables = lines[VARIABLES_LINE] ?? ''
  return HEAD_LINES + (variables === '' ? 0 : variables.split(' ').length - 1)
}

/** NUL, carriage return, and what is beyond Latin-1. */
const FORBIDDEN = /[\0\r\u0100-\uffff]/

/**
 * Joins a request line and `rawHeaders` (name, value, name, value …) into lines.
 * Returns undefined when a part holds a newline or a character beyond Latin-1, which no real
 * connection delivers but an injected request can.
 */
export function encodeRequestHead(
  line: RequestLine,
  rawHeaders: readonly string[]
): string | undefined {
  const { variables } = line
  const names = variables === undefined ? [] : Object.keys(variables)
  const added = variables === undefined ? '' : variableLines(variables)
  const start = `${line.method}\n${line.target}\n${line.httpVersion}\n${line.scheme}\n${line.remoteAddress}\n${line.remotePort}\n${line.serverName}\n${line.serverPort}\n${line.scriptName}\n${line.mount ?? line.scriptName}\n${line.requestId ?? ''}\n${line.connectionId ?? ''}\n${line.listenerHost ?? ''}\n${line.listenerPort ?? ''}\n${line.requestStart ?? 0}\n${line.queueStart ?? 0}\n${added}`
  const head = rawHeaders.length === 0 ? start : `${start}\n${rawHeaders.join('\n')}`
  if (FORBIDDEN.test(head)) return undefined
  const newlines = HEAD_LINES - 1 + names.length + rawHeaders.length
  let at = -1
  for (let found = 0; found < newlines; found++) at = head.indexOf('\n', at + 1)
  return head.includes('\n', at + 1) ? undefined : head
}

/** Their names, and then the value of each on a line of its own. */
function variableLines(variables: Readonly<Record<string, string>>): string {
  const names = Object.keys(variables)
  return `${names.map((name) => `${name} `).join('')}${names.map((name) => `\n${variables[name]}`).join('')}`
}
