// A connection that is ended while its client still sends.
import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { endGently } from '../../src/server/linger.ts'
import { temporaryFolder } from './snapshot-fixtures.ts'
import { within } from './within.ts'

const test = suite('ending gently')

test(
  'the last words reach a client that is still sending',
  within(60_000, async () => {
    // On a Unix socket what is unread at the close becomes a reset that overtakes what was sent.
    const { folder, remove } = temporaryFolder()
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      socket.once('data', () => endGently(socket, 'the last words'))
    })
    server.listen(join(folder, 'socket'))
    await once(server, 'listening')
    const client = net.connect(join(folder, 'socket'))
    const failures: unknown[] = []
    client.on('error', (error) => failures.push(error))

    client.write(Buffer.alloc(8_000_000))
    const chunks: Buffer[] = []
    client.on('data', (chunk: Buffer) => chunks.push(chunk))
    await new Promise((resolve) => client.once('end', resolve).once('close', resolve))
    client.destroy()
    server.close()
    remove()

    assert.equal(failures, [])
    assert.is(Buffer.concat(chunks).toString(), 'the last words')
  })
)

test.run()
