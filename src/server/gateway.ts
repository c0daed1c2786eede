// One request on its way from Fastify to a process group and back. This is the file to start reading
// from: what comes before it is Fastify's, what comes after it is dispatch/.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Exchange, GatewayRequest } from '../dispatch/exchange.ts'
import { PIECE_BYTES, RequestBody } from '../dispatch/request-body.ts'
import { WasgiError } from '../errors.ts'
import { publicError } from '../public-error.ts'
import { labelOf } from '../telemetry/request-label.ts'
import type { Visits } from '../telemetry/visits.ts'
import { encodeRequestHead } from '../wire/request-head.ts'
import type { ProxyRules } from '../wire/trusted-proxies.ts'
import { sendEarlyHints } from './early-hints.ts'
import { isHeldBack } from './expectations.ts'
import type { Hooks } from './hooks/hooks.ts'
import type { Follow } from './hooks/questions.ts'
import type { Destination, Routes } from './hooks/routes.ts'
import { lingerAfterResponse } from './linger.ts'
import { turnOf } from './pipeline.ts'
import { sendDebugPage, sendResponse } from './reply.ts'
import { checkRequest, endsConnection, type HeadLimits, isHttp2 } from './request-checks.ts'
import { type RequestFacts, requestFacts, withoutHeaders } from './request-facts.ts'
import { boundUnread } from './unread.ts'

export interface GatewayOptions {
  /** Who answers, and who else may, if a hook says so. */
  readonly routes: Routes
  /** Asked before the application is. */
  readonly hooks: Hooks | undefined
  /** Whether the application is told what clients send as Authorization. */
  readonly passAuthorization: boolean
  /** Who is told of requests in progress; undefined is nobody. */
  readonly visits?: Visits | undefined
  /** Decoded mount path, '' at the root: it becomes SCRIPT_NAME. */
  readonly scriptName: string
  readonly limits: HeadLimits
  readonly bodyLimitBytes: number
  /** How long a body may stand still; 0 is for ever. */
  readonly bodyTimeoutMs: number
  /** Undefined when no proxy is believed. */
  readonly proxies: ProxyRules | undefined
  readonly debug: boolean
}

const AUTHORIZATION = ['authorization']

/** Answers one request. Rejects with an error whose text a client may see. */
export async function answer(
  options: GatewayOptions,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  // Of a client that has gone while the host program's own hooks ran, no end would ever be seen.
  const visit = isGone(reply)
    ? undefined
    : options.visits?.begin(request.method, request.originalUrl, reply.raw)
  try {
    const turn = turnOf(request.raw, reply.raw)
    // Nobody waits for an answer, and a peer without an address is not a Unix socket's.
    if (!(turn instanceof Promise ? await turn : turn)) {
      throw new WasgiError('WASGI_ERR_CLIENT_GONE', ['its head'])
    }
    checkRequest(request.raw, request.originalUrl, options.limits)
    const facts = requestFacts(request, options)
    const label = labelOf(request.raw.method ?? 'GET', request.originalUrl)
    const { hooks, routes } = options
    const passed =
      hooks === undefined
        ? undefined
        : await hooks.pass(facts, label, routes, lastCancelledWhenClosed(reply))
    const told = passed?.facts ?? facts
    const { group, application, currency }: Destination = passed?.destination ?? routes.own
    if (visit !== undefined) options.visits?.move(visit, group.name)
    const renewed = currency?.current()
    if (renewed !== undefined) await renewed
    // What happened while hooks were asked is not told again.
    if (isGone(reply)) throw new WasgiError('WASGI_ERR_CLIENT_GONE', [label])
    const head = encoded(options.passAuthorization ? told : withoutHeaders(told, AUTHORIZATION))
    const taken = takeBody(request.raw, options)
    // Most requests have no body, and those need not wait a turn of the microtask queue.
    const { body, source } = taken instanceof Promise ? await taken : taken
    const requestId = request.id
    const exchange = group.handle({ head, body, source, label, application, requestId })
    cancelWhenClosed(reply, exchange)
    // What the application leaves unread has no fewer limits than what it reads.
    if (source !== undefined && !isHttp2(request.raw)) {
      reply.raw.once('finish', () => boundUnread(request.raw, options))
    }
    visit?.queued(exchange)
    exchange.onHints = (fields) => sendEarlyHints(reply.raw, fields)
    return sendResponse(request, reply, await exchange.response)
  } catch (error) {
    if (!(error instanceof WasgiError)) throw error
    if (endsConnection(error.statusCode) && !isHttp2(request.raw)) {
      reply.header('connection', 'close')
      lingerAfterResponse(request.raw.socket)
    } else boundRest(request.raw, reply, options)
    reply.headers(error.headers)
    const told = options.debug && error.traceback !== undefined
    if (told || isNews(error, options.routes)) return sendDebugPage(reply, error)
    throw publicError(error)
  }
}

