// Turns what a worker reports into errors of the table, with host paths in Python's tracebacks.
import { ERRORS, type ErrorCode, WasgiError } from '../errors.ts'
import type { BootFailed, Failed, FileGrant, Spent } from '../wire/messages.ts'
import type { CrashLoop } from './backoff.ts'
import type { Ending, LostRequest } from './death.ts'
import type { Exchange } from './exchange.ts'
import type { GroupWorker } from './worker.ts'

/** When it is worth trying again, in whole seconds (RFC 9110, 10.2.3). */
function retryAfter(ms: number): { readonly 'retry-after': string } {
  return { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) }
}

/** A worker could not boot, or could not load the application. */
export function bootError(failure: BootFailed, grants: readonly FileGrant[]): WasgiError {
  const traceback = withHostPaths(failure.traceback, grants)
  const known = failure.code in ERRORS
  const code = known ? (failure.code as ErrorCode) : 'WASGI_ERR_INTERNAL'
  const args = failure.args.map((arg) => hostPath(arg, grants))
  return new WasgiError(code, args, traceback === '' ? {} : { traceback })
}

/** The application raised, or its client's body was refused, while it answered `exchange`. */
function requestError(
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
function timeoutError(
  { request }: Exchange,
  timeoutMs: number,
  outcome: string,
  traceback?: string
): WasgiError {
  const options = traceback === undefined ? {} : { traceback }
  return new WasgiError('WASGI_ERR_REQUEST_TIMEOUT', [request.label, timeoutMs, outcome], options)
}

/** What a request gets whose application failed, or was interrupted. */
export function answerError(
  exchange: Exchange,
  answer: Failed,
  grants: readonly FileGrant[],
  requestTimeoutMs: number
): WasgiError {
  const error = requestError(exchange, answer, grants)
  if (exchange.timedOutAt === 0 || error.blame !== 'app') return error
  const outcome = 'It was interrupted where the traceback ends'
  return timeoutError(exchange, requestTimeoutMs, outcome, error.traceback ?? '')
}

function cutOffError(worker: string, exchange: Exchange, reason: string): WasgiError {
  const args = [worker, exchange.request.label, reason]
  return new WasgiError('WASGI_ERR_WORKER_RECYCLED', args, { headers: retryAfter(0) })
}

/** What a request gets that its worker had started when its thread ended. */
export function lossError(
  worker: GroupWorker,
  exchange: Exchange,
  requestTimeoutMs: number
): WasgiError {
  const reason = worker.ending?.reason ?? 'its thread ended'
  if (exchange.timedOutAt > 0) {
    const outcome = `Its worker ${worker.name} was terminated and is being replaced`
    return timeoutError(exchange, requestTimeoutMs, outcome)
  }
  if (worker.cutOff) return cutOffError(worker.name, exchange, reason)
  return diedError(worker.name, exchange, reason)
}

/** A reason of several lines is Python's or the realm's own account. */
export function tracebackIn(reason: string, grants: readonly FileGrant[]): string | undefined {
  return reason.trimEnd().includes('\n') ? withHostPaths(reason, grants) : undefined
}

/** Why a worker is to be replaced, in its own words. */
export function spentEnding({ cause, reason }: Spent, grants: readonly FileGrant[]): Ending {
  return { kind: cause, reason, traceback: tracebackIn(reason, grants) }
}

export function lostRequest({ id, request }: Exchange): LostRequest {
  return { id: request.requestId ?? String(id), label: request.label }
}

/** Nobody waits longer for being told so; a second is what a client may try again after. */
export function queueFullError(limits: { group: string; queueLimit: number }): WasgiError {
  const { group, queueLimit } = limits
  return new WasgiError('WASGI_ERR_QUEUE_FULL', [group, queueLimit], { headers: retryAfter(0) })
}

/** No worker is there, and none can be made before `retryInMs` is over. */
export function groupDownError(group: string, cause: WasgiError, retryInMs: number): WasgiError {
  const headers = retryAfter(retryInMs)
  return new WasgiError('WASGI_ERR_GROUP_DOWN', [group, cause.message], { cause, headers })
}

/** Nobody knows whether the next server that listens there is this one: nothing is promised. */
export function groupClosedError(group: string): WasgiError {
  return new WasgiError('WASGI_ERR_GROUP_DOWN', [group, 'it is closed'])
}

export function queueTimeoutError(
  exchange: Exchange,
  { group, queueTimeoutMs }: { group: string; queueTimeoutMs: number }
): WasgiError {
  const args = [exchange.request.label, group, queueTimeoutMs]
  return new WasgiError('WASGI_ERR_QUEUE_TIMEOUT', args)
}

/** `what` could not be loaded anew: the old code goes on serving. */
export function reloadError(what: string, cause: unknown): WasgiError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const traceback = cause instanceof WasgiError ? cause.traceback : undefined
  const options = traceback === undefined ? { cause } : { cause, traceback }
  return new WasgiError('WASGI_ERR_RELOAD', [what, reason], options)
}

export function crashLoopError(group: string, loop: CrashLoop, reason: string): WasgiError {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1)
  const { deaths, spanMs, delayMs } = loop
  const args = [group, deaths, seconds(spanMs), lastLine(reason), seconds(delayMs)]
  return new WasgiError('WASGI_ERR_CRASH_LOOP', args)
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

export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
