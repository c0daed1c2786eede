// Starts a real `wasgi serve` for a test and talks to it: a process of its own, real sockets.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { fileURLToPath } from 'node:url'
import { inspect, isDeepStrictEqual } from 'node:util'
import { outOfTime } from './unit/within.ts'

const BIN = fileURLToPath(new URL('../bin/wasgi.js', import.meta.url))

export interface Reply {
  readonly status: number
  readonly reason: string
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly text: string
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string | readonly string[]>
  readonly body?: string | Uint8Array
}

/** Standard error comes through a pipe of its own: a response may be here before what was logged for it. */
export interface Logging {
  /** Everything on standard error so far: all of it only when the process has ended. */
  log(): string
  /** Everything on standard output so far. */
  out(): string
  /** Resolves with the first match in standard error, now or later; a string is matched as it is. */
  logged(pattern: RegExp | string): Promise<RegExpExecArray>
  /** Resolves once `read` gives what is expected of standard error. */
  tells<Value>(read: (log: string) => Value, expected: Value): Promise<void>
  /**
   * Resolves with standard error once all is in it that was logged before, as for requests that have
   * been answered: whoever asserts that something is not there asks for this. One call at a time.
   */
  caughtUp(): Promise<string>
}

export interface TestServer extends Logging {
  readonly url: string
  readonly pid: number
  request(path: string, options?: RequestOptions): Promise<Reply>
  signal(name: NodeJS.Signals): void
  /** Resolves with the exit code (or signal) once the process has ended. */
  readonly exited: Promise<number | NodeJS.Signals | null>
  close(): Promise<void>
}

export interface Started extends Logging {
  readonly child: ChildProcess
  readonly exited: Promise<number | NodeJS.Signals | null>
  /** As `logged`, of standard output. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
}

export interface ServeOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** A command that runs the command given to it in some other way, as `prlimit` does. */
  readonly through?: readonly string[]
}

/** Runs `wasgi` with these arguments. `env` is all the environment it gets, besides PATH and HOME. */
export function runWasgi(args: readonly string[], options: ServeOptions = {}): Started {
  const { PATH = '', HOME = '/', TMPDIR = '/tmp', XDG_CACHE_HOME = '' } = process.env
  const [program = '', ...rest] = [...(options.through ?? []), process.execPath, BIN, ...args]
  const child = spawn(program, rest, {
    cwd: options.cwd ?? process.cwd(),
    env: { PATH, HOME, TMPDIR, XDG_CACHE_HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const exited = once(child, 'close').then(([code, signal]) => code ?? signal)
  outOfTime()?.addEventListener('abort', () => child.kill('SIGKILL'))
  const both = (): string => `${out.text}\n${log.text}`
  const out = new Output(child.stdout, exited, both)
  const log = new Output(child.stderr, exited, both)
  let asked = 0
  return {
    child,
    exited,
    log: () => log.text,
    out: () => out.text,
    logged: (pattern) => log.match(pattern),
    tells: async (read, expected) => {
      await log.until(
        () => isDeepStrictEqual(read(log.text), expected) || undefined,
        () => `${inspect(expected)}, not ${inspect(read(log.text))},`
      )
    },
    caughtUp: async () => {
      const turn = ++asked
      child.kill('SIGUSR2')
      await log.until(
        () => accounts(log.text) >= turn || undefined,
        () => `account ${turn} of its state`
      )
      return log.text
    },
    printed: (pattern) => out.match(pattern)
  }
}

/** How often SIGUSR2 was answered: each time, the first group tells its state before all else. */
function accounts(log: string): number {
  const [line] = /state of group \S+: /.exec(log) ?? []
  return line === undefined ? 0 : log.split(line).length - 1
}

/** The text as a pattern that matches nothing else. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** What a process has written to one of its streams. */
class Output {
  text = ''
  readonly #ended: Promise<unknown>
  readonly #shown: () => string
  readonly #checks = new Set<() => void>()

  /** `shown` is for who waits in vain. */
  constructor(stream: NodeJS.ReadableStream | null, ended: Promise<unknown>, shown: () => string) {
    this.#ended = ended
    this.#shown = shown
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk
      for (const check of this.#checks) check()
    })
  }

  /** Resolves with the first match, now or later. */
  match(pattern: RegExp | string): Promise<RegExpExecArray> {
    const regExp = typeof pattern === 'string' ? new RegExp(escaped(pattern)) : pattern
    return this.until(
      () => regExp.exec(this.text) ?? undefined,
      () => String(pattern)
    )
  }

  /** Resolves with what `find` finds, now or later; `what` tells who waited in vain for what. */
  until<Found>(find: () => Found | undefined, what: () => string): Promise<Found> {
    const limit = outOfTime()
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = find()
        if (found === undefined) return
        this.#checks.delete(check)
        resolve(found)
      }
      const fail = (why: string): void => {
        check()
        this.#checks.delete(check)
        reject(new Error(`${why} before ${what()} was seen:\n${this.#shown()}`))
      }
      this.#checks.add(check)
      check()
      if (limit?.aborted) fail(limit.reason.message)
      limit?.addEventListener('abort', () => fail(limit.reason.message))
      void this.#ended.then(() => fail('wasgi ended'))
    })
  }
}

/** `wasgi serve` with these arguments on a port of its own, once it is ready. */
export async function serve(
  args: readonly string[],
  options: ServeOptions = {}
): Promise<TestServer> {
  const started = runWasgi(['serve', '--port', '0', '--startup-timeout', '5m', ...args], options)
  const ready = await started.printed(/^wasgi ready on (\S+)\n/)
  const url = ready[1] ?? ''
  const { child, exited, log, out, logged, tells, caughtUp } = started
  return {
    url,
    pid: child.pid ?? 0,
    log,
    out,
    logged,
    tells,
    caughtUp,
    exited,
    request: (path, request) => fetchRaw(url, path, request),
    signal: (name) => {
      child.kill(name)
    },
    close: async () => {
      child.kill('SIGTERM')
      await exited
    }
  }
}

/** One request over a connection of its own, with node:http, which adds next to nothing. */
export function fetchRaw(url: string, path: string, options: RequestOptions = {}): Promise<Reply> {
  const target = url.startsWith('unix:') ? { socketPath: url.slice(5) } : { ...hostOf(url) }
  const signal = outOfTime()
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        ...target,
        path,
        agent: false,
        ...(signal === undefined ? {} : { signal }),
        method: options.method ?? 'GET',
        headers: options.headers as http.OutgoingHttpHeaders
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const body = Buffer.concat(chunks)
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? '',
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body,
            text: body.toString('utf8')
          })
        })
      }
    )
    request.on('error', reject)
    request.end(options.body)
  })
}

function hostOf(url: string): { host: string; port: string } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port }
}
