// `npm run soak`: an hour, or `--minutes`, of steady load on one server, with workers killed at random,
// reloads, timeouts, wipes and requests that break their interpreter. At the end every request that
// failed has to have its id in a record of the server's, and memory has to be flat. Prints a line
// each minute. Exits 1 if something is unexplained.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openFiles, residentBytes } from '../test/fuzz/memory.ts'
import { Random } from '../test/fuzz/random.ts'
import { fetchRaw } from '../test/serve.ts'
import type { SoakNews, SoakOrder } from './soak-server.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    /** Requests each second. */
    rate: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' }
  }
})
const MINUTES = Number(values.minutes)
const RATE = Number(values.rate)
const MEBIBYTE = 2 ** 20
const SAMPLE_MS = 5_000
/** A kill, and a reload, this often on average. */
const KILL_MS = 10_000
const RELOAD_MS = 60_000
/** Shares of a thousand requests; the rest is `/work`. */
const MIX: ReadonlyArray<readonly [path: string, share: number]> = [
  ['/stream', 50],
  ['/upload', 50],
  ['/late', 10],
  ['/spin', 3],
  ['/memory', 3],
  ['/abort', 2]
]

const random = new Random(Number(values.seed), 0)
const server = fork(fileURLToPath(new URL('soak-server.ts', import.meta.url)))
const order = (what: SoakOrder): unknown => server.send(what)
/** Requests that the server has named in a record, by id, and why. */
const explained = new Map<string, string>()
/** Statuses of requests that failed, by id; 0 is no response at all. */
const failed = new Map<string, number>()
const counts: Record<string, number> = {}
const samples: number[] = []
let url = ''
let ready = 0
let asked = 0

function count(what: string): void {
  counts[what] = (counts[what] ?? 0) + 1
}

server.on('message', (news: SoakNews) => {
  if (news.kind === 'listening') url = news.url
  else if (news.kind === 'ready') ready = news.workers
  else if (news.kind === 'reloaded')
    count(news.error === undefined ? 'reloads' : `reload: ${news.error}`)
  else {
    const why = news.kind === 'death' ? news.why : news.code
    count(why)
    if (news.request !== undefined) explained.set(news.request, why)
  }
})
while (url === '') await once(server, 'message')

const startedAt = performance.now()
const isOver = (): boolean => performance.now() - startedAt > MINUTES * 60_000
const pid = server.pid ?? 0

function pathOf(): string {
  let at = random.below(1000)
  for (const [path, share] of MIX) {
    if (at < share) return path
    at -= share
  }
  return '/work'
}

async function ask(): Promise<void> {
  const id = `soak-${++asked}`
  const path = pathOf()
  const headers = { 'x-request-id': id }
  const more = path === '/upload' ? { method: 'POST', body: 'x'.repeat(100_000) } : {}
  const status = await fetchRaw(url, path, { headers, ...more }).then(
    (reply) => reply.status,
    () => 0
  )
  count(String(status))
  if (status !== 200) failed.set(id, status)
}

async function load(): Promise<void> {
  const asking = new Set<Promise<void>>()
  for (let sent = 0; !isOver(); sent++) {
    const asked = ask().finally(() => asking.delete(asked))
    asking.add(asked)
    const due = startedAt + ((sent + 1) * 1000) / RATE
    await sleep(Math.max(0, due - performance.now()))
  }
  await Promise.all(asking)
}

async function disturb(what: SoakOrder, meanMs: number): Promise<void> {
  while (!isOver()) {
    await sleep(Math.min(meanMs / 2 + random.below(meanMs), MINUTES * 60_000))
    if (!isOver()) order(what)
  }
}

async function weigh(): Promise<void> {
  let printedAt = 0
  while (!isOver()) {
    samples.push(residentBytes(pid) / MEBIBYTE)
    const minutes = Math.floor((performance.now() - startedAt) / 60_000)
    if (minutes > printedAt) {
      printedAt = minutes
      console.log(
        `${minutes} min: ${asked} requests, ${samples.at(-1)?.toFixed(0)} MiB, ${openFiles(pid)} files`
      )
    }
    await sleep(SAMPLE_MS)
  }
}

const mean = (list: readonly number[]): number =>
  list.reduce((sum, each) => sum + each, 0) / list.length

console.log(
  `seed ${values.seed}, ${RATE} requests/s; Node ${process.version} on ${process.platform} ${process.arch}`
)
await Promise.all([load(), disturb('kill', KILL_MS), disturb('reload', RELOAD_MS), weigh()])
await sleep(10_000) // replacements boot, and the last records come
order('count')
await once(server, 'message')
const unexplained = [...failed].filter(([id]) => !explained.has(id))
const third = Math.floor(samples.length / 3)
const [middle, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)]
console.log(JSON.stringify(counts))
console.log(
  `${asked} requests, ${failed.size} failed, ${unexplained.length} of them unexplained; ${ready} workers ready at the end`
)
console.log(
  `resident memory: ${mean(middle).toFixed(0)} MiB in the second third, ${mean(last).toFixed(0)} in the last; at most ${Math.max(...samples).toFixed(0)}`
)
for (const [id, status] of unexplained.slice(0, 10)) console.log(`unexplained: ${id} got ${status}`)
order('close')
await once(server, 'exit')
process.exitCode = unexplained.length === 0 ? 0 : 1
