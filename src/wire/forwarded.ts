// What proxies write about a client: lists, the elements of `Forwarded` (RFC 7239), and the values in
// both. All of it is text from the network, so whatever is not understood comes out as undefined. It
// must not know whom to believe; trusted-proxies.ts does.
import { isIP, SocketAddress } from 'node:net'

/** Where a request came from. */
export interface Client {
  /** IPv4, or IPv6 without brackets; one that stands for an IPv4 address is that address. */
  readonly address: string
  readonly port: string | undefined
}

/** One proxy's part of `Forwarded`. */
export interface ForwardedElement {
  /** As it was written. */
  readonly text: string
  readonly client: Client | undefined
  readonly host: string | undefined
  readonly scheme: string | undefined
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
/** RFC 7239, 4. A value of an address or a host is often left unquoted, so `:`, `[` and `]` may be. */
const PAIR = new RegExp(
  `^(${TOKEN})=(?:([!#$%&'*+.^_\`|~0-9A-Za-z:[\\]-]+)|"((?:[^"\\\\]|\\\\.)*)")$`,
  's'
)

/** The members of a list of tokens, empty ones left out (RFC 9110, 5.6.1). */
export function listMembers(text: string): readonly string[] {
  return text
    .split(',')
    .map(trimmed)
    .filter((member) => member !== '')
}

/**
 * Without the tabs and spaces around it. JavaScript's own trim() takes more for white space, and a
 * regular expression looks at each run of it once for every place that it could start at.
 */
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start++
  while (start < end && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/**
 * The elements of `Forwarded`; undefined for one that is malformed. Read from the right: a proxy adds
 * its element behind what a client has sent, and a quotation mark that the client leaves open must not
 * swallow it. For what RFC 7239 allows, both directions give the same.
 */
export function forwardedElements(text: string): ReadonlyArray<ForwardedElement | undefined> {
  return splitFromRight(text, ',').map(readElement)
}

/** What lies between separators that are not in quotation marks, without empty parts. */
function splitFromRight(text: string, separator: ',' | ';'): readonly string[] {
  const parts: string[] = []
  let end = text.length
  let quoted = false
  for (let at = text.length - 1; at >= -1; at--) {
    const mark = at === -1 ? separator : text[at]
    // Read from here, the first quotation mark is the last one of its string, and never an escaped one.
    if (mark === '"' && !(quoted && text[at - 1] === '\\')) quoted = !quoted
    if (at !== -1 && (quoted || mark !== separator)) continue
    const part = trimmed(text.slice(at + 1, end))
    if (part !== '') parts.push(part)
    end = at
  }
  return parts.reverse()
}

function readElement(text: string): ForwardedElement | undefined {
  const values = new Map<string, string>()
  for (const part of splitFromRight(text, ';')) {
    const pair = PAIR.exec(part)
    if (pair === null) return undefined
    const [, name = '', plain, quoted = ''] = pair
    const parameter = name.toLowerCase()
    if (values.has(parameter)) return undefined // RFC 7239, 4: not more than once
    values.set(parameter, plain ?? quoted.replace(/\\(.)/gs, '$1'))
  }
  return {
    text,
    client: readClient(values.get('for') ?? ''),
    host: readHost(values.get('host') ?? ''),
    scheme: readScheme(values.get('proto') ?? '')
  }
}

/**
 * `203.0.113.7`, `2001:db8::1`, `[2001:db8::1]`, and with a port `203.0.113.7:4711` and
 * `[2001:db8::1]:80`: the address, and the port if it is one. A hidden port (`203.0.113.7:_x`) is left
 * out. `unknown`, hidden names such as `_hidden`, host names and all else are nobody: undefined.
 */
export function readClient(text: string): Client | undefined {
  const bracketed = /^\[([^\]]*)\](?::([0-9]{1,5}|_[A-Za-z0-9._-]+))?$/.exec(text)
  const plain = /^([0-9.]+)(?::([0-9]{1,5}|_[A-Za-z0-9._-]+))?$/.exec(text)
  const [, given = text, port = ''] = bracketed ?? plain ?? []
  if (bracketed !== null && isIP(given) !== 6) return undefined
  const address = readAddress(given)
  return address === undefined ? undefined : { address, port: readPort(port) }
}

function readAddress(text: string): string | undefined {
  const version = isIP(text)
  if (version === 4) return text
  // A zone means something on one machine only.
  if (version === 0 || text.includes('%')) return undefined
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

export function readPort(text: string): string | undefined {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535 ? text : undefined
}

/** A name or address, and perhaps a port: what a Host field may hold, without what no host is called. */
export function readHost(text: string): string | undefined {
  const [, name = '', port] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]+))?$/.exec(text) ?? []
  if (readServerName(name) === undefined) return undefined
  return port === undefined || readPort(port) !== undefined ? text : undefined
}

/** A host name, an IPv4 address, or an IPv6 address in brackets, as RFC 3875, 4.1.14 has it. */
export function readServerName(text: string): string | undefined {
  if (text.startsWith('[')) {
    const inside = text.endsWith(']') ? text.slice(1, -1) : ''
    return isIP(inside) === 6 && !inside.includes('%') ? text : undefined
  }
  return /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_.])?$/.test(text) ? text : undefined
}

export function readScheme(text: string): string | undefined {
  const scheme = text.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

/** The other way to tell the scheme: whether it is HTTPS. */
export function readHttps(text: string): string | undefined {
  if (/^(?:on|true|1)$/i.test(text)) return 'https'
  return /^(?:off|false|0)$/i.test(text) ? 'http' : undefined
}

/**
 * A path that an application can put before its own in links and redirects. Two slashes or a
 * backslash at the start would make another host of it there, so neither is taken anywhere.
 */
export function readScriptName(text: string): string | undefined {
  const segments = /^(?:\/[A-Za-z0-9._~!$&()*+;=:@%\x80-\xff-]+)+$/
  return segments.test(text) && !/\/\.\.?(?:\/|$)/.test(text) ? text : undefined
}
