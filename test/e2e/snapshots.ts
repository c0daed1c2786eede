// Servers that keep their snapshots in a store of the test's own, and what their logs tell of it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Reply, type ServeOptions, serve, type TestServer } from '../serve.ts'

/**
 * `wasgi serve` with one worker, unless `args` say otherwise, and its snapshots in `store`; once all
 * that its start has to tell is in the log.
 */
export async function serveFrom(
  store: string,
  args: readonly string[],
  options: ServeOptions = {}
): Promise<TestServer> {
  const server = await serve(['--workers', '1', '--snapshot-dir', store, ...args], options)
  await server.logged(/Server listening at/)
  return server
}

/** Starts a server, gives it to `body`, and closes it whatever happens. */
export async function serving<Result>(
  starting: Promise<TestServer>,
  body: (server: TestServer) => Promise<Result> | Result
): Promise<Result> {
  const server = await starting
  try {
    return await body(server)
  } finally {
    await server.close()
  }
}

/** Each worker that had an interpreter made, and how, as in `default/1 restored`. */
export async function boots(server: TestServer): Promise<string[]> {
  const lines = /interpreter ready group=\S+ worker=(\S+) boot=(\w+) ms=\d+/g
  const log = await server.caughtUp()
  return [...log.matchAll(lines)].map(([, worker, boot]) => `${worker} ${boot}`).sort()
}

/** Lines of the log that are warnings or worse, without their times. */
export async function warnings(server: TestServer): Promise<string[]> {
  const lines = /^\S+ (?:WARN|ERROR|FATAL) +(.*)$/gm
  return [...(await server.caughtUp()).matchAll(lines)].map(([, text]) => text ?? '')
}

/** Paths of all that a store's folder holds. */
export function storedIn(store: string): string[] {
  try {
    return readdirSync(store).map((name) => join(store, name))
  } catch {
    return []
  }
}

/** The answer to GET `path`, which has to be a 200 with JSON. */
export async function getJson<Value>(server: TestServer, path: string): Promise<Value> {
  return jsonOf<Value>(await server.request(path), path)
}

/** The JSON of a reply, which has to be a 200. */
export function jsonOf<Value>(reply: Reply, what: string): Value {
  if (reply.status !== 200) throw new Error(`${what}: ${reply.status} ${reply.text}`)
  return JSON.parse(reply.text) as Value
}

/**
 * Asks for `path` as often as it takes until all of `count` workers have answered. Answers tell
 * their `worker`, and take a moment, so that requests that come together go to several.
 */
export async function fromEachWorker<Value extends { readonly worker: string }>(
  server: TestServer,
  count: number,
  path: string
): Promise<{ all: Value[]; byWorker: Map<string, Value> }> {
  const all: Value[] = []
  const byWorker = new Map<string, Value>()
  while (byWorker.size < count) {
    const round = Array.from({ length: count }, () => getJson<Value>(server, path))
    for (const value of await Promise.all(round)) {
      all.push(value)
      byWorker.set(value.worker, value)
    }
  }
  return { all, byWorker }
}
