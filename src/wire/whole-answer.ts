// A whole response as one string: nearly every answer is one, and cloning an object with five
// properties between threads costs five times as much.
import type { Complete, ResponseHeadText } from './messages.ts'

/** `slot,recycle,length of the head;head, body`. */
export type WholeAnswerText = string

export function encodeWholeAnswer(
  slot: number,
  recycle: boolean,
  head: ResponseHeadText,
  body: string
): WholeAnswerText {
  return `${slot},${recycle ? 1 : 0},${head.length};${head}${body}`
}

export function decodeWholeAnswer(text: WholeAnswerText): Complete {
  const start = text.indexOf(';')
  const [slot, recycle, length] = text.slice(0, start).split(',')
  const end = start + 1 + Number(length)
  return {
    kind: 'complete',
    slot: Number(slot),
    recycle: recycle === '1',
    head: text.slice(start + 1, end),
    body: text.slice(end)
  }
}
