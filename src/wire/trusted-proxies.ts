// What trusted proxies tell of a client, put in place of what this end of the connection sees. The
// algorithm is mod_wsgi's (WSGITrustedProxies, WSGITrustedProxyHeaders), with RFC 7239 added. Pure.
import type { BlockList } from 'node:net'
import {
  type Client,
  type ForwardedElement,
  forwardedElements,
  listMembers,
  readClient,
  readHost,
  readHttps,
  readPort,
  readScheme,
  readScriptName,
  readServerName
} from './forwarded.ts'
import type { RequestLine } from './request-head.ts'

export interface ProxyRules {
  /** Addresses and networks that are believed; undefined believes everyone. */
  readonly proxies: BlockList | undefined
  /** Whether peers on a Unix socket, which have no address, are believed. */
  readonly unix: boolean
  /** In lower case. Of several that tell the same, the later one counts. */
  readonly headers: readonly string[]
}

/** What can be told of a request, by the header categories of mod_wsgi. */
interface Facts {
  readonly client?: Client | undefined
  /** HTTP_HOST. */
  readonly host?: string | undefined
  /** SERVER_NAME. */
  readonly server?: string | undefined
  /** SERVER_PORT. */
  readonly port?: string | undefined
  readonly scheme?: string | undefined
  readonly scriptName?: string | undefined
}

type Category = keyof Facts

/** What a header says, as far as it can be believed. */
interface Reading {
  readonly facts: Facts
  /** What the application shall see of the header; undefined leaves its lines as they are. */
  readonly text?: string
}

interface ProxyHeader {
  readonly name: string
  readonly categories: readonly Category[]
  /** `text` is all lines of the header as one list. */
  read(text: string, rules: ProxyRules): Reading | undefined
}

const PROXY_HEADERS: readonly ProxyHeader[] = [
  { name: 'Forwarded', categories: ['client', 'host', 'scheme'], read: readForwarded },
  { name: 'X-Forwarded-For', categories: ['client'], read: readForwardedFor },
  single('X-Client-IP', 'client', readClient),
  single('X-Real-IP', 'client', readClient),
  single('X-Forwarded-Host', 'host', readHost),
  single('X-Host', 'host', readHost),
  single('X-Forwarded-Server', 'server', readServerName),
  single('X-Forwarded-Port', 'port', readPort),
  single('X-Script-Name', 'scriptName', readScriptName),
  single('X-Forwarded-Script-Name', 'scriptName', readScriptName),
  single('X-Forwarded-Proto', 'scheme', readScheme),
  single('X-Forwarded-Scheme', 'scheme', readScheme),
  single('X-Scheme', 'scheme', readScheme),
  single('X-Forwarded-HTTPS', 'scheme', readHttps),
  single('X-Forwarded-SSL', 'scheme', readHttps),
  single('X-HTTPS', 'scheme', readHttps)
]

const BY_NAME: ReadonlyMap<string, ProxyHeader> = new Map(
  PROXY_HEADERS.map((header) => [header.name.toLowerCase(), header])
)

/** The headers that can be trusted, as they are commonly written. */
export const PROXY_HEADER_NAMES: readonly string[] = PROXY_HEADERS.map(({ name }) => name)

/** A header with one value. Of several, the last is what the nearest proxy has written. */
function single<Name extends Category>(
  name: string,
  category: Name,
  read: (text: string) => Facts[Name]
): ProxyHeader {
  return {
    name,
    categories: [category],
    read: (list) => {
      const text = listMembers(list).at(-1) ?? ''
      const value = read(text)
      return value === undefined ? undefined : { facts: { [category]: value }, text }
    }
  }
}

/**
 * The request line and the header lines (name, value, name, value, as Node's rawHeaders) as the
 * application shall see them. `line.remoteAddress` is the peer's: of a Unix socket's it is ''.
 *
 * Of each category that a trusted header belongs to, all headers are removed but the one that was
 * believed. One whose value makes no sense counts as absent. Names with `_` are none of these headers;
 * that they never reach the application either is the environ's doing.
 */
export function throughProxies(
  rules: ProxyRules,
  line: RequestLine,
  headers: readonly string[]
): { line: RequestLine; headers: readonly string[] } {
  const found = findHeaders(rules, headers)
  if (found.size === 0) return { line, headers }
  const believed = isTrusted(rules, line.remoteAddress)
    ? believe(rules, found)
    : { facts: {}, kept: new Map<string, string | undefined>() }
  return {
    line: withFacts(line, believed.facts),
    headers: rewrite(headers, new Set(found.keys()), believed.kept, believed.facts.host)
  }
}

/** The headers of all categories that a trusted one belongs to, each as one list (RFC 9110, 5.3). */
function findHeaders(rules: ProxyRules, headers: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    if (!isConcerned(rules, name)) continue
    const before = found.get(name)
    const value = headers[i + 1] ?? ''
    found.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return found
}

