// What an application is shown of a request that came through proxies, for tests.
import * as assert from 'uvu/assert'
import { proxyRules } from '../../src/config/proxies.ts'
import type { RequestLine } from '../../src/wire/request-head.ts'
import { throughProxies } from '../../src/wire/trusted-proxies.ts'

export const PEER = '10.0.0.9'

export const LINE: RequestLine = {
  method: 'GET',
  target: '/x',
  httpVersion: '1.1',
  scheme: 'http',
  remoteAddress: PEER,
  remotePort: '50000',
  serverName: '127.0.0.1',
  serverPort: '8000',
  scriptName: ''
}

export const ORIGINS = {
  trustedProxies: '--trusted-proxies',
  trustedProxyHeaders: 'wasgi.toml line 7'
}

export interface Seen extends Partial<RequestLine> {
  /** Header lines as `Name: value`. */
  readonly headers: readonly string[]
}

export interface Setting {
  readonly proxies?: readonly string[]
  readonly trusts: readonly string[]
  readonly peer?: string
  /** The scheme of this end of the connection. */
  readonly scheme?: string
}

/** What differs of the request line, and all header lines. */
export function seen(setting: Setting, lines: readonly string[]): Seen {
  const { proxies = ['10.0.0.0/8'], trusts, peer = PEER, scheme = 'http' } = setting
  const rules = proxyRules({ trustedProxies: proxies, trustedProxyHeaders: trusts }, ORIGINS)
  assert.ok(rules)
  const before = { ...LINE, remoteAddress: peer, scheme }
  const raw = lines.flatMap((line) => {
    const at = line.indexOf(':')
    return [line.slice(0, at), line.slice(at + 1).trim()]
  })
  const { line, headers } = throughProxies(rules, before, raw)
  const changed = Object.entries(line).filter(
    ([key, value]) => value !== before[key as keyof RequestLine]
  )
  const shown = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1]}`] : []))
  return { ...Object.fromEntries(changed), headers: shown }
}
