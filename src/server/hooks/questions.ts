// What the main thread asks the scripts of hooks, and how their answers are read. An answer is text of a
// guest's, so it is whatever it says only if it has the very form; all else is a failure, which lets
// nobody in. The return rules themselves are Python's part: workers/python/wasgi/hooks.py.

import type { Exchange } from '../../dispatch/exchange.ts'

export type Question =
  | { readonly function: 'allow_access' }
  | { readonly function: 'check_password'; readonly user: string; readonly password: string }
  | { readonly function: 'get_realm_hash'; readonly user: string; readonly realm: string }
  | {
      readonly function: 'groups_for_user'
      readonly user: string
      readonly required: readonly string[]
    }
  | { readonly function: 'dispatch' }

/** Told of each question that is on its way, to cancel it when nobody waits for the answer any more. */
export type Follow = (question: Pick<Exchange, 'cancel'>) => void

/** Thrown when a hook could not decide; the text says why. */
export class HookFailure extends Error {}

/** Asks one question about one request. Rejects with HookFailure, or with what ended the interpreter. */
export type Ask = (question: Question) => Promise<Verdict>

/** What Python has answered: an outcome, and what belongs to it. */
export class Verdict {
  readonly outcome: string
  readonly #fields: Readonly<Record<string, unknown>>

  /** Reads the answer; throws HookFailure for one that is none, or that tells of a failure. */
  constructor(text: unknown) {
    this.#fields = fieldsOf(text)
    const { outcome, reason } = this.#fields
    if (outcome === 'failed') throw new HookFailure(`${reason}`)
    if (typeof outcome !== 'string') throw new HookFailure('it gave no answer')
    this.outcome = outcome
  }

  /** A text that belongs to the outcome; undefined if there is none of that name. */
  text(name: string): string | undefined {
    const value = this.#fields[name]
    return typeof value === 'string' ? value : undefined
  }
}

function fieldsOf(text: unknown): Readonly<Record<string, unknown>> {
  if (typeof text !== 'string') throw new HookFailure('it gave no answer')
  const fields: unknown = JSON.parse(text)
  if (typeof fields !== 'object' || fields === null) throw new HookFailure('it gave no answer')
  return fields as Readonly<Record<string, unknown>>
}
