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
  let open: { line: number; text: string } | undefined
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const joined: { line: number; text: string } = {
      line: open?.line ?? index + 1,
      text: (open?.text ?? '') + raw
    }
    open = undefined
    if (joined.text.endsWith('\\')) open = { ...joined, text: joined.text.slice(0, -1) }
    else add(found, joined, file)
  }
  if (open !== undefined) add(found, open, file)
  return found
}

function add(found: Line[], { line, text }: { line: number; text: string }, file: string): void {
  const trimmed = text.trim()
  // A comment goes on over a backslash, too, so it is known for one only when it is whole.
  if (trimmed !== '' && !trimmed.startsWith('#')) found.push({ file, line, text: trimmed })
}
