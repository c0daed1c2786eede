// An answer as one string comes out as it went in, whatever its head and body hold.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeWholeAnswer, encodeWholeAnswer } from '../../src/wire/whole-answer.ts'

const test = suite('whole answer')

const EVERY_BYTE = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))

test('it survives, with separators of its own form in head and body', () => {
  const answers = [
    { slot: 0, head: '200 OK', body: '' },
    { slot: 63, head: '404 a;b,c\nX\n1,1,1;2', body: '7,0,3;500 no' },
    { slot: 12, head: '', body: EVERY_BYTE },
    { slot: 1, head: `200 OK\nX\n${EVERY_BYTE}`, body: ';;;' }
  ]

  const decoded = answers.map(({ slot, head, body }) =>
    decodeWholeAnswer(encodeWholeAnswer(slot, head, body))
  )

  assert.equal(
    decoded,
    answers.map((answer) => ({ kind: 'complete', ...answer }))
  )
})

test.run()
