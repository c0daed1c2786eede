// Reads responses of HTTP/1.x as strictly as RFC 9112 is written: what a lenient client would forgive
// fails the test that received it.
import type { Answer } from './row.ts'

type Fields = ReadonlyArray<readonly [string, string]>

/** What a connection has received. Latin-1 text, a character per byte. */
export class Received {
  #text = ''
  #at = 0
  #ended = false
  #reset = false
  #changed: PromiseWithResolvers<void> = Promise.withResolvers()

  get text(): string {
    return this.#text
  }

  /** Whether nothing more comes. */
  get ended(): boolean {
    return this.#ended
  }

  /** Whether it ended in a way that no orderly server ends it. */
  get reset(): boolean {
    return this.#reset
  }

  add(text: string): void {
    this.#text += text
    this.#tell()
  }

  end(): void {
    this.#ended = true
    this.#tell()
  }

  fail(): void {
    this.#reset = true
    this.end()
  }

  /** Resolves once `done()` says so, or nothing more comes. */
  async until(done: () => boolean): Promise<void> {
    while (!done() && !this.#ended) await this.#changed.promise
  }

  /** Takes everything up to `mark`, and `mark` itself; undefined when it never came. */
  async takeThrough(mark: string): Promise<string | undefined> {
    let end = -1
    await this.until(() => {
      end = this.#text.indexOf(mark, this.#at)
      return end !== -1
    })
    return end === -1 ? undefined : this.#take(end + mark.length - this.#at)
  }

  /** Takes `length` characters, or as many as ever came. */
  async takeLength(length: number): Promise<string> {
    await this.until(() => this.#text.length - this.#at >= length)
    return this.#take(length)
  }

  async takeRest(): Promise<string> {
    await this.until(() => false)
    return this.#take(this.#text.length)
  }

  #take(length: number): string {
    const taken = this.#text.slice(this.#at, this.#at + length)
    this.#at += taken.length
    return taken
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

interface Head {
  readonly status: number
  readonly reason: string
  readonly headers: Fields
}

interface Body {
  readonly body: Buffer
  readonly complete: boolean
  readonly chunked: boolean
}

/** All values of `name`, in any case, among `headers`. */
export function valuesIn(headers: Fields, name: string): readonly string[] {
  const wanted = name.toLowerCase()
  return headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value)
}

/** The next response. `closing`: the connection ends after it, whether it says so or not. */
export async function readAnswer(
  received: Received,
  method: string,
  closing: boolean
): Promise<Answer> {
  const interim: Head[] = []
  for (;;) {
    const head = await readHead(received)
    if (head.status < 200) {
      interim.push(head)
      continue
    }
    const values = (name: string): readonly string[] => valuesIn(head.headers, name)
    const body = await readBody(received, method, head, values)
    const tokens = values('connection').join(',').toLowerCase().split(/ *, */)
    const closes = closing ? !tokens.includes('keep-alive') : tokens.includes('close')
    if (closes) await received.until(() => false)
    return { ...head, ...body, interim, values, closed: received.ended }
  }
}

async function readHead(received: Received): Promise<Head> {
  const text = await received.takeThrough('\r\n\r\n')
  if (text === undefined) {
    throw new Error(`the connection ended without a response: ${JSON.stringify(received.text)}`)
  }
  const [line = '', ...fields] = text.slice(0, -4).split('\r\n')
  const status = /^HTTP\/1\.[01] ([1-9]\d\d) ([\t -~\x80-\xff]*)$/.exec(line)
  if (status === null) throw new Error(`no status line: ${JSON.stringify(line)}`)
  const headers = fields.map((field) => {
    const parts =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(|[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)[ \t]*$/.exec(
        field
      )
    if (parts === null) throw new Error(`no header field: ${JSON.stringify(field)}`)
    return [parts[1] ?? '', parts[2] ?? ''] as const
  })
  return { status: Number(status[1]), reason: status[2] ?? '', headers }
}

/** RFC 9112, 6.3. */
async function readBody(
  received: Received,
  method: string,
  { status }: Head,
  values: (name: string) => readonly string[]
): Promise<Body> {
  const codings = values('transfer-encoding')
  const lengths = values('content-length')
  if (codings.length > 0 && lengths.length > 0) throw new Error('both a length and a coding')
  if (lengths.length > 1) throw new Error('more than one Content-Length')
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { body: Buffer.alloc(0), complete: true, chunked: codings.length > 0 }
  }
  if (codings.length > 0) {
    if (codings.join().toLowerCase() !== 'chunked') throw new Error(`coded as ${codings.join()}`)
    return readChunks(received)
  }
  if (lengths.length === 0) {
    const body = Buffer.from(await received.takeRest(), 'latin1')
    return { body, complete: !received.reset, chunked: false }
  }
  const length = /^\d+$/.test(lengths[0] ?? '') ? Number(lengths[0]) : Number.NaN
  if (Number.isNaN(length)) throw new Error(`Content-Length is ${lengths[0]}`)
  const body = Buffer.from(await received.takeLength(length), 'latin1')
  return { body, complete: body.length === length, chunked: false }
}

async function readChunks(received: Received): Promise<Body> {
  const chunks: Buffer[] = []
  const ended = (complete: boolean): Body => ({
    body: Buffer.concat(chunks),
    complete,
    chunked: true
  })
  for (;;) {
    const line = await received.takeThrough('\r\n')
    if (line === undefined) return ended(false)
    const size = /^([0-9A-Fa-f]+)\r\n$/.exec(line)
    if (size === null) throw new Error(`no chunk size: ${JSON.stringify(line)}`)
    const length = Number.parseInt(size[1] ?? '', 16)
    if (length === 0) break
    const chunk = await received.takeLength(length + 2)
    chunks.push(Buffer.from(chunk.slice(0, length), 'latin1'))
    if (chunk.length < length + 2) return ended(false)
    if (!chunk.endsWith('\r\n')) throw new Error('a chunk is not followed by CRLF')
  }
  const last = await received.takeThrough('\r\n')
  if (last !== undefined && last !== '\r\n') throw new Error(`trailers: ${JSON.stringify(last)}`)
  return ended(last !== undefined)
}
