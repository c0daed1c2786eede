// Which keys the environ of a request has, and where each of its header lines goes. Clients send the
// same header names over and over, so the keys cross into Python once for each such list of names.
import { HEAD_LINES } from '../src/wire/request-head.ts'

/** The keys that every environ has, in the order of their values. PEP 3333, RFC 3875. */
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
  'SERVER_PORT'
]

/** Shapes that are remembered, here and in Python; what comes later is sent in full each time. */
const SHAPE_LIMIT = 256
/** Characters of header names; more is no browser's doing, and not remembered. */
const NAMES_LIMIT = 2048
const KEY_CACHE_LIMIT = 1024

/** What the environs of all requests with the same header names, in the same order, share. */
export interface HeadShape {
  /** The header names as received. */
  readonly names: string
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
  /** Header name as received → environ key; '' for a name that must not reach the application. */
  readonly #keys = new Map<string, string>()

  /** The shape of a head, given its lines (wire/request-head.ts). */
  find(lines: readonly string[]): HeadShape {
    let names = ''
    for (let i = HEAD_LINES; i + 1 < lines.length; i += 2) names += `${lines[i]}\n`
    return this.#known.get(names) ?? this.#make(lines, names)
  }

  /** Python will read this shape in full now, and keep it. */
  remember(shape: HeadShape): void {
    if (shape.id === -1) return
    shape.known = true
    this.#known.set(shape.names, shape)
  }

  #make(lines: readonly string[], names: string): HeadShape {
    const placeOf = new Map(LINE_KEYS.map((key, index) => [key, index]))
    const places: number[] = []
    for (let i = HEAD_LINES; i + 1 < lines.length; i += 2) {
      const key = this.#key(lines[i] ?? '')
      if (key !== '' && !placeOf.has(key)) placeOf.set(key, placeOf.size)
      places.push(placeOf.get(key) ?? -1)
    }
    const keys = [...placeOf.keys()]
    const room = this.#known.size < SHAPE_LIMIT && names.length <= NAMES_LIMIT
    return { names, id: room ? this.#known.size : -1, keys, places, known: false }
  }

  /**
   * `Accept-Language` → `HTTP_ACCEPT_LANGUAGE`. A name with anything but letters, digits and `-`
   * is dropped, since `X_Real` and `X-Real` would become the same key (CVE-2015-0219), and so is
   * `Proxy`, which CGI programs mistake for a setting (httpoxy).
   */
  #key(name: string): string {
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    let key = ''
    if (/^[A-Za-z0-9-]+$/.test(name)) {
      const upper = name.toUpperCase().replaceAll('-', '_')
      if (upper === 'CONTENT_TYPE' || upper === 'CONTENT_LENGTH') key = upper
      else if (upper !== 'PROXY') key = `HTTP_${upper}`
    }
    if (this.#keys.size >= KEY_CACHE_LIMIT) this.#keys.clear()
    this.#keys.set(name, key)
    return key
  }
}
