// The lines of an Apache configuration file, as Apache puts them together. Pure.

/** Where something stands: the file as it was named, and the first line of it. */
export interface Place {
  readonly file: string
  readonly line: number
}

export interface Line extends Place {
  readonly text: string
}

/** Lines with something on them: joined where one ends in a backslash, without comments, trimmed. */
export function logicalLines(text: string, file: string): Line[] {
  const found: Line[] = []
  let line = 1
  let parts: string[] = []
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (parts.length === 0) line = index + 1
    const open = raw.endsWith('\\')
    parts.push(open ? raw.slice(0, -1) : raw)
    if (open) continue
    add(found, { file, line, text: parts.join('') })
    parts = []
  }
  if (parts.length > 0) add(found, { file, line, text: parts.join('') })
  return found
}

function add(found: Line[], line: Line): void {
  const text = line.text.trim()
  // A comment goes on over a backslash, too, so it is known for one only when it is whole.
  if (text !== '' && !text.startsWith('#')) found.push({ ...line, text })
}
