// Where the server listens, and TLS: of the virtual host that is imported.

import { absolute, type Import, named, noteOf } from './context.ts'
import type { Host, Scoped } from './scope.ts'
import { words } from './words.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** Listen, and the SSL* directives. */
export function convertListener(given: Import, host: Host | undefined): void {
  convertListen(given, host)
  const tls = convertTls(given)
  for (const scoped of named(given.active, 'Protocols')) {
    const wanted = words(scoped.directive.args).some((word) => word.toLowerCase() === 'h2')
    const note = noteOf(
      scoped,
      'adapted',
      wanted && !tls ? 'there is no TLS, so HTTP/1.1 is spoken.' : ''
    )
    if (wanted && tls)
      given.draft.give([given.draft.top], 'http2', true, { ...note, fate: 'mapped' })
    else given.draft.note(note)
  }
}

function convertListen({ draft, active }: Import, host: Host | undefined): void {
  const wanted = Number(/:(\d+)$/.exec(host?.addresses[0] ?? '')?.[1])
  const all = named(active, 'Listen').map((scoped) => {
    return { scoped, address: addressOf(words(scoped.directive.args)[0] ?? '') }
  })
  const chosen = all.find(({ address }) => address?.port === wanted) ?? all[0]
  for (const { scoped, address } of all) {
    if (address === undefined) {
      draft.note(noteOf(scoped, 'by hand', 'it is no address that can be listened on.'))
    } else if (scoped === chosen?.scoped) {
      const everywhere =
        address.host === '::' ? 'On all addresses; 0.0.0.0 on a machine without IPv6.' : ''
      const note = noteOf(scoped, everywhere === '' ? 'mapped' : 'adapted', everywhere)
      draft.give([draft.top], 'port', address.port, note)
      draft.top.values.set('host', address.host)
    } else {
      const text = `a server has one listener, ${words(chosen?.scoped.directive.args ?? '').join(' ')} here. Redirects to it are for a proxy in front.`
      draft.note(noteOf(scoped, 'left out', text))
    }
  }
}

function addressOf(text: string): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]:|([^\s:[\]]+):)?(\d{1,5})$/.exec(text)
  if (match === null || Number(match[3]) > 65535) return undefined
  const host = match[1] ?? match[2] ?? '*'
  return { host: host === '*' ? '::' : host, port: Number(match[3]) }
}

/** Whether the server speaks TLS. */
function convertTls(given: Import): boolean {
  const { draft, active, serverRoot } = given
  const engine = named(active, 'SSLEngine').at(-1)
  const off = engine !== undefined && !/^\s*on\b/i.test(engine.directive.args)
  const certificate = named(active, 'SSLCertificateFile').at(-1)
  const key = named(active, 'SSLCertificateKeyFile').at(-1) ?? certificate
  for (const scoped of named(active, 'SSLEngine')) {
    const missing = certificate === undefined && !off
    draft.note(
      noteOf(scoped, missing ? 'by hand' : 'mapped', missing ? 'no certificate is named.' : '')
    )
  }
  for (const scoped of named(active, 'SSLCertificateChainFile')) {
    const text = 'append it to the file of the certificate, below it.'
    draft.note(noteOf(scoped, off ? 'left out' : 'by hand', off ? 'SSLEngine is off.' : text))
  }
  const give = (name: string, option: string, chosen: Scoped | undefined): void => {
    for (const scoped of named(active, name)) {
      const [path = ''] = words(scoped.directive.args)
      const note = noteOf(scoped, 'mapped', '')
      if (off || engine === undefined) {
        draft.note({ ...note, fate: 'left out', text: 'SSLEngine is not on.' })
      } else if (certificate === undefined) {
        draft.note({ ...note, fate: 'left out', text: 'no certificate is named.' })
      } else if (scoped === chosen) {
        draft.give([draft.top], option, absolute(path, serverRoot), note)
      } else draft.note({ ...note, fate: 'left out', text: 'a later one counts instead.' })
    }
  }
  give('SSLCertificateFile', 'certificate', certificate)
  give('SSLCertificateKeyFile', 'key', key)
  if (engine === undefined || off || certificate === undefined) return false
  if (key === certificate) {
    const [path = ''] = words(certificate.directive.args)
    draft.top.values.set('key', absolute(path, serverRoot))
  }
  return true
}