/** Whether it is why code that was just written cannot be loaded, which its author is to see. */
function isNews(error: WasgiError, { own, others }: Routes): boolean {
  return [own, ...others].some(({ currency }) => currency?.failure === error)
}

/**
 * A client that closes its connection takes its request with it. So does a response that was sent
 * while the application still makes its own: a hook or an error has put another one in its place.
 */
function cancelWhenClosed(reply: FastifyReply, exchange: Pick<Exchange, 'cancel'>): void {
  if (isGone(reply)) exchange.cancel()
  else reply.raw.once('close', () => exchange.cancel())
}

/** The same of one question after the other: with a listener for each, Node would warn of a leak. */
function lastCancelledWhenClosed(reply: FastifyReply): Follow {
  let last: Parameters<Follow>[0] | undefined
  return (asked) => {
    const first = last === undefined
    last = asked
    if (isGone(reply)) asked.cancel()
    else if (first) reply.raw.once('close', () => last?.cancel())
  }
}

/** Whether the response is closed: nothing tells of it again. HTTP/2 has that with the stream alone. */
function isGone({ raw }: FastifyReply): boolean {
  const { stream, destroyed } = raw as ServerResponse & Partial<Http2ServerResponse>
  return stream?.destroyed ?? destroyed
}

/** A head as a worker takes it. */
function encoded({ line, headers }: RequestFacts): string {
  const head = encodeRequestHead({ ...line, queueStart: Date.now() }, headers)
  if (head === undefined) {
    throw new WasgiError('WASGI_ERR_BAD_REQUEST', ['its head has characters that HTTP forbids'])
  }
  return head
}

/** What is too long, or has no length, ends the connection; any other rest may still arrive. */
function boundRest(raw: IncomingMessage, reply: FastifyReply, options: GatewayOptions): void {
  const announced = Number(raw.headers['content-length'] ?? 0)
  if (isHttp2(raw) || raw.complete || (!isOpenEnded(raw) && announced === 0)) return
  if (isOpenEnded(raw) || announced > options.bodyLimitBytes) {
    reply.header('connection', 'close')
    lingerAfterResponse(raw.socket)
  } else boundUnread(raw, options)
}

type TakenBody = Pick<GatewayRequest, 'body' | 'source'>

/**
 * A small body is read here, so that a slow client does not hold a worker. A large one, one of
 * unknown length, and one that the client holds back is left for the application to pull.
 */
function takeBody(
  raw: IncomingMessage,
  { bodyLimitBytes, bodyTimeoutMs }: GatewayOptions
): TakenBody | Promise<TakenBody> {
  const open = isOpenEnded(raw)
  const announced = Number(raw.headers['content-length'] ?? 0)
  if (!open && announced === 0) return { body: undefined, source: undefined }
  if (announced > bodyLimitBytes) {
    if (!isHeldBack(raw)) raw.resume()
    throw new WasgiError('WASGI_ERR_BODY_TOO_LARGE', [bodyLimitBytes])
  }
  const heldBack = isHeldBack(raw)
  const limits = {
    limitBytes: bodyLimitBytes,
    timeoutMs: bodyTimeoutMs,
    heldBack,
    announcedBytes: open ? undefined : announced
  }
  const source = new RequestBody(raw, limits)
  if (open || announced > PIECE_BYTES || heldBack) return { body: null, source }
  return wholeBody(source, bodyTimeoutMs)
}

async function wholeBody(source: RequestBody, timeoutMs: number): Promise<TakenBody> {
  const body = await source.whole()
  if (body instanceof Uint8Array) return { body, source: undefined }
  if (body === 'malformed') throw new WasgiError('WASGI_ERR_BAD_REQUEST', ['its trailers'])
  if (body === 'too-slow') throw new WasgiError('WASGI_ERR_BODY_TOO_SLOW', [`${timeoutMs} ms`])
  throw new WasgiError('WASGI_ERR_CLIENT_GONE', ['its body'])
}

/** Whether a body comes whose length nobody has told. */
function isOpenEnded(raw: IncomingMessage): boolean {
  const { headers } = raw
  if (!isHttp2(raw)) return headers['transfer-encoding'] !== undefined
  const { stream } = raw as unknown as Http2ServerRequest
  return headers['content-length'] === undefined && !stream.endAfterHeaders
}
