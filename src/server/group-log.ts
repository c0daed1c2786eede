// What a process group has to tell goes to the server's log from here, each thing once.
import type { FastifyBaseLogger } from 'fastify'
import type { GroupEvents } from '../dispatch/group.ts'

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
    onReady: (worker, { callable, bootMs }) => {
      log.info({ worker, boot: 'cold', ms: Math.round(bootMs) }, `interpreter ready: ${callable}`)
    },
    onLog: (worker, { level, stream, text }) => {
      const name = LEVELS[level as keyof typeof LEVELS] ?? 'info'
      log[name]({ worker, stream }, text)
    },
    onDeath: (worker, reason) => log.warn({ worker }, `worker ended: ${reason}`),
    onFailure: (worker, error) => {
      const { code, traceback } = error
      log.error({ worker, code, ...(traceback === undefined ? {} : { traceback }) }, error.message)
    }
  }
}
