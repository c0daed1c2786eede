// What the installer's tests stand on: archives written byte by byte, so that they can be as wrong as
// a test wants, an index on the loopback interface, and an installation in a folder of its own.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, gzipSync } from 'node:zlib'
import { WasgiError } from '../../src/errors.ts'
import type { InstallProgress, InstallRequest, InstallResult } from '../../src/packages/install.ts'
import { installWith } from '../../src/packages/install.ts'
import { InstallerThread } from '../../src/packages/installer-thread.ts'

/** One member of an archive. `mode` is a Unix mode with its file type, such as 0o120777. */
export interface Member {
  readonly path: string
  readonly text: string
  readonly mode?: number
}

/** A zip file with stored members: PKWARE's APPNOTE, 4.3. */
export function zip(members: readonly Member[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { path, text, mode = 0o100644 } of members) {
    const name = Buffer.from(path)
    const data = Buffer.from(text)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x0800, 2) // names are UTF-8
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, data])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((mode << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, tail, name)
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, central, end])
}

/** A gzipped ustar archive of regular files. */
export function tarGz(members: readonly Member[]): Buffer {
  const blocks: Buffer[] = []
  for (const { path, text } of members) {
    const data = Buffer.from(text)
    const header = Buffer.alloc(512)
    header.write(path, 0)
    header.write('0000644\0', 100)
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        0', 148)
    header.write('ustar\x0000', 257, 'latin1')
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    blocks.push(header, data, Buffer.alloc((512 - (data.length % 512)) % 512))
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

export interface WheelParts {
  readonly requires?: readonly string[]
  readonly extras?: readonly string[]
  readonly requiresPython?: string
  readonly members?: readonly Member[]
  /** What its METADATA says it is, when that is a lie. */
  readonly claims?: string
}

/** METADATA or PKG-INFO. */
export function metadata(name: string, version: string, parts: WheelParts = {}): string {
  return [
    'Metadata-Version: 2.1',
    `Name: ${parts.claims ?? name}`,
    `Version: ${version}`,
    ...(parts.requiresPython === undefined ? [] : [`Requires-Python: ${parts.requiresPython}`]),
    ...(parts.extras ?? []).map((extra) => `Provides-Extra: ${extra}`),
    ...(parts.requires ?? []).map((requirement) => `Requires-Dist: ${requirement}`),
    ''
  ].join('\n')
}

/** A wheel with one module, `NAME.py`, besides what `parts` adds. */
export function wheel(name: string, version: string, parts: WheelParts = {}): Buffer {
  const info = `${name}-${version}.dist-info`
  return zip([
    { path: `${name}.py`, text: `version = '${version}'\n` },
    { path: `${info}/METADATA`, text: metadata(name, version, parts) },
    {
      path: `${info}/WHEEL`,
      text: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
    },
    { path: `${info}/RECORD`, text: '' },
    ...(parts.members ?? [])
  ])
}

interface Offer {
  readonly filename: string
  readonly url: string
  readonly attributes: string
  readonly sha256: string
}

export interface OfferOptions {
  readonly requiresPython?: string
  readonly yanked?: boolean
  /** The digest that the page promises, when it is not the file's own. */
  readonly sha256?: string
  /** The page names the file at this origin instead of its own. */
  readonly origin?: string
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A simple repository (PEP 503) with its files beside the pages. */
export class LoopbackIndex {
  readonly #server: Server
  readonly #projects = new Map<string, Offer[]>()
  readonly #files = new Map<string, Buffer>()
  readonly #special = new Map<string, Handler>()
  /** Paths asked for, in order. */
  readonly asked: string[] = []
  /** Answer range requests with parts. */
  ranges = true
  /** Bytes of files sent so far. */
  sentBytes = 0

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  static async start(): Promise<LoopbackIndex> {
    const index = new LoopbackIndex()
    await new Promise<void>((resolve) => index.#server.listen(0, '127.0.0.1', resolve))
    return index
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `${this.origin}/simple`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Offers a wheel of plain Python under its usual name. */
  wheel(name: string, version: string, parts: WheelParts = {}, options: OfferOptions = {}): this {
    return this.file(
      name,
      `${name}-${version}-py3-none-any.whl`,
      wheel(name, version, parts),
      options
    )
  }

  /** Offers any file of a project. */
  file(project: string, filename: string, bytes: Buffer, options: OfferOptions = {}): this {
    const { requiresPython, yanked, origin = '' } = options
    const python = requiresPython?.replaceAll('>', '&gt;').replaceAll('<', '&lt;')
    const attributes = [
      python === undefined ? '' : ` data-requires-python="${python}"`,
      yanked ? ' data-yanked="broken"' : ''
    ].join('')
    const sha256 = options.sha256 ?? createHash('sha256').update(bytes).digest('hex')
    this.serve(filename, bytes)
    const offers = this.#projects.get(project) ?? []
    offers.push({ filename, url: `${origin}/files/${filename}`, attributes, sha256 })
    this.#projects.set(project, offers)
    return this
  }

  /** Has a file that no page of this index names. */
  serve(filename: string, bytes: Buffer): this {
    this.#files.set(`/files/${filename}`, bytes)
    return this
  }

  /** Answers one path in a way of its own. */
  special(path: string, handler: Handler): this {
    this.#special.set(path, handler)
    return this
  }

  #send(file: Buffer, { headers }: IncomingMessage, response: ServerResponse): void {
    const range = this.ranges ? rangeOf(headers.range ?? '', file.length) : undefined
    const [first, last] = range ?? [0, file.length - 1]
    if (range !== undefined) {
      response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${file.length}` })
    }
    this.sentBytes += last + 1 - first
    response.end(file.subarray(first, last + 1))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? ''
    this.asked.push(path)
    const special = this.#special.get(path)
    if (special !== undefined) {
      special(request, response)
      return
    }
    const file = this.#files.get(path)
    const offers = this.#projects.get(/^\/simple\/([^/]+)\/$/.exec(path)?.[1] ?? '')
    if (file !== undefined) this.#send(file, request, response)
    else if (offers !== undefined) {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(`<!DOCTYPE html><html><body>${offers.map(link).join('\n')}</body></html>`)
    } else {
      response.statusCode = 404
      response.end('not here')
    }
  }
}

/** First and last byte of a range request, or undefined for the whole file. */
function rangeOf(header: string, length: number): [number, number] | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? []
  if (first === undefined || last === undefined) return undefined
  if (first === '') return [Math.max(0, length - Number(last)), length - 1]
  return [Number(first), Math.min(Number(last), length - 1)]
}

function link({ filename, url, attributes, sha256 }: Offer): string {
  return `<a href="${url}#sha256=${sha256}"${attributes}>${filename}</a><br/>`
}

const temporary: string[] = []
process.once('exit', () => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is gone when the test program ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wasgi-packages-'))
  temporary.push(folder)
  return folder
}

/** What `promise` is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<WasgiError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof WasgiError) return error
    throw error
  }
  throw new Error('it did not fail')
}

export interface Installation extends InstallResult {
  readonly progress: readonly InstallProgress[]
  /** `name==version` of what was installed. */
  readonly names: readonly string[]
}

/** Installs through one thread, with no configuration of pip's but what a test gives. */
export class Installer {
  readonly #thread: InstallerThread

  private constructor(thread: InstallerThread) {
    this.#thread = thread
  }

  static async start(): Promise<Installer> {
    return new Installer(await InstallerThread.start())
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  async install(
    index: LoopbackIndex | string,
    requirements: readonly string[],
    options: Partial<InstallRequest> = {}
  ): Promise<Installation> {
    const progress: InstallProgress[] = []
    const request: InstallRequest = {
      requirements,
      requirementFiles: [],
      target: temporaryFolder(),
      indexUrl: typeof index === 'string' ? index : index.url,
      extraIndexUrls: [],
      pre: false,
      upgrade: false,
      ...options
    }
    const result = await installWith(
      () => Promise.resolve(this.#thread),
      request,
      (line) => progress.push(line),
      { variables: { PIP_CONFIG_FILE: '/dev/null' }, home: '/', platform: 'linux', systemRoot: '/' }
    )
    const names = result.installed.map(({ name, version }) => `${name}==${version}`)
    return { ...result, progress, names }
  }
}
