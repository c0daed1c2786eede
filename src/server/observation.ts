// What `wasgi serve` lets its operator see, put together from its settings: logs, the access log's
// format, and the admin endpoints with what they measure.
import type { FastifyBaseLogger } from 'fastify'
import { keyOf } from '../config/schema.ts'
import type { ResolvedSettings, Settings } from '../config/settings.ts'
import { WasgiError } from '../errors.ts'
import { type AccessLine, compileAccessFormat } from '../telemetry/access-format.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import type { Sink } from '../telemetry/sink.ts'
import { type Admin, beginAdmin } from './admin.ts'
import type { Logs } from './logs.ts'
import { Mounted } from './mounted.ts'

/** Colours are for terminals. */
export function loggerOf({ logLevel, logFormat, logFile }: Settings, sink: Sink): Logger {
  const plain = logFile === '-' ? {} : { color: false }
  return createLogger({ level: logLevel, format: logFormat, sink, ...plain })
}

/** How a line of the access log is made. Throws WASGI_ERR_CONFIG_INVALID for a format that is none. */
export function accessLine({
  settings,
  origins
}: ResolvedSettings): AccessLine | 'off' | 'combined' | 'json' {
  const { accessLog, accessLogFormat } = settings
  if (accessLogFormat === '') return accessLog
  const refuse = (expected: string, got: string): WasgiError =>
    new WasgiError('WASGI_ERR_CONFIG_INVALID', [
      keyOf('accessLogFormat'),
      expected,
      got,
      origins.accessLogFormat
    ])
  const line = compileAccessFormat(accessLogFormat)
  if (typeof line !== 'function') {
    const unknown = line.map((piece) => JSON.stringify(piece)).join(', ')
    throw refuse("made of gunicorn's atoms such as %(h)s, and of %% for a percent sign", unknown)
  }
  if (accessLog === 'json') throw refuse('left out with access_log = "json"', 'a format')
  return accessLog === 'off' ? accessLog : line
}

/** What applications are mounted in, and the admin endpoints if they are asked for. */
export async function observe(
  { settings }: ResolvedSettings,
  log: FastifyBaseLogger
): Promise<{ mounted: Mounted; admin: Admin | undefined }> {
  const mounted = new Mounted()
  const applications = (): Mounted['applications'] => mounted.applications
  const admin = await beginAdmin(settings, { applications, log })
  mounted.metrics = admin?.metrics
  return { mounted, admin }
}

/** A file that cannot be opened stays as it is, and the log tells. */
export function reopenLogs(logs: Logs, log: Logger): void {
  for (const { code, message } of logs.reopen()) log.error({ code }, message)
}
