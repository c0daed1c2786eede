// What a pool's interpreters are made from: as it is configured, and as its files lie when it is asked.
import type { Pool } from '../config/application-group.ts'
import type { Recipe } from '../dispatch/group.ts'
import { poolOptions } from './group-options.ts'

export class PoolSource {
  #pool: Pool
  /** The applications' own files by the paths they were named by: a link on the way may lead elsewhere. */
  scripts: readonly string[]

  constructor(pool: Pool, scripts: readonly string[]) {
    this.#pool = pool
    this.scripts = scripts
  }

  /** `pool` is how it is configured from now on. Rejects when there are no such files or folders. */
  async recipe(pool: Pool = this.#pool): Promise<Recipe> {
    this.#pool = pool
    const { options, scripts } = await poolOptions(pool, [])
    if (pool !== this.#pool) return this.recipe() // it has been configured anew meanwhile
    this.scripts = scripts
    const { boot, snapshot } = options
    return { boot, snapshot }
  }
}
