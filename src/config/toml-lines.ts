// Finds the line on which a TOML key stands, for messages. The parser keeps no positions, so this
// reads the text a second time; it never decides what a value is.

const PART = /^\s*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')\s*/

/**
 * Line numbers, from 1, by dotted path: `tool.wasgi.port` → 12. Tables count as keys too, and those of
 * an array by number: `mounts.0.path`.
 */
export function keyLines(toml: string): Map<string, number> {
  const lines = new Map<string, number>()
  const sizes = new Map<string, number>()
  let header: readonly string[] = []
  let quotes: string | undefined
  for (const [index, line] of toml.split('\n').entries()) {
    const wasInside = quotes !== undefined
    quotes = quotesAfter(line, quotes)
    if (wasInside) continue
    const table = /^\s*(\[\[?)(.*?)\]\]?\s*(?:#.*)?$/.exec(line)
    const path = table === null ? assignedPath(line) : keyPath(table[2] ?? '')
    if (path === undefined) continue
    if (table !== null) header = numbered(path, table[1] === '[[', sizes)
    remember(lines, table === null ? [...header, ...path] : header, index + 1)
  }
  return lines
}

/** The path with the number of each array's last table in it; `opens` adds one to the path's own. */
function numbered(path: readonly string[], opens: boolean, sizes: Map<string, number>): string[] {
  const whole: string[] = []
  for (const [depth, part] of path.entries()) {
    whole.push(part)
    const name = whole.join('.')
    const size = (sizes.get(name) ?? 0) + (opens && depth === path.length - 1 ? 1 : 0)
    if (size === 0) continue
    sizes.set(name, size)
    whole.push(String(size - 1))
  }
  return whole
}

/** A dotted key opens its parents too, unless a line before it did. */
function remember(lines: Map<string, number>, path: readonly string[], line: number): void {
  for (let length = 1; length <= path.length; length++) {
    const name = path.slice(0, length).join('.')
    if (!lines.has(name)) lines.set(name, line)
  }
}

function assignedPath(line: string): string[] | undefined {
  return /^[^#]*=/.test(line) ? keyPath(line, '=') : undefined
}

function keyPath(text: string, end = ''): string[] | undefined {
  const path: string[] = []
  for (let rest = text; ; ) {
    const part = PART.exec(rest)
    if (part === null) return undefined
    path.push(part[1] ?? part[2] ?? part[3] ?? '')
    rest = rest.slice(part[0].length)
    if (!rest.startsWith('.')) return rest.startsWith(end) ? path : undefined
    rest = rest.slice(1)
  }
}

/** The multi-line string that is still open at the end of the line, by its quotes. */
function quotesAfter(line: string, open: string | undefined): string | undefined {
  let state = open
  for (const mark of line.match(/"""|'''/g) ?? []) {
    if (state === undefined) state = mark
    else if (state === mark) state = undefined
  }
  return state
}
