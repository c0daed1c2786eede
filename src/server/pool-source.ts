// What a pool's interpreters are made from: as it is configured, and as its files lie when it is asked.
import type { Pool } from '../config/application-group.ts'
import type { Recipe } from '../dispatch/group.ts'
import { poolOptions } from './group-options.ts'

interface Configured {
  readonly pool: Pool
  readonly scripts: readonly string[]
}

export class PoolSource {
  #now: Configured

  constructor(pool: Pool, scripts: readonly string[]) {
    this.#now = { pool, scripts }
  }

  /** The applications' own files by the paths they were named by: a link on the way may lead elsewhere. */
  get scripts(): readonly string[] {
    return this.#now.scripts
  }

  /** Rejects when there are no such files or folders. */
  async recipe(): Promise<Recipe> {
    const { pool } = this.#now
    const { options, scripts } = await poolOptions(pool, [])
    if (pool !== this.#now.pool) return this.recipe() // it has been configured anew meanwhile
    this.#now = { pool, scripts }
    const { boot, snapshot } = options
    return { boot, snapshot }
  }

  /** `pool` is how it is configured from now on, unless `load` fails: then it is as before. */
  async configure(pool: Pool, load: () => Promise<void>): Promise<void> {
    const before = this.#now
    this.#now = { ...before, pool }
    try {
      await load()
    } catch (error) {
      if (this.#now.pool === pool) this.#now = before
      throw error
    }
  }
}
