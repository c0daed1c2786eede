// The server's log: pino records to standard error, as JSON or as text for people.
// It must not decide what is logged, only how.

import { type Logger, type LoggerOptions, pino } from 'pino'
import { WasgiError } from '../errors.ts'
import { openStderr, type Sink } from './sink.ts'
import { formatRecord } from './text.ts'

export type { Logger } from 'pino'

export interface LogSettings {
  readonly level: string
  readonly format: 'text' | 'json'
  /** Default: standard error. Share one sink between logs, so that lines never mix. */
  readonly sink?: Sink
  /** Colours for a terminal. Default: whether standard error is one that wants them. */
  readonly color?: boolean
}

/** A pino logger. Fields with a meaning: `worker` (`default/1`), `err`, `traceback` (Python's). */
export function createLogger({ level, format, sink, color }: LogSettings): Logger {
  const out = sink ?? openStderr()
  const options: LoggerOptions = {
    level,
    base: format === 'json' ? { pid: process.pid } : null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError }
  }
  if (format === 'json') return pino(options, out)
  const colored = color ?? (process.stderr.isTTY === true && process.stderr.hasColors())
  return pino(options, { write: (line) => out.write(formatRecord(line, colored)) })
}

/** An error as log fields. JavaScript stacks only where they help: for errors that are ours. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code } = error as NodeJS.ErrnoException
  const traceback = error instanceof WasgiError ? error.traceback : undefined
  const ours = !(error instanceof WasgiError) || error.blame === 'internal'
  const stack = ours && process.env.WASGI_JS_STACK === '1' ? error.stack : undefined
  const cause = error.cause instanceof Error ? describeError(error.cause) : undefined
  return { type: error.name, code, message: error.message, traceback, stack, cause }
}
