// A whole response as one string: nearly every answer is one, and cloning an object with four
// properties between threads costs five times as much.
import type { Complete, ResponseHeadText } from './messages.ts'

/** `slot,length of the head;head, body`. */
export type WholeAnswerText = string

export function encodeWholeAnswer(
  slot: number,
  head: ResponseHeadText,
  body: string
): WholeAnswerText {
  return `${slot},${head.length};${head}${body}`
}

export function decodeWholeAnswer(text: WholeAnswerText): Complete {
  const start = text.indexOf(';')
  const [slot, length] = text.slice(0, start).split(',')
  const end = start + 1 + Number(length)
  return {
    kind: 'complete',
    slot: Number(slot),
    head: text.slice(start + 1, end),
    body: text.slice(end)
  }
}
