// What an operator may ask of a running server besides a reload: workers more or less, and an account of
// what it is doing.
import type { FastifyBaseLogger } from 'fastify'
import type { GroupState, WorkerReport } from '../dispatch/census.ts'
import type { RequestGroup } from '../dispatch/group.ts'

/** Gives each group one worker more or less, and says how many it has. */
export function changeWorkers(
  groups: readonly RequestGroup[],
  by: 1 | -1,
  log: FastifyBaseLogger
): void {
  for (const group of groups) {
    const { workers: before, most } = group.state()
    if (most <= 1) continue // it has the main thread
    const workers = group.changeWorkers(by)
    const fields = { group: group.name, workers }
    if (workers !== before)
      log.info(
        fields,
        `process group "${group.name}" is to have ${workers === 1 ? '1 worker' : `${workers} workers`}`
      )
    else
      log.warn(
        fields,
        `process group "${group.name}" stays at ${workers}, as few or as many as it may have`
      )
  }
}

/** One record for each group, each worker and each running request. */
export function dumpState(groups: readonly RequestGroup[], log: FastifyBaseLogger): void {
  // It was asked for, so it is told, however little the log tells otherwise.
  const out = log.level === 'silent' ? log : log.child({}, { level: 'info' })
  for (const group of groups) {
    const state = group.state()
    tellGroup(state, out)
    for (const worker of state.crew) tellWorker(state.group, worker, out)
  }
}

function tellGroup(
  { group, workers, queued, snapshot, crew }: GroupState,
  log: FastifyBaseLogger
): void {
  const ready = crew.filter(({ state }) => state === 'ready').length
  const image = snapshot.id === undefined ? 'no snapshot' : `snapshot ${snapshot.id}`
  log.info(
    { state: 'group', group, workers, ready, queued, snapshot },
    `state of group ${group}: ${ready} of ${workers} workers ready, ${queued} requests waiting, ${image}`
  )
}

function tellWorker(
  group: string,
  { requests, ...report }: WorkerReport,
  log: FastifyBaseLogger
): void {
  const { worker, state, boot, ageMs, served, heapBytes } = report
  const { state: condition, ...rest } = report
  const memory = `${Math.round(heapBytes / 2 ** 20)} MiB`
  log.info(
    { ...rest, state: 'worker', group, condition, requests: requests.length },
    `state of worker ${worker}: ${state}, ${boot}, ${seconds(ageMs)} old, ${served} requests served, ${memory}`
  )
  for (const { id, label, ...ages } of requests) {
    log.info(
      { state: 'request', group, worker, request: { id, label }, ...ages },
      `state of request ${id}: ${label} came ${seconds(ages.ageMs)} ago, runs in ${worker} for ${seconds(ages.runningMs)}`
    )
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
