// Makes room for a Unix socket where a server that was killed has left its own.
import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/** Removes the socket file at `path` when nobody answers on it. Touches nothing else. */
export async function removeStaleSocket(path: string): Promise<void> {
  // Connecting to a regular file is refused just as connecting to a socket without a server is.
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSocket() !== true) return
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = connect(path, () => resolve(true))
  probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  const keep = await promise
  probe.destroy()
  if (!keep) await unlink(path)
}
