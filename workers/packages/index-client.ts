// Fetches for the guest: pages of the indexes and the files they name, and nothing else. Every
// redirect is judged like a first request. Node-specific.
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { getCACertificates } from 'node:tls'
import { type HttpAnswer, httpGet } from './http-get.ts'
import type { IndexGrant } from './messages.ts'
import { AllowedOrigins } from './origins.ts'

export type GetKind = 'page' | 'file'

export type Reply =
  | {
      readonly status: number
      readonly type: string
      readonly url: string
      readonly range: string
      readonly body: Buffer
    }
  | { readonly url: string; readonly problem: string }

const LIMIT_BYTES: Readonly<Record<GetKind, number>> = { page: 64 * 2 ** 20, file: 256 * 2 ** 20 }
const ACCEPT: Readonly<Record<GetKind, string>> = {
  page: 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1',
  file: '*/*'
}
const MAX_REDIRECTS = 5
const MAX_SOCKETS = 6
const RETRY_AFTER_MS = [200, 1_000]
const BUSY = new Set([502, 503, 504])
/** Worth another try. A name that is not known or a port that is closed stays so. */
const PASSING = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'])

interface Agents {
  readonly http: http.Agent
  readonly https: https.Agent
  readonly trusting: https.Agent
}

export class IndexClient {
  readonly #grant: IndexGrant
  readonly #origins: AllowedOrigins
  readonly #agents: Agents

  constructor(grant: IndexGrant) {
    this.#grant = grant
    this.#origins = new AllowedOrigins(grant)
    const common = { keepAlive: true, maxSockets: MAX_SOCKETS, proxyEnv: { ...grant.proxyEnv } }
    const ca = grant.ca === undefined ? {} : { ca: [grant.ca, ...getCACertificates('extra')] }
    this.#agents = {
      http: new http.Agent(common),
      https: new https.Agent({ ...common, ...ca }),
      trusting: new https.Agent({ ...common, rejectUnauthorized: false })
    }
  }

  /** Never rejects: what goes wrong is a reply with a problem. `part` is a range such as `-100`. */
  async get(address: string, kind: GetKind, part = ''): Promise<Reply> {
    try {
      if (address.startsWith('local:')) return await this.#local(address)
      return await this.#remote(address, kind, part)
    } catch (error) {
      return { url: address, problem: describe(error) }
    }
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  async #local(address: string): Promise<Reply> {
    const path = this.#grant.localWheels[Number.parseInt(address.slice('local:'.length), 10)]
    if (path === undefined) return { url: address, problem: 'it was not named by the operator' }
    return { status: 200, type: '', url: address, range: '', body: await readFile(path) }
  }

  async #remote(address: string, kind: GetKind, part: string): Promise<Reply> {
    let url = new URL(address)
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const refusal = this.#origins.refusal(url)
      if (refusal !== undefined) {
        const problem = hops === 0 ? refusal : `it redirects to ${url.origin}: ${refusal}`
        return { url: address, problem }
      }
      const answer = await this.#patiently(url, kind, part)
      if (answer.status < 300 || answer.status > 399 || answer.location === undefined) {
        if (kind === 'page') this.#origins.learn(url, answer.body.toString('latin1'))
        const { status, type, range, body } = answer
        return { status, type, range, url: url.href, body }
      }
      url = new URL(answer.location, url)
    }
    return { url: address, problem: `it redirects more than ${MAX_REDIRECTS} times` }
  }

  async #patiently(url: URL, kind: GetKind, part: string): Promise<HttpAnswer> {
    for (const delay of RETRY_AFTER_MS) {
      try {
        const answer = await this.#once(url, kind, part)
        if (!BUSY.has(answer.status)) return answer
      } catch (error) {
        if (!PASSING.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
      await wait(delay)
    }
    return this.#once(url, kind, part)
  }

  #once(url: URL, kind: GetKind, part: string): Promise<HttpAnswer> {
    const { origin, protocol } = url
    const secure = this.#origins.trusts(url) ? this.#agents.trusting : this.#agents.https
    const index = this.#grant.indexes.find((known) => new URL(known.url).origin === origin)
    const headers: Record<string, string> = { accept: ACCEPT[kind] }
    if (part !== '') headers.range = `bytes=${part}`
    if (index?.authorization !== undefined) headers.authorization = index.authorization
    return httpGet(url, {
      agent: protocol === 'https:' ? secure : this.#agents.http,
      headers,
      limitBytes: LIMIT_BYTES[kind],
      timeoutMs: this.#grant.timeoutMs,
      decode: kind === 'page'
    })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  ENOENT: 'there is no such file'
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed'
  const { code = '', message } = error as NodeJS.ErrnoException
  // Node tries every address of a name and reports them together, with an empty message.
  return REASONS[code] ?? (message === '' ? code : message)
}
