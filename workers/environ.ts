// Writes a request as `marshal` data, straight into the wasm memory that Python reads it from: the
// environ of a request as its keys and its values, all str but for mod_wsgi's times, and the body as
// bytes. PEP 3333, RFC 3875 and mod_wsgi name the keys. Runs once per request, so it makes few objects beyond the header values.
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
const BINARY_FLOAT = 0x67 // 'g'

/** Thrown when the head cannot be represented; the text says why. Ends as the client's 431. */
export class EnvironError extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** Text, or seconds. */
type Value = string | number

export class EnvironWriter {
  #shapes = new HeadShapes()
  #bytes = new Uint8Array()
  #at = 0
  readonly #double = new Float64Array(1)
  readonly #doubleBytes = new Uint8Array(this.#double.buffer)

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
    this.#tuple(valuesOf(lines, shape, Date.now()))
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

  #tuple(values: readonly Value[]): void {
    this.#byte(TUPLE)
    this.#uint32(values.length)
    for (const value of values) {
      if (typeof value === 'string') this.#text(value)
      else this.#float(value)
    }
  }

  #float(value: number): void {
    this.#byte(BINARY_FLOAT)
    this.#double[0] = value
    const bytes = this.#doubleBytes
    if (this.#at + bytes.length <= this.#bytes.length) this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
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
function valuesOf(lines: readonly string[], shape: HeadShape, now: number): readonly Value[] {
  const { keys, places, headersAt } = shape
  const values = lineValues(lines, now)
  for (let i = HEAD_LINES; i < headersAt; i++) values.push(lines[i] ?? '')
  for (let i = 0; i < places.length; i++) {
    const place = places[i] ?? -1
    if (place === -1) continue
    const value = lines[headersAt + 2 * i + 1] ?? ''
    const before = values[place]
    if (before === undefined) values[place] = value
    else values[place] = `${before}${keys[place] === 'HTTP_COOKIE' ? '; ' : ', '}${value}`
  }
  return values
}

/** The values that every environ has; `now`, in milliseconds, is when the application is called. */
function lineValues(lines: readonly string[], now: number): Value[] {
  const line = (index: number): string => lines[index] ?? ''
  const target = line(1)
  const { path, query } = splitTarget(target)
  const decoded = decodePath(path)
  const scriptName = line(8)
  const mount = line(9)
  const inside = decoded.startsWith(mount) ? decoded.slice(mount.length) : decoded
  return [
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
    line(7),
    scriptName,
    inside,
    line(10),
    line(11),
    line(12),
    line(13),
    Number(line(14)) / 1000,
    Number(line(15)) / 1000,
    now / 1000,
    now / 1000
  ]
}
