// Threads are killed at random under load: nobody notices but whoever was being answered by one.
// `node test/fault/kills.test.ts --seconds 60` goes on for longer; `--seed N` for another course.
import { parseArgs } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testApp } from '../e2e/places.ts'
import { Random } from '../fuzz/random.ts'
import { fetchRaw, type Reply } from '../serve.ts'
import { within } from '../unit/within.ts'
import { type House, house } from './house.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } })
const SECONDS = Number(values.seconds ?? 0)
const SEED = Number(values.seed ?? 1)
const CLIENTS = 8
/** Without --seconds it is over after so many. */
const KILLS = 12

const test = suite('random kills')

interface Course {
  readonly replies: Reply[]
  /** Requests that got no response at all. */
  readonly broken: unknown[]
  kills: number
}

/** Clients ask one request after another; a thread is killed each time some more are answered. */
async function run({ url, threads }: House): Promise<Course> {
  const random = new Random(SEED, 0)
  const course: Course = { replies: [], broken: [], kills: 0 }
  const endAt = performance.now() + SECONDS * 1000
  const isOver = (): boolean => (SECONDS > 0 ? performance.now() > endAt : course.kills >= KILLS)
  let untilKill = 40
  const client = async (): Promise<void> => {
    while (!isOver()) {
      await fetchRaw(url, '/work').then(
        (reply) => course.replies.push(reply),
        (error: unknown) => course.broken.push(error)
      )
      if (--untilKill > 0 || isOver()) continue
      untilKill = 20 + random.below(80)
      course.kills++
      void random.pick([...threads])?.terminate()
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return course
}

test(
  'every request is answered, but for those that a killed worker was running',
  within(120_000 + SECONDS * 1000, async () => {
    const app = await house({ app: testApp('enduring.py'), workers: 3 })
    try {
      const { replies, broken, kills } = await run(app)

      const failed = replies.filter(({ status }) => status !== 200)
      assert.equal(broken, [])
      // A death may be told after whoever it took along is.
      await app.until(() => app.deaths().length >= failed.length)
      const lost = new Set(app.deaths().map(({ request }) => request?.id))
      const unexplained = failed.filter(({ headers }) => !lost.has(String(headers['x-request-id'])))
      assert.equal(
        unexplained.map(({ status, text }) => `${status} ${text}`),
        []
      )
      assert.equal(
        [...new Set(failed.map(({ status }) => status))].join(),
        failed.length > 0 ? '502' : ''
      )
      assert.ok(failed.length <= kills)
      console.log(
        `${replies.length} requests, ${kills} kills, ${failed.length} lost with their workers (seed ${SEED})`
      )
      await app.until(
        () => app.group.interpreters().filter(({ state }) => state === 'ready').length === 3
      )
    } finally {
      await app.close()
    }
  })
)

test(
  'each kill that hit a worker is one death, with what it was doing and what came next',
  within(120_000, async () => {
    const app = await house({ app: testApp('enduring.py'), workers: 1 })
    try {
      const [thread] = app.threads
      void thread?.terminate()
      await app.until(() => app.deaths().length > 0)

      const [death] = app.deaths()

      assert.is(app.deaths().length, 1)
      assert.equal([death?.kind, death?.worker, death?.next], ['exit', 'default/1', 'at-once'])
      assert.is((await fetchRaw(app.url, '/')).status, 200)
    } finally {
      await app.close()
    }
  })
)

test.run()
