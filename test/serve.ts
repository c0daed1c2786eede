// Starts a real `wasgi serve` for a test and talks to it: a process of its own, real sockets.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { fileURLToPath } from 'node:url'

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

export interface TestServer {
  readonly url: string
  readonly pid: number
  /** Everything on standard error so far. */
  log(): string
  /** Everything on standard output so far. */
  out(): string
  /** Resolves with the first match in standard error, now or later. */
  logged(pattern: RegExp): Promise<RegExpExecArray>
  request(path: string, options?: RequestOptions): Promise<Reply>
  signal(name: NodeJS.Signals): void
  /** Resolves with the exit code (or signal) once the process has ended. */
  readonly exited: Promise<number | NodeJS.Signals | null>
  close(): Promise<void>
}

export interface Started {
  readonly child: ChildProcess
  readonly exited: Promise<number | NodeJS.Signals | null>
  log(): string
  out(): string
  logged(pattern: RegExp): Promise<RegExpExecArray>
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
  const texts = { out: '', log: '' }
  const waiters = new Set<() => void>()
  const listen = (stream: NodeJS.ReadableStream | null, name: 'out' | 'log'): void => {
    stream?.on('data', (chunk: Buffer) => {
      texts[name] += chunk
      for (const check of waiters) check()
    })
  }
  listen(child.stdout, 'out')
  listen(child.stderr, 'log')
  const exited = once(child, 'close').then(([code, signal]) => code ?? signal)
  const seen = (name: 'out' | 'log', pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(texts[name])
        if (match === null) return
        waiters.delete(check)
        resolve(match)
      }
      waiters.add(check)
      check()
      void exited.then(() => {
        check()
        reject(new Error(`wasgi ended before ${pattern} was seen:\n${texts.out}\n${texts.log}`))
      })
    })
  return {
    child,
    exited,
    log: () => texts.log,
    out: () => texts.out,
    logged: (pattern) => seen('log', pattern),
    printed: (pattern) => seen('out', pattern)
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
  const { child, exited, log, out, logged } = started
  return {
    url,
    pid: child.pid ?? 0,
    log,
    out,
    logged,
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
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        ...target,
        path,
        agent: false,
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
