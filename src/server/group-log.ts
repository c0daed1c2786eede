// What a process group has to tell goes to the server's log from here, each thing once.
import type { FastifyBaseLogger } from 'fastify'
import { describeDeath, isPlanned, type WorkerDeath } from '../dispatch/death.ts'
import type { GroupEvents } from '../dispatch/group.ts'
import { traceFields } from '../telemetry/trace-context.ts'

const LEVELS = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal'
} as const

export function groupEvents(log: FastifyBaseLogger): GroupEvents {
  return {
    onReady: (worker, { callable, boot, bootMs }) => {
      const group = worker.slice(0, worker.lastIndexOf('/'))
      const ms = Math.round(bootMs)
      const message = `interpreter ready group=${group} worker=${worker} boot=${boot} ms=${ms}`
      log.info({ group, worker, boot, ms, callable }, message)
    },
    onSnapshot: ({ from, id, bytes, ms, unsaved, random }) => {
      const fields = { id, bytes, ms: Math.round(ms) }
      if (from === 'store') log.info(fields, 'snapshot loaded')
      else if (unsaved === '') log.info(fields, 'snapshot captured')
      else log.warn(fields, `snapshot captured, but not stored: ${unsaved}`)
      for (const place of random) {
        log.warn(
          { id },
          `random numbers were drawn while the application was imported, by ${place}: what came of them is the same in all interpreters`
        )
      }
    },
    onSnapshotFailure: (error) => {
      const { code, traceback } = error
      log.warn({ code, ...(traceback === undefined ? {} : { traceback }) }, error.message)
    },
    onLog: (worker, { level, stream, text }) => {
      const name = LEVELS[level as keyof typeof LEVELS] ?? 'info'
      log[name]({ worker, stream }, text)
    },
    onDeath: (death) => {
      const { kind, next, ageMs, traceback, request, ...rest } = death
      const fields = { ...rest, kind, ageMs: Math.round(ageMs), next: next.kind }
      const more = { ...(request && { request }), ...(traceback && { traceback }) }
      log[levelOf(death)]({ ...fields, ...more }, describeDeath(death))
    },
    onFailure: (worker, error, request) => {
      const { code, traceback } = error
      const trace = request === undefined ? {} : traceFields(request.head)
      const fields = { worker, code, ...trace, ...(traceback === undefined ? {} : { traceback }) }
      log.error(fields, error.message)
    }
  }
}

function levelOf({ kind, request }: WorkerDeath): 'debug' | 'info' | 'warn' {
  if (!isPlanned(kind) || request !== undefined) return 'warn'
  return kind === 'shutdown' ? 'debug' : 'info'
}
