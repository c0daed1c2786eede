// Turns what a worker reports into errors of the table, with host paths in Python's tracebacks.
import { ERRORS, type ErrorCode, WasgiError } from '../errors.ts'
import type { BootFailed, Failed, FileGrant } from '../wire/messages.ts'
import type { Exchange } from './exchange.ts'

/** A worker could not boot, or could not load the application. */
export function bootError(failure: BootFailed, grants: readonly FileGrant[]): WasgiError {
  const traceback = withHostPaths(failure.traceback, grants)
  const known = failure.code in ERRORS
  const code = known ? (failure.code as ErrorCode) : 'WASGI_ERR_INTERNAL'
  const args = failure.args.map((arg) => hostPath(arg, grants))
  return new WasgiError(code, args, traceback === '' ? {} : { traceback })
}

/** The application raised, or its client's body was refused, while it answered `exchange`. */
export function requestError(
  exchange: Exchange,
  failure: Failed,
  grants: readonly FileGrant[]
): WasgiError {
  if (failure.status !== 500) return clientError(failure.status)
  const traceback = withHostPaths(failure.traceback, grants)
  const what = lastLine(failure.traceback)
  return new WasgiError('WASGI_ERR_APP_EXCEPTION', [what, exchange.request.label], { traceback })
}

/** What the worker has found wrong with a request; it tells no more than a status. */
function clientError(status: number): WasgiError {
  switch (status) {
    case 408:
      return new WasgiError('WASGI_ERR_BODY_TOO_SLOW', ['as configured'])
    case 413:
      return new WasgiError('WASGI_ERR_BODY_TOO_LARGE', ['streamed'])
    case 431:
      return new WasgiError('WASGI_ERR_HEADERS', ['it does not fit the worker'])
    default:
      return new WasgiError('WASGI_ERR_BAD_REQUEST', ['its trailers are forbidden'])
  }
}

export function diedError(worker: string, exchange: Exchange, reason: string): WasgiError {
  return new WasgiError(
    'WASGI_ERR_WORKER_DIED',
    [worker, exchange.request.label, lastLine(reason)],
    {
      traceback: reason
    }
  )
}

/** `outcome` is what was done about it: a sentence without its full stop. */
export function timeoutError(
  { request }: Exchange,
  timeoutMs: number,
  outcome: string,
  traceback?: string
): WasgiError {
  const options = traceback === undefined ? {} : { traceback }
  return new WasgiError('WASGI_ERR_REQUEST_TIMEOUT', [request.label, timeoutMs, outcome], options)
}

/** `File "/app/views.py"` becomes the path on the host, so that an editor can open it. */
export function withHostPaths(traceback: string, grants: readonly FileGrant[]): string {
  return traceback.replace(
    /^(\s*(?:\S+ )?File ")(\/[^"\n]*)"/gm,
    (_line, start: string, path: string) => `${start}${hostPath(path, grants)}"`
  )
}

/** A text that is a guest path and nothing else, as the host knows it. */
function hostPath(text: string, grants: readonly FileGrant[]): string {
  const grant = grants.find(({ guestPath }) => text.startsWith(`${guestPath}/`))
  return grant === undefined ? text : `${grant.hostPath}${text.slice(grant.guestPath.length)}`
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
