// What a reload of a whole server asks of its groups.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Pool, poolsOf } from '../../src/config/application-group.ts'
import { settingsFromCommandLine } from '../../src/config/settings.ts'
import type { GroupEvents, RequestGroup } from '../../src/dispatch/group.ts'
import { PoolSource } from '../../src/server/pool-source.ts'
import { type RunningPool, ServerReload } from '../../src/server/reload.ts'
import { within } from './within.ts'

const test = suite<{ folder: string }>('reload of a server')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'wasgi-reload-'))
  writeFileSync(join(context.folder, 'app.py'), '')
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true }))

test(
  'more workers than there can be without a restart are told of',
  within(60_000, async ({ folder }) => {
    const config = (workers: number): void =>
      writeFileSync(join(folder, 'wasgi.toml'), `app = "app.py"\nworkers = ${workers}\n`)
    config(2)
    const server = settingsFromCommandLine({ flags: {}, variables: {}, folder })
    const site = { server: 'localhost', prefix: '' }
    let workers = 1
    const group = {
      name: 'default',
      reload: () => Promise.resolve(),
      state: () => ({ workers }),
      changeWorkers: (by: 1 | -1) => {
        workers = Math.min(4, workers + by)
        return workers
      }
    } as unknown as RequestGroup
    const pools: RunningPool[] = poolsOf(server, site).map((pool) => {
      const source = new PoolSource(pool, [])
      return { name: pool.name, group, source, currency: undefined }
    })
    const warnings: string[] = []
    const log = {
      info: () => {},
      warn: (_fields: unknown, text: string) => warnings.push(text)
    } as unknown as FastifyBaseLogger
    const events = {} as GroupEvents
    const reload = new ServerReload({ server, site, pools, hooks: [], events, log })

    await reload.reload()
    assert.equal([workers, warnings], [2, []])

    config(9)
    await reload.reload()
    assert.is(workers, 4)
    assert.match(warnings.join(), /process group "default" has 4 workers of 9: .* restart/)
  })
)

test(
  'a script that has changed is loaded as a configuration says that is read anew meanwhile, unless that fails',
  within(60_000, async ({ folder }) => {
    const site = { server: 'localhost', prefix: '' }
    const poolWith = (word: string): Pool => {
      const flags = { app: 'app.py', env: [`WORD=${word}`] }
      const [pool] = poolsOf(settingsFromCommandLine({ flags, variables: {}, folder }), site)
      return pool as Pool
    }
    const source = new PoolSource(poolWith('old'), [])
    let configured = ''
    const word = async (): Promise<unknown> => (await source.recipe()).boot.env.WORD

    const [changed] = await Promise.all([
      word(),
      source.configure(poolWith('new'), async () => {
        configured = String(await word())
      })
    ])

    assert.equal([changed, configured, await word()], ['new', 'new', 'new'])
    assert.equal(source.scripts, [join(folder, 'app.py')])

    const refused = source.configure(poolWith('broken'), async () => {
      assert.is(await word(), 'broken')
      throw new Error('it cannot be imported')
    })
    await refused.catch(() => {})
    assert.is(await word(), 'new')
  })
)

test.run()
