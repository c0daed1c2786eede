// Writes a request as `marshal` data, straight into the wasm memory that Python reads it from: the
// CGI part of the environ as a real dict of str, and the body as bytes. PEP 3333 and RFC 3875 name
// the keys. Runs once per request, so it makes no intermediate objects beyond the header values.
import { HEAD_LINES } from '../src/wire/request-head.ts'
import { decodePath, splitTarget } from '../src/wire/request-target.ts'

/** CPython's Python/marshal.c: type codes of version 5 of the format. */
const SMALL_TUPLE = 0x29 // ')'
const DICT = 0x7b // '{'
const END_OF_DICT = 0x30 // '0'
const SHORT_ASCII = 0x7a // 'z'
const SHORT_ASCII_INTERNED = 0x5a // 'Z'
const UNICODE = 0x75 // 'u'
const BYTES = 0x73 // 's'
const NONE = 0x4e // 'N'

const KEY_CACHE_LIMIT = 1024

/** Thrown when the head cannot be represented; the text says why. Ends as the client's 400 or 431. */
export class EnvironError extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

export class EnvironWriter {
  /** Header name as received → environ key; '' for a name that must not reach the application. */
  readonly #keys = new Map<string, string>()
  #bytes = new Uint8Array()
  #at = 0

  /** Writes `(environ, body)` at the start of `target`. Returns the number of bytes written. */
  write(target: Uint8Array<ArrayBuffer>, head: string, body: Uint8Array | null): number {
    this.#bytes = target
    this.#at = 0
    const lines = head.split('\n')
    this.#byte(SMALL_TUPLE)
    this.#byte(2)
    this.#byte(DICT)
    this.#requestLine(lines)
    this.#headers(lines)
    this.#byte(END_OF_DICT)
    this.#body(body)
    if (this.#at > target.length) throw new EnvironError('the request head is too large', 431)
    return this.#at
  }

  #requestLine(lines: readonly string[]): void {
    const line = (index: number): string => lines[index] ?? ''
    const target = line(1)
    const { path, query } = splitTarget(target)
    const decoded = decodePath(path)
    const scriptName = line(8)
    const inside = decoded.startsWith(scriptName) ? decoded.slice(scriptName.length) : decoded
    this.#pair('REQUEST_METHOD', line(0))
    this.#pair('SCRIPT_NAME', scriptName)
    this.#pair('PATH_INFO', inside)
    this.#pair('QUERY_STRING', query)
    this.#pair('REQUEST_URI', target)
    this.#pair('RAW_URI', target)
    this.#pair('SERVER_PROTOCOL', `HTTP/${line(2)}`)
    this.#pair('wsgi.url_scheme', line(3))
    this.#pair('REMOTE_ADDR', line(4))
    this.#pair('REMOTE_PORT', line(5))
    this.#pair('SERVER_NAME', line(6))
    this.#pair('SERVER_PORT', line(7))
  }

  #headers(lines: readonly string[]): void {
    const values = new Map<string, string>()
    for (let i = HEAD_LINES; i + 1 < lines.length; i += 2) {
      const key = this.#key(lines[i] ?? '')
      if (key === '') continue
      const value = lines[i + 1] ?? ''
      const before = values.get(key)
      if (before === undefined) values.set(key, value)
      else values.set(key, `${before}${key === 'HTTP_COOKIE' ? '; ' : ', '}${value}`)
    }
    for (const [key, value] of values) this.#pair(key, value)
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

  #pair(key: string, value: string): void {
    this.#text(key, SHORT_ASCII_INTERNED)
    this.#text(value, SHORT_ASCII)
  }

  /** Short ASCII as itself; everything else as UTF-8 with a length of four bytes. */
  #text(text: string, shortType: number): void {
    const length = text.length
    const start = this.#at
    if (length < 256) {
      this.#byte(shortType)
      this.#byte(length)
      let index = 0
      for (; index < length; index++) {
        const code = text.charCodeAt(index)
        if (code > 127) break
        this.#byte(code)
      }
      if (index === length) return
      this.#at = start
    }
    this.#byte(UNICODE)
    const lengthAt = this.#at
    this.#at += 4
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 127) {
        this.#byte(0xc0 | (code >> 6))
        this.#byte(0x80 | (code & 0x3f))
      } else this.#byte(code)
    }
    const end = this.#at
    this.#at = lengthAt
    this.#uint32(end - lengthAt - 4)
    this.#at = end
  }

  #body(body: Uint8Array | null): void {
    if (body === null) {
      this.#byte(NONE)
      return
    }
    this.#byte(BYTES)
    this.#uint32(body.length)
    if (this.#at + body.length > this.#bytes.length) {
      throw new EnvironError('the request head is too large', 431)
    }
    this.#bytes.set(body, this.#at)
    this.#at += body.length
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value // beyond the end: ignored by the typed array, found by write()
  }

  #uint32(value: number): void {
    this.#byte(value & 0xff)
    this.#byte((value >>> 8) & 0xff)
    this.#byte((value >>> 16) & 0xff)
    this.#byte(value >>> 24)
  }
}
