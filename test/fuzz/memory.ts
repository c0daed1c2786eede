// How much memory another process holds. Linux tells; elsewhere it is 0, always.
import { existsSync, readdirSync, readFileSync } from 'node:fs'

export function residentBytes(pid: number): number {
  const file = `/proc/${pid}/status`
  if (!existsSync(file)) return 0
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(file, 'latin1'))?.[1]) * 1024
}

/** Files and sockets that it has open. */
export function openFiles(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return existsSync(folder) ? readdirSync(folder).length : 0
}
