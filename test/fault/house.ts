// A Fastify server in this process with one application, whose threads a test can kill and whose
// group it can talk to.
import { EventEmitter, once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import Fastify from 'fastify'
import type { WasgiPluginOptions } from '../../src/config/settings.ts'
import type { RequestGroup } from '../../src/dispatch/group.ts'
import type { Mounted } from '../../src/server/mounted.ts'
import { wasgi } from '../../src/server/plugin.ts'
import { outOfTime } from '../unit/within.ts'
import { deathsIn, type LoggedDeath } from './events.ts'

export interface House {
  readonly url: string
  readonly group: RequestGroup
  /** Threads of workers that run now. */
  readonly threads: ReadonlySet<Worker>
  log(): string
  deaths(): readonly LoggedDeath[]
  /** Resolves once the condition holds; asked again with each line of the log. */
  until(condition: () => boolean): Promise<void>
  close(): Promise<void>
}

/** Each response carries `x-request-id`, by which deaths name the request that they took along. */
export async function house(options: WasgiPluginOptions): Promise<House> {
  const lines = new EventEmitter<{ line: [] }>()
  let log = ''
  const write = (line: string): void => {
    log += line
    lines.emit('line')
  }
  const app = Fastify({ logger: { level: 'debug', stream: { write } }, pluginTimeout: 0 })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  const threads = new Set<Worker>()
  const onWorker = (worker: Worker): void => {
    threads.add(worker)
    worker.once('exit', () => threads.delete(worker))
  }
  process.on('worker', onWorker)
  await app.register(wasgi, options)
  const [group] = (app.wasgi as Mounted).groups
  if (group === undefined) throw new Error('there is no group')
  const url = await app.listen({ port: 0 })
  return {
    url,
    group,
    threads,
    log: () => log,
    deaths: () => deathsIn(log),
    until: async (condition) => {
      const signal = outOfTime()
      while (!condition()) await once(lines, 'line', signal === undefined ? {} : { signal })
    },
    close: async () => {
      await app.close()
      process.off('worker', onWorker)
    }
  }
}
