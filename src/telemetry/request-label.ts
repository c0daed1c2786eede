// How the log names a request. The query may hold secrets, and is the access log's alone to tell.

/** The path of a request target as the client sent it. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? ''
}

/** `GET /path` */
export function labelOf(method: string, target: string): string {
  return `${method} ${pathOf(target)}`
}
