// Who is asking: what the two schemes of authentication have in common.
import type { Ask } from './questions.ts'

/** A user, or why there is none. `stale`: all is right but the age of what the client was given. */
export type Authenticated = { readonly user: string } | 'refused' | 'stale'

/** What of a request the client's proof may cover. */
export interface AuthenticatedRequest {
  readonly method: string
  /** As received. */
  readonly target: string
}

export interface Authentication {
  /** What AUTH_TYPE is to be. */
  readonly type: 'Basic' | 'Digest'
  /** The value of WWW-Authenticate. */
  challenge(stale: boolean): string
  authenticate(
    authorization: string,
    request: AuthenticatedRequest,
    ask: Ask
  ): Promise<Authenticated>
}

/** No user is called by what could end a line of a head or a log. RFC 7617, 2, forbids it, too. */
export function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}
