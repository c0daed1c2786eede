// Which keys the environ of a request has, and where each of its header lines goes. Clients send the
// same header names over and over, so the keys cross into Python once for each such list of names.
import { headersAt, VARIABLES_LINE } from '../src/wire/request-head.ts'

/** The keys that every environ has, in the order of their values. PEP 3333, RFC 3875, mod_wsgi. */
const LINE_KEYS: readonly string[] = [
  'REQUEST_METHOD',
  'SCRIPT_NAME',
  'PATH_INFO',
  'QUERY_STRING',
  'REQUEST_URI',
  'RAW_URI',
  'SERVER_PROTOCOL',
  'wsgi.url_scheme',
  'REMOTE_ADDR',
  'REMOTE_PORT',
  'SERVER_NAME',
  'SERVER_PORT',
  'mod_wsgi.script_name',
  'mod_wsgi.path_info',
  'mod_wsgi.request_id',
  'mod_wsgi.connection_id',
  'mod_wsgi.listener_host',
  'mod_wsgi.listener_port',
  'mod_wsgi.request_start',
  'mod_wsgi.queue_start',
  'mod_wsgi.daemon_start',
  'mod_wsgi.application_start'
]

/** Shapes that are remembered at a time, here and in Python. */
const SHAPE_LIMIT = 256
/** Characters of header names; more is no browser's doing, and not remembered. */
const NAMES_LIMIT = 2048

/** What the environs of all requests with the same header names, in the same order, share. */
export interface HeadShape {
  /** The names of the variables, and the header names as received. */
  readonly names: string
  /** The line that the header lines start at. */
  readonly headersAt: number
  /** Its number in Python's memory; -1 when Python is not to keep it. */
  readonly id: number
  /** Environ keys, none twice. */
  readonly keys: readonly string[]
  /** For each header line, which key its value belongs to; -1 for one that is dropped. */
  readonly places: readonly number[]
  /** Whether Python has it. */
  known: boolean
}

export class HeadShapes {
  readonly #known = new Map<string, HeadShape>()

  /** The shape of a head, given its lines (wire/request-head.ts). */
  find(lines: readonly string[]): HeadShape {
    // A line of its own, so that no header's name is taken for a variable's.
    const variables = lines[VARIABLES_LINE] ?? ''
    const start = headersAt(lines)
    let names = `${variables}\n`
    for (let i = start; i + 1 < lines.length; i += 2) names += `${lines[i]}\n`
    return this.#known.get(names) ?? this.#make(lines, names, start)
  }

  /** Python will read this shape in full now, and keep it in place of an earlier one of its number. */
  remember(shape: HeadShape): void {
    if (shape.id === -1) return
    shape.known = true
    this.#known.set(shape.names, shape)
  }

  #make(lines: readonly string[], names: string, headersAt: number): HeadShape {
    const variables = (lines[VARIABLES_LINE] ?? '').split(' ').slice(0, -1)
    const placeOf = new Map([...LINE_KEYS, ...variables].map((key, index) => [key, index]))
    const places: number[] = []
    for (let i = headersAt; i + 1 < lines.length; i += 2) {
      const key = keyOf(lines[i] ?? '')
      if (key !== '' && !placeOf.has(key)) placeOf.set(key, placeOf.size)
      places.push(placeOf.get(key) ?? -1)
    }
    const keys = [...placeOf.keys()]
    if (this.#known.size >= SHAPE_LIMIT) this.#known.clear()
    const id = names.length <= NAMES_LIMIT ? this.#known.size : -1
    return { names, headersAt, id, keys, places, known: false }
  }
}

/**
 * `Accept-Language` → `HTTP_ACCEPT_LANGUAGE`; '' for a name that must not reach the application. One
 * with anything but letters, digits and `-` is dropped, since `X_Real` and `X-Real` would become the
 * same key (CVE-2015-0219), and so is `Proxy`, which CGI programs mistake for a setting (httpoxy).
 */
function keyOf(name: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(name)) return ''
  const upper = name.toUpperCase().replaceAll('-', '_')
  if (upper === 'CONTENT_TYPE' || upper === 'CONTENT_LENGTH') return upper
  return upper === 'PROXY' ? '' : `HTTP_${upper}`
}
