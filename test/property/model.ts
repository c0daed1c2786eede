// What PEP 3333, RFC 3875 and RFC 9110/9112 make of a request, written from their text alone: nothing
// of the server's own code is used. Bytes are Latin-1 text throughout.
import type { Field } from './answers.ts'

export interface SentRequest {
  readonly method: string
  /** Exactly as sent. */
  readonly target: string
  /** The authority of a target in absolute form. */
  readonly authority?: string
  /** Still percent-encoded. */
  readonly path: string
  /** Without its mark; undefined when there is none. */
  readonly query: string | undefined
  readonly version: '1.0' | '1.1'
  /** Values without the white space around them (RFC 9110, 5.5). */
  readonly fields: readonly Field[]
}

export interface Peer {
  readonly clientPort: number
  readonly serverPort: string
}

/** The environ's own text values. */
export function environOf(request: SentRequest, peer: Peer): Record<string, string> {
  return {
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: '',
    PATH_INFO: percentDecoded(request.path),
    QUERY_STRING: request.query ?? '',
    SERVER_PROTOCOL: `HTTP/${request.version}`,
    SERVER_NAME: '127.0.0.1',
    SERVER_PORT: peer.serverPort,
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: String(peer.clientPort),
    REQUEST_URI: request.target,
    'wsgi.url_scheme': 'http',
    ...headerVariables(request)
  }
}

/** RFC 3986, 2.1: each triplet is one octet. */
function percentDecoded(path: string): string {
  let text = ''
  for (let at = 0; at < path.length; at++) {
    if (path[at] !== '%') text += path[at]
    else {
      text += String.fromCharCode(Number.parseInt(path.slice(at + 1, at + 3), 16))
      at += 2
    }
  }
  return text
}

/** RFC 3875, 4.1.18, with what has been learnt since: CVE-2015-0219 and httpoxy. */
function headerVariables({ fields, authority }: SentRequest): Record<string, string> {
  const variables = new Map<string, string>()
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    if (/[^a-z0-9-]/.test(lower) || lower === 'proxy') continue
    // RFC 3875, 4.2: the body comes without its transfer coding.
    if (lower === 'transfer-encoding') continue
    const framed = lower === 'content-type' || lower === 'content-length'
    const variable = `${framed ? '' : 'HTTP_'}${lower.toUpperCase().split('-').join('_')}`
    const before = variables.get(variable)
    const separator = lower === 'cookie' ? '; ' : ', '
    variables.set(variable, before === undefined ? value : before + separator + value)
  }
  // RFC 9112, 3.2.2: the target's authority takes the place of the Host field.
  if (authority !== undefined) variables.set('HTTP_HOST', authority)
  return Object.fromEntries(variables)
}

/** One read of the application: a method of `wsgi.input`, or `next`, and its argument. */
export type Operation = readonly [method: string, argument?: number | null]

/**
 * Goes through the reads as PEP 3333 and the io module of the standard library define them. Returns
 * what is wrong with the lengths that the application saw, or undefined.
 */
export function faultOfReads(
  body: Buffer,
  operations: readonly Operation[],
  seen: readonly (readonly number[])[]
): string | undefined {
  let at = 0
  for (const [index, operation] of operations.entries()) {
    const lengths = seen[index] ?? []
    const wanted =
      operation[0] === 'readlines'
        ? linesFor(body, at, operation[1] ?? -1, lengths.length)
        : [lengthFor(body, at, operation)]
    if (wanted.join() !== lengths.join()) {
      return `${JSON.stringify(operation)} at ${at} of ${body.length} gave ${lengths}, not ${wanted}`
    }
    for (const length of lengths) at += length
  }
  return undefined
}

function lengthFor(body: Buffer, at: number, [method, argument = -1]: Operation): number {
  const left = body.length - at
  const most = argument === null || argument < 0 ? left : Math.min(left, argument)
  return method === 'read' ? most : Math.min(most, lineAt(body, at))
}

function lineAt(body: Buffer, at: number): number {
  const newline = body.indexOf(0x0a, at)
  return (newline === -1 ? body.length : newline + 1) - at
}

/**
 * Whole lines. How many more than the hint asks for is the server's choice, which may ignore the hint,
 * but a hint that is not positive asks for all.
 */
function linesFor(body: Buffer, start: number, hint: number, count: number): number[] {
  const lines: number[] = []
  let at = start
  while (at < body.length) {
    const enough = hint > 0 && at - start >= hint
    if (enough && lines.length >= count) break
    const length = lineAt(body, at)
    lines.push(length)
    at += length
  }
  return lines
}
