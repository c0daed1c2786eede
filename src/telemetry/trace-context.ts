// What a request says of the trace that it belongs to (W3C Trace Context), and its id, for logs. The
// application gets all of it as it came; here only what is well-formed is believed.
import { headersAt } from '../wire/request-head.ts'

/** Fields of a log record. */
export interface TraceFields {
  readonly trace_id?: string
  readonly request_id?: string
}

/** Version, trace id, parent id, flags; a later version than 00 may have more after them. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/

/** The trace id of a `traceparent`; undefined if it is not valid, which restarts the trace. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const [, version, trace = '', parent = '', more] = TRACEPARENT.exec(traceparent ?? '') ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) {
    return undefined
  }
  return /[^0]/.test(trace) && /[^0]/.test(parent) ? trace : undefined
}

/** An `x-request-id` that a log can hold as it is; anything else is no id. */
export function requestIdOf(given: string | undefined): string | undefined {
  return given !== undefined && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : undefined
}

/** Those of a request, from its head (wire/request-head.ts). For what is logged now and then. */
export function traceFields(head: string): TraceFields {
  const lines = head.split('\n')
  let traceparent: string | undefined
  let requestId: string | undefined
  for (let at = headersAt(lines); at + 1 < lines.length; at += 2) {
    const name = lines[at]?.toLowerCase()
    // Given twice it is not valid, as the access log sees it, too.
    if (name === 'traceparent') traceparent = joined(traceparent, lines[at + 1])
    if (name === 'x-request-id') requestId = joined(requestId, lines[at + 1])
  }
  return fieldsOf(traceparent, requestId)
}

export function fieldsOf(
  traceparent: string | undefined,
  requestId: string | undefined
): TraceFields {
  const trace = traceIdOf(traceparent)
  const request = requestIdOf(requestId)
  return {
    ...(trace === undefined ? {} : { trace_id: trace }),
    ...(request === undefined ? {} : { request_id: request })
  }
}

function joined(before: string | undefined, value = ''): string {
  return before === undefined ? value : `${before}, ${value}`
}
