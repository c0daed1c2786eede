// The draft as text: a wasgi.toml with the report in its comments, and the report alone. Pure.

import { stringify } from 'smol-toml'
import type { Conversion } from './convert.ts'
import type { Note, Table } from './draft.ts'
import type { Fate } from './fit.ts'

const WIDTH = 110

/** The file. `source` is what was imported, as it was named. */
export function tomlText({ draft, unread }: Conversion, source: string): string {
  const shown = new Set<Note>()
  const head = comment(
    `Written by "wasgi import-config ${source}". Comments say which directive a value is from. "wasgi config show" says what it all comes to.`
  )
  const tables = [tableText('', draft.top, shown)]
  for (const [name, group] of draft.groups) {
    if (isEmpty(group)) continue
    tables.push(tableText(`[groups.${bare(name)}]\n`, group, shown))
  }
  for (const mount of draft.mounts) tables.push(tableText('[[mounts]]\n', mount, shown))
  // Mounts may name a group that says nothing, which has to be there all the same.
  const named = [...draft.groups].filter(([name, group]) => isEmpty(group) && name !== 'default')
  const empty = named.map(([name]) => `[groups.${bare(name)}]\n`)
  const quiet = (note: Note): boolean => note.fate === 'mapped' && note.text === ''
  const rest = draft.notes.filter((note) => !shown.has(note) && !quiet(note))
  const elsewhere = rest.map((note) => comment(noteText(note))).join('')
  const foot =
    elsewhere === '' ? '' : `# The rest, without a value of its own here:\n#\n${elsewhere}`
  const other = unread.length === 0 ? '' : comment(`Not read: ${unread.join(', ')}.`)
  return [head, ...tables, ...empty, foot, other].filter((part) => part !== '').join('\n')
}

/** A line for each directive, and their number. */
export function reportText({ draft, unread }: Conversion): string {
  const lines = draft.notes.map((note) => `${plain(noteText(note))}\n`)
  const other = unread.length === 0 ? '' : `not read: ${plain(unread.join(', '))}\n`
  return `${lines.join('')}${other}${summary(draft.notes)}\n`
}

/** How many notes need whoever imports. */
export function openCount(notes: readonly Note[]): number {
  return notes.filter(({ fate }) => fate === 'by hand' || fate === 'not yet').length
}

function summary(notes: readonly Note[]): string {
  const fates: readonly Fate[] = [
    'mapped',
    'adapted',
    'not applicable',
    'left out',
    'not yet',
    'by hand'
  ]
  const counts = fates.map(
    (fate) => [notes.filter((note) => note.fate === fate).length, fate] as const
  )
  const some = counts.filter(([count]) => count > 0)
  return some.map(([count, fate]) => `${count} ${fate}`).join(', ') || 'nothing to import'
}

function noteText({ place, subject, fate, text }: Note): string {
  return `${place.file}:${place.line}: ${subject}: ${fate}${text === '' ? '' : `: ${text}`}`
}

function tableText(header: string, table: Table, shown: Set<Note>): string {
  const { values, env, remarks } = table
  const keys = new Set([...values.keys(), ...[...env.keys()].map((name) => `env.${name}`)])
  const said = new Set<Note>()
  const byKey = Map.groupBy(remarks, ({ key }) =>
    key !== undefined && keys.has(key) ? key : undefined
  )
  const about = (key: string | undefined): string => {
    const notes = (byKey.get(key) ?? []).filter(({ note }) => !said.has(note))
    return notes.map(({ note }) => remark(note, said, shown)).join('')
  }
  const general = about(undefined)
  const lines = [...values].map(([key, value]) => about(key) + stringify({ [key]: value }))
  const variables = [...env].map(([name, value]) => {
    return `${about(`env.${name}`)}env.${stringify({ [name]: value })}`
  })
  return header + general + lines.join('') + variables.join('')
}

function remark(note: Note, said: Set<Note>, shown: Set<Note>): string {
  said.add(note)
  // In further tables the place is enough.
  const before = shown.has(note)
  shown.add(note)
  const { file, line } = note.place
  return comment(before ? `${file}:${line}: ${note.subject}` : noteText(note))
}

function isEmpty({ values, env, remarks }: Table): boolean {
  return values.size === 0 && env.size === 0 && remarks.length === 0
}

function bare(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)
}

function comment(text: string): string {
  const lines: string[] = []
  for (const word of plain(text).split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < WIDTH)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${lines.length === 0 ? '#' : '#  '} ${word}`)
  }
  return `${lines.join('\n')}\n`
}

/** Nothing may end a comment's line, and nothing is for the terminal. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