function isConcerned(rules: ProxyRules, name: string): boolean {
  const categories = BY_NAME.get(name)?.categories
  if (categories === undefined) return false
  return rules.headers.some((trusted) =>
    BY_NAME.get(trusted)?.categories.some((category) => categories.includes(category))
  )
}

function isTrusted({ proxies, unix }: ProxyRules, address: string): boolean {
  if (proxies === undefined) return true
  if (address === '') return unix
  return proxies.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}

/** What the trusted headers say together, and those to keep, with the text they shall have. */
function believe(
  rules: ProxyRules,
  found: ReadonlyMap<string, string>
): { facts: Facts; kept: Map<string, string | undefined> } {
  let facts: Facts = {}
  const texts = new Map<string, string | undefined>()
  const winners = new Map<string, string>()
  for (const name of rules.headers) {
    const list = found.get(name)
    const reading = list === undefined ? undefined : BY_NAME.get(name)?.read(list, rules)
    if (reading === undefined) continue
    facts = { ...facts, ...reading.facts }
    texts.set(name, reading.text)
    for (const category of Object.keys(reading.facts)) winners.set(category, name)
  }
  const kept = new Map([...winners.values()].map((name) => [name, texts.get(name)]))
  return { facts, kept }
}

/**
 * `X-Forwarded-For`: each proxy adds the address it was asked by at the end. With a list of proxies it
 * is read from the right as long as addresses are trusted; the one left of those is the client, and
 * what lies left of the client is its own invention and cut off. Something that is no address ends the
 * chain at the last one known. Without a list, the first one is the client.
 */
function readForwardedFor(list: string, rules: ProxyRules): Reading | undefined {
  const members = listMembers(list)
  const hops = members.map((text): Hop | undefined => {
    const client = readClient(text)
    return client === undefined ? undefined : { text, client }
  })
  const { client, text } = follow(hops, rules)
  if (client === undefined) return undefined
  return rules.proxies === undefined ? { facts: { client } } : { facts: { client }, text }
}

/** `Forwarded`: as above, and the host and the scheme are those that the farthest believed proxy saw. */
function readForwarded(list: string, rules: ProxyRules): Reading | undefined {
  const elements = forwardedElements(list)
  const { client, text, farthest } = follow(elements, rules)
  const { host, scheme } = (farthest ?? {}) as Partial<ForwardedElement>
  const facts: Facts = {
    ...(client === undefined ? {} : { client }),
    ...(host === undefined ? {} : { host }),
    ...(scheme === undefined ? {} : { scheme })
  }
  if (Object.keys(facts).length === 0) return undefined
  return rules.proxies === undefined ? { facts } : { facts, text }
}

/** What one proxy tells of the hop before it. */
interface Hop {
  readonly text: string
  readonly client: Client | undefined
}

interface Followed<Some extends Hop> {
  readonly farthest: Some | undefined
  readonly client: Client | undefined
  /** The list from the farthest hop on. */
  readonly text: string
}

/** Goes from hop to hop, from the right, as far as those who tell of them are believed. */
function follow<Some extends Hop>(
  hops: ReadonlyArray<Some | undefined>,
  rules: ProxyRules
): Followed<Some> {
  if (rules.proxies === undefined) return { farthest: hops[0], client: hops[0]?.client, text: '' }
  const told: Some[] = []
  let client: Client | undefined
  for (const hop of hops.toReversed()) {
    if (hop === undefined) break
    told.push(hop)
    client = hop.client ?? client
    if (hop.client === undefined || !isTrusted(rules, hop.client.address)) break
  }
  const texts = told.map(({ text }) => text).reverse()
  return { farthest: told.at(-1), client, text: texts.join(', ') }
}

function withFacts(line: RequestLine, facts: Facts): RequestLine {
  const { client, server, port, scheme, scriptName } = facts
  return {
    ...line,
    remoteAddress: client?.address ?? line.remoteAddress,
    remotePort: client?.port ?? line.remotePort,
    serverName: server ?? line.serverName,
    serverPort: port ?? line.serverPort,
    scheme: scheme ?? line.scheme,
    scriptName: scriptName ?? line.scriptName
  }
}

function rewrite(
  headers: readonly string[],
  concerned: ReadonlySet<string>,
  kept: ReadonlyMap<string, string | undefined>,
  host: string | undefined
): readonly string[] {
  const texts = new Map(kept)
  const lines: string[] = []
  if (host !== undefined) {
    texts.set('host', host)
    if (!headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')) {
      lines.push('Host', host)
    }
  }
  const written = new Set<string>()
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [given = '', value = ''] = headers.slice(i, i + 2)
    const name = given.toLowerCase()
    if (concerned.has(name) && !kept.has(name)) continue
    const text = texts.get(name)
    if (text === undefined) lines.push(given, value)
    else if (!written.has(name)) lines.push(given, text)
    written.add(name)
  }
  return lines
}
