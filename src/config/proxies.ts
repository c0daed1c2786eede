// Whom to believe about a client: trusted_proxies and trusted_proxy_headers, checked together.
import { BlockList, isIP } from 'node:net'
import { WasgiError } from '../errors.ts'
import { PROXY_HEADER_NAMES, type ProxyRules } from '../wire/trusted-proxies.ts'
import { keyOf } from './schema.ts'
import type { ResolvedSettings, Settings } from './settings.ts'

type ProxySetting = 'trustedProxies' | 'trustedProxyHeaders'
type Origins = Pick<ResolvedSettings['origins'], ProxySetting>

/**
 * Undefined when no header is trusted. Each of the two settings needs the other: to believe a header
 * from just anybody has to be said with `*`, and proxies alone change nothing, which nobody wants who
 * names them. Throws WASGI_ERR_CONFIG_INVALID.
 */
export function proxyRules(
  settings: Pick<Settings, ProxySetting>,
  origins: Origins
): ProxyRules | undefined {
  const { trustedProxies, trustedProxyHeaders } = settings
  if (trustedProxies.length === 0 && trustedProxyHeaders.length === 0) return undefined
  if (trustedProxies.length === 0) {
    const expected = 'the proxies whose trusted_proxy_headers are believed ("*" is everyone)'
    throw invalid('trustedProxies', expected, 'none', origins)
  }
  if (trustedProxyHeaders.length === 0) {
    const expected = 'the headers that are believed of trusted_proxies, such as X-Forwarded-For'
    throw invalid('trustedProxyHeaders', expected, 'none', origins)
  }
  const headers = trustedProxyHeaders.map((name) => headerOf(name, origins))
  const proxies = new BlockList()
  for (const proxy of trustedProxies) {
    if (proxy !== '*' && proxy !== 'unix') addProxy(proxies, proxy, origins)
  }
  const everyone = trustedProxies.includes('*')
  return {
    proxies: everyone ? undefined : proxies,
    unix: everyone || trustedProxies.includes('unix'),
    headers
  }
}

function headerOf(name: string, origins: Origins): string {
  const wanted = name.toLowerCase()
  if (PROXY_HEADER_NAMES.some((known) => known.toLowerCase() === wanted)) return wanted
  const expected = `some of ${PROXY_HEADER_NAMES.join(', ')}`
  throw invalid('trustedProxyHeaders', expected, JSON.stringify(name), origins)
}

function addProxy(proxies: BlockList, proxy: string, origins: Origins): void {
  const [, address = '', prefix] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(proxy) ?? []
  const version = isIP(address)
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const bits = Number(prefix ?? 0)
  if (version === 0 || address.includes('%') || bits > (version === 4 ? 32 : 128)) {
    const expected = 'IP addresses, networks such as 10.0.0.0/8, "unix", or "*"'
    throw invalid('trustedProxies', expected, JSON.stringify(proxy), origins)
  }
  if (prefix === undefined) proxies.addAddress(address, family)
  else proxies.addSubnet(address, bits, family)
}

function invalid(name: ProxySetting, expected: string, got: string, origins: Origins): WasgiError {
  return new WasgiError('WASGI_ERR_CONFIG_INVALID', [keyOf(name), expected, got, origins[name]])
}
