// What the functions of `wasgi.boundary` answer, read with care: the application can have had its
// hands in any of them.
import type { ImageReport } from '../src/snapshot/image.ts'

/** What `load` answers. */
export type LoadAnswer =
  | { readonly ok: true; readonly callable: string }
  | {
      readonly ok: false
      readonly code: string
      readonly args: readonly string[]
      readonly traceback: string
    }

/** Python's part of a capture's report. */
export type PythonReport = Pick<ImageReport, 'modules' | 'variables' | 'random'> & {
  readonly open: readonly OpenFile[]
  /** Globals that are objects of JavaScript, as `module.name`. */
  readonly javascript: readonly string[]
}

/** A file that some object of Python's has open, and the module that holds the object. */
export interface OpenFile {
  readonly fd: number
  readonly what: string
  readonly where: string
}

/** What `prepare` answers: what is in the memory, or why it cannot be captured. */
export type PrepareAnswer =
  | { readonly ok: true; readonly report: PythonReport }
  | { readonly ok: false; readonly reasons: readonly string[]; readonly traceback: string }

/** Thrown for an answer that is not one. */
export class NoAnswer extends Error {
  constructor() {
    super("the application answered in the gateway's stead")
  }
}

type Fields = Record<string, unknown>

export function readLoadAnswer(text: string): LoadAnswer {
  const { ok, callable, code, args, traceback } = fieldsOf(text)
  if (ok === true && typeof callable === 'string') return { ok, callable }
  const known = typeof code === 'string' && /^WASGI_ERR_[A-Z_]+$/.test(code)
  if (!known || typeof traceback !== 'string' || !Array.isArray(args)) throw new NoAnswer()
  return {
    ok: false,
    code,
    args: args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))),
    traceback
  }
}

export function readPrepareAnswer(text: string): PrepareAnswer {
  const { ok, reasons, traceback, modules, variables, random, open, javascript } = fieldsOf(text)
  if (ok !== true) return { ok: false, reasons: texts(reasons), traceback: `${traceback ?? ''}` }
  const report = {
    modules: Object.entries(modules ?? {})
      .map(([name, bytes]) => ({ name, bytes: Number(bytes) }))
      .sort((a, b) => b.bytes - a.bytes),
    variables: rows(variables, (row) => ({ name: `${row.name}`, where: `${row.where}` })),
    random: rows(random, (row) => ({ where: `${row.where}`, count: Number(row.count) })),
    javascript: texts(javascript),
    open: rows(open, ({ fd, what, where }) => ({
      fd: Number(fd),
      what: `${what}`,
      where: `${where}`
    }))
  }
  return { ok: true, report }
}

/** The reason why `resume` failed, '' if it did not. */
export function readResumeAnswer(text: string): string {
  const { ok, reason } = fieldsOf(text)
  return ok === true ? '' : `${reason}`
}

/** The lines that `warm_up` wants logged. */
export function readWarmUpAnswer(text: string): readonly string[] {
  return texts(fieldsOf(text).failures)
}

function fieldsOf(text: string): Fields {
  const fields: unknown = JSON.parse(text)
  if (typeof fields !== 'object' || fields === null) throw new NoAnswer()
  return fields as Fields
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map((text) => `${text}`) : []
}

function rows<Row>(value: unknown, read: (row: Fields) => Row): Row[] {
  if (!Array.isArray(value)) return []
  return value.filter((row) => typeof row === 'object' && row !== null).map(read)
}
