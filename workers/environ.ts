// Writes a request as `marshal` data, straight into the wasm memory that Python reads it from: the
// CGI part of the environ as its keys and its values, all str, and the body as bytes. PEP 3333 and
// RFC 3875 name the keys. Runs once per request, so it makes few objects beyond the header values.
import type { RequestTask } from '../src/wire/messages.ts'
import { HEAD_LINES } from '../src/wire/request-head.ts'
import { decodePath, splitTarget } from '../src/wire/request-target.ts'
import { type HeadShape, HeadShapes } from './head-shapes.ts'

/** CPython's Python/marshal.c: type codes of version 5 of the format. */
const TUPLE = 0x28 // '('
const SMALL_TUPLE = 0x29 // ')'
const INT = 0x69 // 'i'
const SHORT_ASCII = 0x7a // 'z'; 'Z' is interned text, which Python never frees, and clients make up names
const UNICODE = 0x75 // 'u'
const BYTES = 0x73 // 's'
const NONE = 0x4e // 'N'

/** Thrown when the head cannot be represented; the text says why. Ends as the client's 431. */
export class EnvironError extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

export class EnvironWriter {
  #shapes = new HeadShapes()
  #bytes = new Uint8Array()
  #at = 0

  /**
   * Writes `(shape, keys, values, body, application)` at the start of `target`. `keys` is None when
   * Python has seen this shape before; `body` is None for one that is null and b'' for one that is
   * undefined.
   * Returns the number of bytes written.
   */
  write(
    target: Uint8Array<ArrayBuffer>,
    head: string,
    body: RequestTask['body'],
    application: number = 0
  ): number {
    this.#bytes = target
    this.#at = 0
    const lines = head.split('\n')
    const shape = this.#shapes.find(lines)
    this.#byte(SMALL_TUPLE)
    this.#byte(5)
    this.#int(shape.id)
    if (shape.known) this.#byte(NONE)
    else this.#tuple(shape.keys)
    this.#tuple(valuesOf(lines, shape))
    this.#body(body)
    this.#int(application)
    if (this.#at > target.length) throw new EnvironError('the request head is too large', 431)
    if (!shape.known) this.#shapes.remember(shape) // all of it is there now for Python to read
    return this.#at
  }

  /** Python's memory is another one now: it has no shape any more. */
  forget(): void {
    this.#shapes = new HeadShapes()
  }

  #tuple(texts: readonly string[]): void {
    this.#byte(TUPLE)
    this.#uint32(texts.length)
    for (const text of texts) this.#text(text)
  }

  /** Short ASCII as itself; everything else as UTF-8 with a length of four bytes. */
  #text(text: string): void {
    const length = text.length
    const start = this.#at
    if (length < 256) {
      this.#byte(SHORT_ASCII)
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

  #body(body: RequestTask['body']): void {
    if (body === null) {
      this.#byte(NONE)
      return
    }
    this.#byte(BYTES)
    this.#uint32(body?.length ?? 0)
    if (body === undefined) return
    if (this.#at + body.length > this.#bytes.length) {
      throw new EnvironError('the request head is too large', 431)
    }
    this.#bytes.set(body, this.#at)
    this.#at += body.length
  }

  #int(value: number): void {
    this.#byte(INT)
    this.#uint32(value)
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

/** The values for the shape's keys; those of a repeated header in one (RFC 9110, 5.3; 6265, 5.4). */
function valuesOf(lines: readonly string[], shape: HeadShape): readonly string[] {
  const line = (index: number): string => lines[index] ?? ''
  const target = line(1)
  const { path, query } = splitTarget(target)
  const decoded = decodePath(path)
  const scriptName = line(8)
  const mount = line(9)
  const inside = decoded.startsWith(mount) ? decoded.slice(mount.length) : decoded
  const values = [
    line(0),
    scriptName,
    inside,
    query,
    target,
    target,
    `HTTP/${line(2)}`,
    line(3),
    line(4),
    line(5),
    line(6),
    line(7)
  ]
  const { keys, places } = shape
  for (let i = 0; i < places.length; i++) {
    const place = places[i] ?? -1
    if (place === -1) continue
    const value = line(HEAD_LINES + 2 * i + 1)
    const before = values[place]
    if (before === undefined) values[place] = value
    else values[place] = `${before}${keys[place] === 'HTTP_COOKIE' ? '; ' : ', '}${value}`
  }
  return values
}
