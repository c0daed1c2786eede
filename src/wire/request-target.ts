// The request target (RFC 9112, 3.2) and its path as PEP 3333 wants it. Both threads need it: the
// main thread to see what lies under a mount, the worker to fill in the environ.

/**
 * RFC 9112, 3.2: origin-form, absolute-form and `*`, whose path is `/`, since PEP 3333 has no other for
 * the whole server. The path stays percent-encoded.
 */
export function splitTarget(target: string): { path: string; query: string } {
  if (target === '*') return { path: '/', query: '' }
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
  const rest = absolute === null ? target : target.slice(absolute[0].length)
  const mark = rest.indexOf('?')
  const path = mark === -1 ? rest : rest.slice(0, mark)
  return {
    path: path === '' && absolute !== null ? '/' : path,
    query: mark === -1 ? '' : rest.slice(mark + 1)
  }
}

/** The host and port of an absolute-form target; undefined of another one. */
export function authorityOf(target: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1]
}

/** Percent-decoding into Latin-1, one character per byte, as PEP 3333 wants it: never via UTF-8. */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16))
  )
}
