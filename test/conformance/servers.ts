// Starts the server that a transport needs, with one worker, and the gallery as its application.
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Fastify from 'fastify'
import { wasgi } from '../../src/index.ts'
import { temporaryFolder, testApp } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { CERTIFICATE, PRIVATE_KEY } from '../unit/packages-certificate.ts'
import { STRICT, type Transport } from './row.ts'

export interface Address {
  readonly where: { readonly host: string; readonly port: number } | { readonly path: string }
  readonly secure: boolean
}

export interface Served {
  readonly address: Address
  /** '' or where the plugin is mounted. */
  readonly prefix: string
  /** Its log so far. */
  log(): string
  /** Resolves once the log has this text. */
  logged(text: string): Promise<void>
  close(): Promise<void>
}

const APP = testApp('gallery.py')
const PREFIX = '/py'
/** How long a server may take to end before it is ended; a row may have left it in a loop. */
const CLOSING_MS = 10_000

export async function start(transport: Transport, strict: boolean): Promise<Served> {
  if (transport === 'plugin') return startPlugin(strict)
  const folder = temporaryFolder()
  const secure = transport === 'tls' || transport === 'http2'
  const path = join(folder, 'socket')
  const server = await serve([
    ...[APP, '--workers', '1', '--access-log', 'off'],
    ...(transport === 'unix' ? ['--uds', path] : []),
    ...(transport === 'embedded' ? ['--mode', 'embedded'] : []),
    ...(secure ? certificateFlags(folder) : []),
    ...(transport === 'http2' ? ['--http2'] : []),
    ...(strict ? strictFlags() : [])
  ])
  running.add(server)
  const where =
    transport === 'unix' ? { path } : { host: '127.0.0.1', port: Number(new URL(server.url).port) }
  return {
    address: { where, secure },
    prefix: '',
    log: server.log,
    logged: async (text) => {
      await server.logged(text)
    },
    close: () => ended(server)
  }
}

async function ended(server: TestServer): Promise<void> {
  const timer = setTimeout(() => server.signal('SIGKILL'), CLOSING_MS)
  await server.close()
  clearTimeout(timer)
  running.delete(server)
}

const running = new Set<TestServer>()

/** A run that is stopped, or fails, leaves no servers behind. */
export function endWithThisProcess(): void {
  process.once('exit', () => {
    for (const server of running) server.signal('SIGKILL')
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
}

function certificateFlags(folder: string): string[] {
  const certificate = join(folder, 'certificate.pem')
  const key = join(folder, 'key.pem')
  writeFileSync(certificate, CERTIFICATE)
  writeFileSync(key, PRIVATE_KEY)
  return ['--certificate', certificate, '--key', key]
}

function strictFlags(): string[] {
  const timeout = `${STRICT.timeoutMs}ms`
  return [
    ...['--request-line-limit', String(STRICT.requestLineLimitBytes)],
    ...['--header-count-limit', String(STRICT.headerCountLimit)],
    ...['--header-limit', String(STRICT.headerLimitBytes)],
    ...['--body-limit', String(STRICT.bodyLimitBytes)],
    ...['--header-timeout', timeout, '--body-timeout', timeout, '--keep-alive-timeout', timeout]
  ]
}

/** A server of somebody else's, in this process, that mounts the gallery below `/py`. */
async function startPlugin(strict: boolean): Promise<Served> {
  let written = ''
  let changed = Promise.withResolvers<void>()
  const write = (line: string): void => {
    written += line
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const app = Fastify({ logger: { level: 'info', stream: { write } }, forceCloseConnections: true })
  const limits = {
    requestLineLimit: STRICT.requestLineLimitBytes,
    headerCountLimit: STRICT.headerCountLimit,
    bodyLimit: STRICT.bodyLimitBytes,
    bodyTimeout: STRICT.timeoutMs / 1000
  }
  await app.register(wasgi, { app: APP, prefix: PREFIX, workers: 1, ...(strict ? limits : {}) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    address: { where: { host: '127.0.0.1', port }, secure: false },
    prefix: PREFIX,
    log: () => written,
    logged: async (text) => {
      while (!written.includes(text)) await changed.promise
    },
    close: () => app.close()
  }
}
