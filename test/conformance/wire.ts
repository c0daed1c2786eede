// What a row's check is given: the way to one server over one transport.
import { connect, picking, send } from './http1.ts'
import { send as sendHttp2 } from './http2.ts'
import type { Answer, Ask, Transport, Wire } from './row.ts'
import type { Served } from './servers.ts'

export function wireTo(served: Served, transport: Transport): Wire {
  const { address, prefix } = served
  const together = (requests: readonly Ask[]): Promise<Answer[]> => {
    if (transport === 'http2') return sendHttp2(address, prefix, requests)
    throw new Error('HTTP/1.x has one request at a time')
  }
  const ask = async (request: Ask): Promise<Answer> => {
    if (transport === 'http2') return (await together([request]))[0] as Answer
    return send(address, transport === 'http10' ? '1.0' : '1.1', prefix, request)
  }
  const json = async (request: Ask): Promise<unknown> => {
    const { status, body } = await ask(request)
    if (status === 200) return JSON.parse(body.toString())
    throw new Error(`expected JSON, got ${status}: ${body.toString()}`)
  }
  const { where } = address
  return {
    transport,
    server:
      'path' in where
        ? { name: 'localhost', port: '80' }
        : { name: where.host, port: String(where.port) },
    prefix,
    send: ask,
    sendTogether: together,
    json,
    connect: () => {
      if (transport === 'http2') throw new Error('HTTP/2 has no text to be spoken')
      return connect(address)
    },
    pick: (app, validated) =>
      picking(app, validated)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join(''),
    journal: async () => (await json({ app: 'journal' })) as string[],
    log: logReader(served, ask)
  }
}

/** Records come in order, so a last one that is known ends what earlier requests have logged. */
function logReader(served: Served, ask: (request: Ask) => Promise<Answer>): () => Promise<string> {
  let read = 0
  let asked = 0
  return async () => {
    const mark = `the log is read for the ${++asked}. time`
    await ask({ app: 'saying', headers: [['X-Say', mark]] })
    await served.logged(mark)
    const log = served.log()
    const at = log.indexOf(mark, read)
    const text = log.slice(read, log.lastIndexOf('\n', at) + 1)
    read = at + mark.length
    read = log.indexOf('\n', read) + 1 || log.length
    return text
  }
}
