// Where the log and the access log go: standard error, or files. Logs with one place share it, so that
// their lines never mix.
import type { ResolvedSettings } from '../config/settings.ts'
import { WasgiError } from '../errors.ts'
import { LogFile } from '../telemetry/log-file.ts'
import { openStderr, type Sink } from '../telemetry/sink.ts'

export interface Logs {
  readonly log: Sink
  readonly access: Sink
  /** Opens the files anew, under their names. Gives what is wrong with those that cannot be. */
  reopen(): readonly WasgiError[]
}

/** Throws WASGI_ERR_CONFIG_INVALID when a file cannot be appended to. */
export function openLogs({
  settings,
  origins
}: Pick<ResolvedSettings, 'settings' | 'origins'>): Logs {
  const { logFile, accessLogFile } = settings
  const files = new Map<string, LogFile>()
  const open = (option: string, path: string, origin: string): Sink => {
    if (path === '-') return stderr
    try {
      const file = files.get(path) ?? new LogFile(path)
      files.set(path, file)
      return file
    } catch (cause) {
      throw unusable(option, path, origin, cause)
    }
  }
  const stderr = openStderr()
  const log = open('log_file', logFile, origins.logFile)
  const access = open('access_log_file', accessLogFile, origins.accessLogFile)
  process.on('exit', () => {
    for (const file of files.values()) file.flushSync()
  })
  const reopen = (): readonly WasgiError[] =>
    [...files.values()].flatMap((file) => {
      try {
        file.reopen()
        return []
      } catch (cause) {
        const named = file === log ? 'log_file' : 'access_log_file'
        return [unusable(named, file.path, 'its reopening', cause)]
      }
    })
  return { log, access, reopen }
}

function unusable(option: string, path: string, origin: string, cause: unknown): WasgiError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException
  const args = [option, 'a file that can be appended to', `"${path}" (${code})`, origin]
  return new WasgiError('WASGI_ERR_CONFIG_INVALID', args, { cause })
}
