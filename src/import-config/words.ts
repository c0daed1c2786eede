// The words of a directive, by Apache's rules for quotes. Source: `ap_getword_conf` in server/util.c.

/** A word of mod_wsgi's `name=value` kind; `value` is undefined where there is no "=". */
export interface Assignment {
  readonly name: string
  readonly value: string | undefined
}

/** Splits arguments at spaces. `"..."` and `'...'` are one word, in which a backslash escapes the quote and itself. */
export function words(text: string): string[] {
  const found: string[] = []
  let at = skipSpaces(text, 0)
  while (at < text.length) {
    const { word, end } = wordAt(text, at)
    found.push(word)
    at = skipSpaces(text, end)
  }
  return found
}

/** The same, where a word may be `name=value` with quotes around the value alone. */
export function assignments(text: string): Assignment[] {
  const found: Assignment[] = []
  let at = skipSpaces(text, 0)
  while (at < text.length) {
    const name = /^[A-Za-z][A-Za-z0-9_-]*(?==)/.exec(text.slice(at, at + 100))?.[0]
    const { word, end } = wordAt(text, name === undefined ? at : at + name.length + 1)
    found.push(name === undefined ? { name: word, value: undefined } : { name, value: word })
    at = skipSpaces(text, end)
  }
  return found
}

function wordAt(text: string, start: number): { word: string; end: number } {
  const first = text[start]
  const quote = first === '"' || first === "'" ? first : undefined
  let at = quote === undefined ? start : start + 1
  let word = ''
  for (; at < text.length; at++) {
    const character = text[at] as string
    if (quote === undefined ? /\s/.test(character) : character === quote) break
    const next = text[at + 1]
    const escapes = character === '\\' && (next === '\\' || (quote !== undefined && next === quote))
    word += escapes ? next : character
    if (escapes) at++
  }
  return { word, end: quote === undefined ? at : at + 1 }
}

function skipSpaces(text: string, start: number): number {
  let at = start
  while (at < text.length && /\s/.test(text[at] as string)) at++
  return at
}
