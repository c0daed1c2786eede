// The configuration that is being made: tables of values, each with what is to be said about it.

import { keyOf, type OptionName, optionNames } from '../config/schema.ts'
import { readValue } from '../config/value.ts'
import { WasgiError } from '../errors.ts'
import type { Fate } from './fit.ts'
import type { Place } from './lines.ts'

/** What became of one directive, or of one option of it. */
export interface Note {
  readonly place: Place
  /** The directive as far as it may be shown: values of variables are not. */
  readonly subject: string
  readonly fate: Fate
  /** What was written, why not, what to do. */
  readonly text: string
}

/** A table of the file. */
export interface Table {
  readonly values: Map<string, unknown>
  readonly env: Map<string, string>
  /** Stand above the value of their key, or else at the head of the table. */
  readonly remarks: { readonly key: string | undefined; readonly note: Note }[]
}

export interface MountTable extends Table {
  readonly path: string
}

export type Knows = (key: string) => OptionName | undefined

/** Which options there are in this version. */
export const knownOption: Knows = (key) =>
  optionNames('command').find((name) => keyOf(name) === key)

export function emptyTable(): Table {
  return { values: new Map(), env: new Map(), remarks: [] }
}

/** Lives for one import. */
export class Draft {
  readonly top: Table = emptyTable()
  readonly groups: Map<string, Table> = new Map()
  readonly mounts: MountTable[] = []
  readonly notes: Note[] = []
  readonly #knows: Knows

  constructor(knows: Knows) {
    this.#knows = knows
  }

  /** The option that a key names, if this version has it. */
  option(key: string): OptionName | undefined {
    return this.#knows(key)
  }

  note(note: Note, table?: Table, key?: string): void {
    this.notes.push(note)
    table?.remarks.push({ key, note })
  }

  /** Writes a value, unless there is no such option yet or its schema refuses it; and says which. */
  give(tables: readonly Table[], key: string, raw: unknown, note: Note): void {
    const name = this.#knows(key)
    const [first] = tables
    if (name === undefined) {
      const text = `this version has no option ${key}. ${note.text}`.trim()
      this.note({ ...note, fate: 'not yet', text }, first)
      return
    }
    const refusal = refusalOf(name, raw)
    if (refusal !== undefined) {
      const text = `${refusal} ${note.text}`.trim()
      this.note({ ...note, fate: 'by hand', text }, first)
      return
    }
    this.write(tables, key, raw)
    this.#say(tables, key, note)
  }

  /** Writes a value without a word. */
  write(tables: readonly Table[], key: string, raw: unknown): void {
    for (const table of tables) table.values.set(key, raw)
  }

  /** Writes a variable for Python. */
  giveEnv(tables: readonly Table[], variable: string, value: string, note: Note): void {
    const refusal = refusalOf('env', { [variable]: value })
    if (refusal !== undefined) {
      this.note({ ...note, fate: 'by hand', text: refusal })
      return
    }
    for (const table of tables) table.env.set(variable, value)
    this.#say(tables, `env.${variable}`, note)
  }

  #say(tables: readonly Table[], key: string, note: Note): void {
    this.notes.push(note)
    for (const table of tables) table.remarks.push({ key, note })
  }

  /** Why a value could not be written; undefined if it can. */
  refusal(key: string, raw: unknown): string | undefined {
    const name = this.#knows(key)
    return name === undefined ? `This version has no option ${key}.` : refusalOf(name, raw)
  }

  group(name: string): Table {
    const table = this.groups.get(name) ?? emptyTable()
    this.groups.set(name, table)
    return table
  }
}

/** Why the value would not load; undefined if it does. */
function refusalOf(name: OptionName, raw: unknown): string | undefined {
  try {
    readValue(name, { raw, origin: 'here', base: '/' })
    return undefined
  } catch (error) {
    if (!(error instanceof WasgiError)) throw error
    return error.message.replace(/ \(from here\)\.$/, '.')
  }
}
