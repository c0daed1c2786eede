// Decides whether what happened on one connection may happen. Pure: what was sent, what came back, and
// what the application noted.
import { createHash } from 'node:crypto'
import { type Answer, readAnswers, valuesOf } from '../property/answers.ts'
import type { Conversation } from '../property/conversation.ts'
import type { Reading, ReadRequest } from './reading.ts'

/** One request as test/apps/marking.py saw it. */
export interface Note {
  readonly port: number
  readonly method: string
  readonly target: string
  readonly state: 'entered' | 'read' | 'unread' | 'broken'
  readonly length: number
  readonly sha256: string
}

/** What the server has to say to bytes that may be anything. 408 has its own rule. */
const STATUSES = new Set([200, 400, 408, 413, 414, 417, 431, 501, 505])

export const SILENCE = 'there was neither an answer nor an end in time'

/** RFC 9110, 9.2.1. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** What is wrong, or undefined. `valid`: nothing of it was mutated. */
export function judge(
  reading: Reading,
  valid: boolean,
  conversation: Conversation,
  notes: readonly Note[]
): string | undefined {
  return (
    faultOfNotes(reading.requests, notes) ??
    faultOfAnswers(reading, conversation) ??
    (valid ? faultOfSilence(reading, conversation) : undefined)
  )
}

/**
 * The application sees requests that were sent, each once, with their own bodies; and in their order,
 * since only safe ones may be run side by side (RFC 9112, 9.3.2).
 */
export function faultOfNotes(
  requests: readonly ReadRequest[],
  notes: readonly Note[]
): string | undefined {
  const seen = new Set<number>()
  let latest = -1
  for (const note of notes) {
    const name = `${note.method} ${note.target}`
    const index = requests.findIndex(
      ({ method, target }, at) => !seen.has(at) && method === note.method && target === note.target
    )
    const request = requests[index]
    if (request === undefined) return `seen, but never sent: ${name}`
    seen.add(index)
    if (index < latest) {
      const between = requests.slice(index, latest + 1)
      if (!between.every(({ method }) => SAFE.has(method))) return `seen out of turn: ${name}`
    }
    latest = Math.max(latest, index)
    const fault = faultOfBody(request, note)
    if (fault !== undefined) return `${fault}: ${name}`
  }
  return undefined
}

function faultOfBody(request: ReadRequest, note: Note): string | undefined {
  if (note.state !== 'read' && note.state !== 'broken') return undefined
  if (note.state === 'read' && !request.complete) return 'read to an end that was never sent'
  const wanted = note.state === 'broken' ? request.body.subarray(0, note.length) : request.body
  const same = note.sha256 === createHash('sha256').update(wanted).digest('hex')
  return same ? undefined : `read ${note.length} bytes other than those sent`
}

function faultOfAnswers(reading: Reading, conversation: Conversation): string | undefined {
  if (conversation.end === 'late') return SILENCE
  const { requests, end } = reading
  const methods = requests.map(({ method }) => method)
  const lost = conversation.end !== 'closed'
  const { list, fault } = readAnswers(conversation.received, methods, !lost)
  if (fault !== undefined) return `the answer is not HTTP: ${fault}`
  const refusals = end === 'clean' || end === 'last' ? 0 : 1
  const complete = requests.filter((request) => request.complete).length
  if (list.length > complete + refusals) return `${complete} requests have ${list.length} answers`
  for (const [index, answer] of list.entries()) {
    const found = faultOfAnswer(answer, requests[index], reading, index === list.length - 1)
    if (found !== undefined) return `answer ${index}: ${found}`
    if (!answer.whole && !lost) return `answer ${index} is cut`
  }
  return undefined
}

function faultOfAnswer(
  answer: Answer,
  request: ReadRequest | undefined,
  { end }: Reading,
  isLast: boolean
): string | undefined {
  const { status } = answer
  if (!STATUSES.has(status)) return `its status is ${status}`
  if (status === 408 && (end === 'clean' || end === 'last')) {
    return 'the server waits for more of a request that is complete'
  }
  const closes = valuesOf(answer, 'connection').includes('close')
  if (closes && !isLast) return 'it announces the end of the connection, and another one follows'
  if (status !== 200) return undefined
  if (request === undefined) return 'nothing was asked for'
  const text = answer.body.toString('latin1')
  if (request.method === 'HEAD' || !answer.whole) return undefined
  return text === request.target ? undefined : `it is for ${text}, not for ${request.target}`
}

/** Valid requests are all answered with 200, unless the server has said why it stops. */
function faultOfSilence(reading: Reading, conversation: Conversation): string | undefined {
  if (conversation.end === 'left') return undefined
  const { requests } = reading
  const methods = requests.map(({ method }) => method)
  const { list } = readAnswers(conversation.received, methods, true)
  const refused = list.find(({ status }) => status !== 200)
  if (refused !== undefined) return `a valid request is refused with ${refused.status}`
  const [last] = list.slice(-1)
  const stopped = last !== undefined && valuesOf(last, 'connection').includes('close')
  if (list.length < requests.length && !stopped) {
    return `${requests.length} valid requests have ${list.length} answers (${conversation.end})`
  }
  return undefined
}
