// The head of a response, taken apart, and what is remembered of it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseResponseHead } from '../../src/dispatch/response-head.ts'

const test = suite('response head')

test('status, reason and headers by lower-case name', () => {
  const { status, reason, headers, ascii } = parseResponseHead('404 Not Found\nX-A\n1\nB\n')

  assert.equal([status, reason, ascii], [404, 'Not Found', true])
  assert.equal({ ...headers }, { 'x-a': '1', b: '' })
})

test('repeated names stay repeated, in order', () => {
  const { headers } = parseResponseHead('200 OK\nLink\na\nLINK\nb\nlink\nc')

  assert.equal(headers.link, ['a', 'b', 'c'])
})

test('a name that JavaScript knows is a name like any other', () => {
  const { headers } = parseResponseHead('200 OK\n__proto__\na\nconstructor\nb')

  assert.equal(Object.keys(headers), ['__proto__', 'constructor'])
})

test('a head beyond ASCII is told apart, wherever the character is', () => {
  const heads = ['200 caf\xe9', '200 OK\nX\n\xff', '200 OK\nX\nplain']

  assert.equal(
    heads.map((head) => parseResponseHead(head).ascii),
    [false, false, true]
  )
})

test('what one response does to its arrays does not reach the next', () => {
  for (const head of ['200 OK\nLink\na\nLink\nb', '200 OK\nSet-Cookie\na\nSet-Cookie\nb']) {
    const [name = ''] = Object.keys(parseResponseHead(head).headers)
    const first = parseResponseHead(head).headers[name] as string[]
    first.push('of another request')

    assert.equal(parseResponseHead(head).headers[name], ['a', 'b'])
  }
})

test('a head is remembered while there is room, and so are its successors', () => {
  const once = parseResponseHead('200 OK\nX\nagain')
  assert.is(parseResponseHead('200 OK\nX\nagain'), once)

  for (let i = 0; i < 600; i++) parseResponseHead(`200 OK\nX\n${i}`)
  assert.is.not(parseResponseHead('200 OK\nX\nagain'), once)

  const long = `200 OK\nX\n${'x'.repeat(2000)}`
  assert.is.not(parseResponseHead(long), parseResponseHead(long))
})

test.run()
