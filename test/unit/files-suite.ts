// Two granted folders for each test of the host half of the file system, and what the tests share.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type Test } from 'uvu'
import { type FileHost, type GrantedFiles, grantFiles } from '../../workers/host/files.ts'

export const APP = 0
export const DATA = 1
export const O_RDONLY = 0
export const O_RDWR = 2
export const CREATE = 64
export const APPEND = 1024
export const umask: number = process.umask()

export interface Context {
  root: string
  app: string
  data: string
  warnings: string[]
  files: GrantedFiles
  host: FileHost
}

/** A suite whose every test has two granted folders of its own, one read-only, one writable. */
export function filesSuite(name: string): Test<Context> {
  const test = suite<Context>(name, {} as Context)
  test.before.each((context) => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'wasgi-files-')))
    const app = join(root, 'app')
    const data = join(root, 'data')
    for (const folder of [app, data]) mkdirSync(folder)
    const warnings: string[] = []
    const files = grantFiles(
      [
        { guestPath: '/app', hostPath: app, writable: false, hideDotNames: true },
        { guestPath: '/data', hostPath: data, writable: true, hideDotNames: false }
      ],
      { warn: (text) => warnings.push(text), maxOpenFiles: 8 }
    )
    Object.assign(context, { root, app, data, warnings, files, host: files.host })
  })

  test.after.each(({ root, files }) => {
    files.closeAll()
    rmSync(root, { recursive: true, force: true })
  })
  return test
}

/** What a guest reads from a file it opened. */
export function contents(host: FileHost, id: number): string {
  const buffer = new ArrayBuffer(100)
  const count = host.read(id, buffer, 0, 100, 0)
  return Buffer.from(buffer, 0, count).toString()
}

export function write(host: FileHost, id: number, text: string, position: number): number {
  const bytes = new TextEncoder().encode(text)
  return host.write(id, bytes.buffer, 0, bytes.length, position)
}

export const modeOf = (path: string): number => statSync(path).mode & 0o7777
