// How a command ends when it fails: one message, Python's traceback, an exit code.

import { CommanderError } from 'commander'
import { ERRORS, type ErrorCode, EXIT, WasgiError } from '../errors.ts'
import type { Surroundings } from './surroundings.ts'

/** Prints what is to be said of the error and returns the exit code. */
export function reportFailure(
  error: unknown,
  { err, variables }: Pick<Surroundings, 'err' | 'variables'>
): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
  // Commander has printed the help by then: a command line without a command.
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage
  const failure = asWasgiError(error)
  err(`wasgi: ${failure.message}   ${failure.code}\n`)
  if (failure.traceback !== undefined) err(`${failure.traceback.trimEnd()}\n`)
  if (failure.blame === 'internal' && variables.WASGI_JS_STACK === '1') {
    const { stack } = (failure.cause ?? failure) as Error
    err(`${stack}\n`)
  }
  return exitCodeOf(failure.code)
}

/** The exit code of a command that ends with this error (docs/reference/exit-codes.md). */
export function exitCodeOf(code: ErrorCode): number {
  if (code === 'WASGI_ERR_USAGE') return EXIT.usage
  if (code.startsWith('WASGI_ERR_CONFIG_') || code === 'WASGI_ERR_ROOT_REFUSED') return EXIT.config
  const { blame } = ERRORS[code]
  if (blame === 'app') return EXIT.app
  return blame === 'operator' ? EXIT.environment : EXIT.internal
}

function asWasgiError(error: unknown): WasgiError {
  if (error instanceof WasgiError) return error
  if (error instanceof CommanderError) {
    // "error: unknown option '--prot'\n(Did you mean --port?)" is two lines of a sentence of ours.
    const reason = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
    return new WasgiError('WASGI_ERR_USAGE', [reason], { cause: error })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new WasgiError('WASGI_ERR_INTERNAL', [reason], { cause: error })
}
