// Basic authentication (RFC 7617). mod_wsgi gives scripts what the client has sent, decoded as Latin-1, so
// a parser that takes it for UTF-8 would lose what other clients send.

import { type Authenticated, type Authentication, hasControls } from './authentication.ts'
import type { Ask } from './questions.ts'

const TOKEN68 = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i

export class BasicAuthentication implements Authentication {
  readonly type = 'Basic'
  readonly #realm: string

  constructor(realm: string) {
    this.#realm = realm
  }

  challenge(): string {
    return `Basic realm="${this.#realm}", charset="UTF-8"`
  }

  async authenticate(authorization: string, _request: unknown, ask: Ask): Promise<Authenticated> {
    const credentials = readCredentials(authorization)
    if (credentials === undefined) return 'refused'
    const verdict = await ask({ function: 'check_password', ...credentials })
    const user = verdict.text('user')
    return verdict.outcome === 'granted' && user !== undefined ? { user } : 'refused'
  }
}

/** The parts of a Basic `Authorization` as Latin-1 text; undefined for anything else. */
export function readCredentials(
  authorization: string
): { readonly user: string; readonly password: string } | undefined {
  const encoded = TOKEN68.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const decoded = Buffer.from(encoded, 'base64').toString('latin1')
  const colon = decoded.indexOf(':')
  if (colon < 1 || hasControls(decoded)) return undefined
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}
