// One server of a transport: started when a row first needs it, and again when a row has broken it.
import type { Transport, Wire } from './row.ts'
import { type Served, start } from './servers.ts'
import { wireTo } from './wire.ts'

export class Place {
  readonly #transport: Transport
  readonly #isStrict: boolean
  #started: Promise<Served> | undefined
  #wire: Promise<Wire> | undefined

  constructor(transport: Transport, isStrict: boolean) {
    this.#transport = transport
    this.#isStrict = isStrict
  }

  wire(): Promise<Wire> {
    this.#started ??= start(this.#transport, this.#isStrict)
    this.#wire ??= this.#started.then((served) => wireTo(served, this.#transport))
    return this.#wire
  }

  async close(): Promise<void> {
    const started = this.#started
    this.#started = undefined
    this.#wire = undefined
    const served = await started?.catch(() => undefined)
    await served?.close()
  }
}
