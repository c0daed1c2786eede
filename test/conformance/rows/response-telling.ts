// How the rows of response-*.ts ask: they tell test/apps/gallery/ what to do in Python literals. Not a
// row of its own.
import * as assert from 'uvu/assert'
import type { Answer, Ask, Row, Wire } from '../row.ts'

export const TYPE = "('Content-Type', 'text/plain')"
export const OK: string = `'200 OK', [${TYPE}]`
/** Where it cannot be told that a body without a length was cut. */
export const ENDS_WITH_CONNECTION: NonNullable<Row['except']> = {
  http10: 'a body that ends with the connection has no end that could be missing'
}

/** A target that gallery/telling.py reads. */
export function telling(literal: string): string {
  return `/?${encodeURIComponent(literal)}`
}

/** Sends it twice, the second time with the application inside wsgiref's validator. */
export async function bothWays(
  wire: Wire,
  ask: Ask,
  check: (answer: Answer, way: string) => void | Promise<void>
): Promise<void> {
  await check(await wire.send(ask), `${ask.app} ${ask.target ?? ''}`)
  await check(await wire.send({ ...ask, validated: true }), `${ask.app} validated`)
}

/** A 500 that is whole, and has nothing in it of the response that it replaces. */
export function assertFailed(answer: Answer, what: string): void {
  assert.is(answer.status, 500, what)
  assert.ok(answer.complete, what)
  assert.equal(answer.values('x-app-said'), [], what)
  assert.equal(answer.values('set-cookie'), [], what)
  assert.not.match(answer.body.toString(), /Traceback|Error:|begun/, what)
}

/** Each of `(status, headers, iterable)` in Python is answered with such a 500. */
export async function refuses(wire: Wire, literals: readonly string[]): Promise<void> {
  for (const literal of literals) {
    assertFailed(await wire.send({ app: 'told', target: telling(literal) }), literal)
  }
}

export interface RawAsk {
  readonly app: string
  readonly target?: string
  readonly method?: string
  readonly version?: '1.0' | '1.1'
  readonly validated?: boolean
  /** Header lines, each with its CRLF. */
  readonly lines?: string
}

/** The bytes of a request's head. */
export function head(wire: Wire, ask: RawAsk): string {
  const { app, target = '/', method = 'GET', version = '1.1', validated, lines = '' } = ask
  const line = `${method} ${wire.prefix}${target} HTTP/${version}\r\n`
  return `${line}Host: example.org\r\n${wire.pick(app, validated)}${lines}\r\n`
}

/** Sends both on one connection, the second when the first is answered; resolves with both. */
export async function inTurn(wire: Wire, first: RawAsk, second: RawAsk): Promise<[Answer, Answer]> {
  const connection = await wire.connect()
  try {
    connection.write(head(wire, first))
    const one = await connection.answer(first.method)
    connection.write(head(wire, second))
    return [one, await connection.answer(second.method)]
  } finally {
    connection.destroy()
  }
}

/** The table takes `rows` of every file in this folder. */
export const rows: readonly Row[] = []
