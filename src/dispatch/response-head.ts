// Reads the head of a response as the gateway wrote it: a status line, then names and values, one
// to a line. The gateway has checked every part (PEP 3333), so this only takes it apart.

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Repeated names stay repeated: Set-Cookie must not be folded. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
}

export function parseResponseHead(head: string): ResponseHead {
  const lines = head.split('\n')
  const line = lines[0] ?? ''
  const headers: Array<readonly [string, string]> = []
  for (let i = 1; i + 1 < lines.length; i += 2) {
    headers.push([lines[i] ?? '', lines[i + 1] ?? ''])
  }
  return { status: Number(line.slice(0, 3)), reason: line.slice(4), headers }
}
