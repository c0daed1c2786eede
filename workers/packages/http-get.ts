// One GET over HTTP with its bounds: size, silence and total time. Redirects are an answer like any
// other; whoever calls decides whether to follow. Node-specific.
import http, { type IncomingMessage } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

export interface GetOptions {
  readonly agent: http.Agent | https.Agent
  readonly headers: Readonly<Record<string, string>>
  readonly limitBytes: number
  /** How long the other side may be silent. */
  readonly timeoutMs: number
  /** Undo Content-Encoding: for pages, never for archives, which are what they are. */
  readonly decode: boolean
}

export interface HttpAnswer {
  readonly status: number
  readonly type: string
  readonly location: string | undefined
  /** Content-Range, of a part. */
  readonly range: string
  readonly body: Buffer
}

/** However steadily the bytes trickle in. */
const TOTAL_MS = 600_000

/** Rejects with an Error whose message is fit for the operator. */
export async function httpGet(url: URL, options: GetOptions): Promise<HttpAnswer> {
  const response = await head(url, options)
  const { statusCode: status = 0, headers } = response
  const { 'content-type': type = '', 'content-range': range = '', location } = headers
  if (status !== 200 && status !== 206) {
    response.resume()
    return { status, type, location, range, body: Buffer.alloc(0) }
  }
  const packed = options.decode && headers['content-encoding'] === 'gzip'
  const body = packed ? pipeThrough(response) : response
  return { status, type, location, range, body: await collect(body, options.limitBytes) }
}

function head(url: URL, options: GetOptions): Promise<IncomingMessage> {
  const { agent, headers, timeoutMs, decode } = options
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const encoding = decode ? 'gzip' : 'identity'
  const requestOptions: RequestOptions = {
    agent,
    headers: { 'user-agent': 'wasgi', 'accept-encoding': encoding, ...headers },
    timeout: timeoutMs
  }
  const client = url.protocol === 'https:' ? https : http
  const request = client.get(url, requestOptions, resolve)
  const late = setTimeout(
    () => request.destroy(new Error(`no end after ${TOTAL_MS / 1000} s`)),
    TOTAL_MS
  )
  request.on('timeout', () => request.destroy(new Error(`silent for ${timeoutMs / 1000} s`)))
  request.on('error', reject)
  request.on('close', () => clearTimeout(late))
  return promise
}

function pipeThrough(response: IncomingMessage): Readable {
  const gunzip = createGunzip()
  response.on('error', (error) => gunzip.destroy(error))
  return response.pipe(gunzip)
}

async function collect(body: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > limitBytes) throw new Error(`larger than ${limitBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
