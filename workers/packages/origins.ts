// Which addresses the installer's guest may have fetched. Pure policy: it decides, it fetches nothing.
import type { IndexGrant } from './messages.ts'

/** Absolute links of an index's page, in PEP 503 HTML and in PEP 691 JSON. */
const LINK = /(?:\bhref\s*=\s*["']?|"url"\s*:\s*")\s*(https?:\\?\/\\?\/[^\\/"'\s<>?#]+)/gi
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/**
 * The origins of the configured indexes, of the wheels that the operator named by URL, and of the
 * hosts that pages of the indexes name. The guest cannot add to them; the host reads the pages itself.
 */
export class AllowedOrigins {
  readonly #indexes: ReadonlySet<string>
  readonly #trusted: ReadonlySet<string>
  readonly #files = new Set<string>()

  constructor(grant: Pick<IndexGrant, 'indexes' | 'directUrls' | 'trustedHosts'>) {
    this.#indexes = new Set(grant.indexes.map(({ url }) => new URL(url).origin))
    this.#trusted = new Set(grant.trustedHosts)
    for (const url of grant.directUrls) this.#files.add(new URL(url).origin)
  }

  /** Why `url` may not be fetched, or undefined. */
  refusal(url: URL): string | undefined {
    if (url.protocol !== 'https:' && url.protocol !== 'http:') {
      return `${url.protocol} is not http or https`
    }
    if (!this.#indexes.has(url.origin) && !this.#files.has(url.origin)) {
      return `${url.origin} is neither a configured index nor a host that one names for its files`
    }
    if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && !this.trusts(url)) {
      return 'it is not encrypted; use https, or name the host in trusted-host'
    }
    return undefined
  }

  /** True for a host of pip's trusted-host: its certificate is not checked. */
  trusts(url: URL): boolean {
    return this.#trusted.has(url.hostname) || this.#trusted.has(url.host)
  }

  /** Allows the hosts that an index's page links to; pages of other hosts allow nothing. */
  learn(pageUrl: URL, page: string): void {
    if (!this.#indexes.has(pageUrl.origin)) return
    for (const [, link = ''] of page.matchAll(LINK)) {
      const url = URL.parse(link.replaceAll('\\', ''))
      if (url !== null) this.#files.add(url.origin)
    }
  }
}
