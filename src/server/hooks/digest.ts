// Digest authentication (RFC 7616) as Apache's mod_auth_digest does it: MD5 with qop=auth, and a nonce that
// nobody else can make and that is good for five minutes.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  type Authenticated,
  type AuthenticatedRequest,
  type Authentication,
  hasControls
} from './authentication.ts'
import type { Ask } from './questions.ts'

/** Apache's AuthDigestNonceLifetime. */
export const NONCE_LIFE_MS = 300_000

/** Of what a client sends, as text without quotation marks. */
export type DigestFields = Readonly<Partial<Record<string, string>>>

const NAME = /([A-Za-z0-9_-]+\*?)[ \t]*=[ \t]*/y
const QUOTED = /"((?:[^"\\]|\\.)*)"/y
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const SEPARATOR = /[ \t]*(?:,[ \t]*)+|[ \t]*$/y

export class DigestAuthentication implements Authentication {
  readonly type = 'Digest'
  readonly #realm: string
  readonly #now: () => number
  readonly #secret = randomBytes(32)

  constructor(realm: string, now: () => number = Date.now) {
    this.#realm = realm
    this.#now = now
  }

  challenge(stale: boolean): string {
    const nonce = this.#nonceAt(this.#now())
    const start = `Digest realm="${this.#realm}", nonce="${nonce}", algorithm=MD5, qop="auth"`
    return stale ? `${start}, stale=true` : start
  }

  async authenticate(
    authorization: string,
    request: AuthenticatedRequest,
    ask: Ask
  ): Promise<Authenticated> {
    const fields = readDigest(authorization)
    if (fields === undefined || !this.#concerns(fields, request)) return 'refused'
    const { username: user = '', nonce = '' } = fields
    const age = this.#ageOf(nonce)
    // Whoever made this nonce up has no claim to a password being looked up.
    if (age === undefined) return 'stale'
    const verdict = await ask({ function: 'get_realm_hash', user, realm: this.#realm })
    const hash = verdict.text('hash')
    if (verdict.outcome !== 'known' || hash === undefined) return 'refused'
    const expected = digestResponse(hash, fields, request.method)
    if (!equal(expected, fields.response ?? '')) return 'refused'
    return age <= NONCE_LIFE_MS ? { user } : 'stale'
  }

  /** Whether it is a proof of the kind asked for, for this realm and this request. */
  #concerns(fields: DigestFields, { target }: AuthenticatedRequest): boolean {
    const { username, realm, uri, qop, algorithm, nc, cnonce } = fields
    if (username === undefined || username === '' || hasControls(username)) return false
    if (realm !== this.#realm || uri !== target || qop !== 'auth') return false
    if (algorithm !== undefined && algorithm.toUpperCase() !== 'MD5') return false
    return /^[0-9a-f]{8}$/i.test(nc ?? '') && (cnonce ?? '') !== ''
  }

  #nonceAt(time: number): string {
    const stamp = time.toString(16).padStart(12, '0')
    return `${stamp}${this.#seal(stamp)}`
  }

  /** Milliseconds since it was made; undefined for one that was not made here. */
  #ageOf(nonce: string): number | undefined {
    const stamp = nonce.slice(0, 12)
    if (!/^[0-9a-f]{12}$/.test(stamp) || !equal(this.#seal(stamp), nonce.slice(12)))
      return undefined
    const age = this.#now() - Number.parseInt(stamp, 16)
    return age < 0 ? Number.POSITIVE_INFINITY : age
  }

  #seal(stamp: string): string {
    return createHmac('sha256', this.#secret).update(`${stamp}:${this.#realm}`).digest('hex')
  }
}

/** RFC 7616, 3.4.1, with qop=auth; `hash` is H(A1). */
export function digestResponse(hash: string, fields: DigestFields, method: string): string {
  const { nonce = '', nc = '', cnonce = '', qop = '', uri = '' } = fields
  return md5(`${hash}:${nonce}:${nc}:${cnonce}:${qop}:${md5(`${method}:${uri}`)}`)
}

/**
 * The parameters of a Digest `Authorization`, by lower-case name; undefined for anything else, or if one
 * is given twice.
 */
export function readDigest(authorization: string): DigestFields | undefined {
  const scheme = /^digest +/i.exec(authorization)
  if (scheme === null) return undefined
  const fields: Record<string, string> = Object.create(null)
  let at = scheme[0].length
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(authorization)
    if (match !== null) at += match[0].length
    return match
  }
  while (at < authorization.length) {
    const name = next(NAME)?.[1]?.toLowerCase()
    const quoted = name === undefined ? null : next(QUOTED)
    const value = quoted === null ? next(TOKEN)?.[0] : quoted[1]?.replace(/\\(.)/gs, '$1')
    if (name === undefined || value === undefined || name in fields) return undefined
    if (next(SEPARATOR) === null) return undefined
    fields[name] = value
  }
  return fields
}

function md5(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('hex')
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')]
  return left.length === right.length && timingSafeEqual(left, right)
}
