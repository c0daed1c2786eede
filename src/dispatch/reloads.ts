// One reload of a group at a time. Whoever asks while one is under way gets the next one, together with
// all who ask until that begins: it sees whatever has changed until then.
import type { Recipe, ReloadManner } from './request-group.ts'

interface Asked {
  manner: ReloadManner
  recipe: Recipe | undefined
  signal: AbortSignal | undefined
  readonly done: PromiseWithResolvers<void>
}

/** What is to be loaded, and how. */
export type Asking = Omit<Asked, 'done'>

export class Reloads {
  readonly #perform: (asked: Readonly<Asking>) => Promise<void>
  #busy = false
  #next: Asked | undefined

  constructor(perform: (asked: Readonly<Asking>) => Promise<void>) {
    this.#perform = perform
  }

  ask(manner: ReloadManner, recipe?: Recipe, signal?: AbortSignal): Promise<void> {
    // What others wait for, too, is not given up by one of them.
    if (this.#next !== undefined) this.#next.signal = undefined
    const done = Promise.withResolvers<void>()
    this.#next ??= { manner, recipe: undefined, signal, done }
    const asked = this.#next
    asked.recipe = recipe ?? asked.recipe
    // Who may not be answered by old code must not be, whoever else asks.
    if (manner === 'at-once') asked.manner = manner
    if (!this.#busy) void this.#run()
    return asked.done.promise
  }

  async #run(): Promise<void> {
    this.#busy = true
    for (let asked = this.#next; asked !== undefined; asked = this.#next) {
      this.#next = undefined
      await this.#perform(asked).then(asked.done.resolve, asked.done.reject)
    }
    this.#busy = false
  }
}
