// An answer as one string comes out as it went in, whatever its head and body hold.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeWholeAnswer, encodeWholeAnswer } from '../../src/wire/whole-answer.ts'

const test = suite('whole answer')

const EVERY_BYTE = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))

test('it survives, with separators of its own form in head and body', () => {
  const answers = [
    { slot: 0, recycle: false, head: '200 OK', body: '' },
    { slot: 63, recycle: true, head: '404 a;b,c\nX\n1,1,1;2', body: '7,0,3;500 no' },
    { slot: 12, recycle: false, head: '', body: EVERY_BYTE },
    { slot: 1, recycle: false, head: `200 OK\nX\n${EVERY_BYTE}`, body: ';;;' }
  ]

  const decoded = answers.map(({ slot, recycle, head, body }) =>
    decodeWholeAnswer(encodeWholeAnswer(slot, recycle, head, body))
  )

  assert.equal(
    decoded,
    answers.map((answer) => ({ kind: 'complete', ...answer }))
  )
})

test.run()
