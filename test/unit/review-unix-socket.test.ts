// What stands where a Unix socket is to be made.
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { removeStaleSocket } from '../../src/server/unix-socket.ts'
import { within } from './within.ts'

const test = suite('unix socket')

const folder = (): string => mkdtempSync(join(tmpdir(), 'wasgi-uds-'))

test(
  'a file that is no socket is never removed',
  within(60_000, async () => {
    const path = join(folder(), 'app.py')
    writeFileSync(path, 'app = 1')

    await removeStaleSocket(path)

    assert.is(readFileSync(path, 'utf8'), 'app = 1')
  })
)

test(
  'the socket of a server that answers stays, and a path with nothing there is fine',
  within(60_000, async () => {
    const path = join(folder(), 'x.sock')
    await removeStaleSocket(path)
    const server = createServer().listen(path)
    await once(server, 'listening')

    await removeStaleSocket(path)

    assert.is(existsSync(path), true)
    server.close()
  })
)

test.run()
