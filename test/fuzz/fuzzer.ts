// Sends the generator's inputs to a server, a batch at a time, and looks after each at what the
// application noted, at the log and at the worker. What fails is made smaller until it no longer fails.

import { readAnswers } from '../property/answers.ts'
import { type Conversation, converse, cutAt } from '../property/conversation.ts'
import type { TestServer } from '../serve.ts'
import type { FuzzCase } from './generator.ts'
import { faultOfNotes, judge, type Note, SILENCE } from './judge.ts'
import { halve, literal } from './minimise.ts'
import { type Reading, readRequests } from './reading.ts'

const AT_ONCE = 16
/** No server waits as long; it only bounds a hang. */
const LIMIT_MS = 60_000
/** Where test/apps/marking.py hands out its notes. */
export const NOTES = '/the-notes-of-the-fuzzer'

/**
 * What serve() needs for an application that the fuzzer can talk to. No limit on slow clients helps the
 * server out: an input that it waits for in vain, though its end has come, is found by that.
 */
export const FUZZED_ARGS: readonly string[] = [
  ...['--workers', '1', '--access-log', 'off', '--log-format', 'json'],
  ...['--header-timeout', '10m', '--body-timeout', '10m', '--request-timeout', '10m'],
  ...['--keep-alive-timeout', '2s']
]

interface Outcome {
  readonly input: FuzzCase
  readonly reading: Reading
  readonly conversation: Conversation
}

export class Fuzzer {
  readonly #server: TestServer
  /** How often each status was answered; `reset`, `left` and `nothing` are ways to end without one. */
  readonly counts: Record<string, number> = {}
  /** Requests that the application has seen. */
  seen = 0
  /** Requests that were sent, by the strict reading. */
  sent = 0
  #token: string | undefined
  #logAt = 0
  /** What a port's connections may have asked for, those of the batch before included. */
  #earlier = new Map<number, Outcome[]>()

  constructor(server: TestServer) {
    this.#server = server
  }

  /** Resolves with a report of each input that must not have gone as it went. */
  async batch(inputs: readonly FuzzCase[]): Promise<string[]> {
    const outcomes = await this.#talk(inputs)
    for (const outcome of outcomes) this.#count(outcome)
    const faults = await this.#faults(outcomes)
    const reports: string[] = []
    for (const [input, fault] of faults) reports.push(await this.#report(input, fault))
    const unexplained = faults.some(([input]) => input === undefined)
    // A worker that is held would be held for each of them.
    const held = faults.some(([, fault]) => fault.endsWith(' held'))
    return unexplained && !held ? [...reports, ...(await this.#alone(inputs))] : reports
  }

  async #talk(inputs: readonly FuzzCase[], patient = true): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    const left = [...inputs].reverse()
    const one = async (): Promise<void> => {
      for (let input = left.pop(); input !== undefined; input = left.pop()) {
        outcomes.push(await this.#send(input, patient))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
    return outcomes
  }

  async #send(input: FuzzCase, patient: boolean): Promise<Outcome> {
    const reading = readRequests(input.bytes)
    const { requests, end } = reading
    const methods = requests.map(({ method }) => method)
    const complete = requests.filter((request) => request.complete).length
    const enough = (received: Buffer): boolean => {
      const { list } = readAnswers(received, methods, false)
      return (
        list.filter(({ whole }) => whole).length >=
        complete + (patient || end !== 'invalid' ? 0 : 1)
      )
    }
    // After what is invalid or the last it is for the server to close.
    const leaves = !patient || end === 'clean' || end === 'cut' || input.leaving === 'destroy'
    const conversation = await converse(this.#server.url, cutAt(input.bytes, input.cuts), {
      ...(leaves ? { enough } : {}),
      leaving: input.leaving,
      limitMs: LIMIT_MS
    })
    return { input, reading, conversation }
  }

  #count({ reading, conversation }: Outcome): void {
    const methods = reading.requests.map(({ method }) => method)
    const { list } = readAnswers(conversation.received, methods, true)
    const words = list.map(({ status }) => String(status))
    if (conversation.end !== 'closed') words.push(conversation.end)
    if (words.length === 0) words.push('nothing')
    for (const word of words) this.counts[word] = (this.counts[word] ?? 0) + 1
    this.sent += reading.requests.length
  }

  /** What is wrong with a batch, each with the input it is due to, if that is known. */
  async #faults(outcomes: readonly Outcome[]): Promise<[FuzzCase | undefined, string][]> {
    const faults: [FuzzCase | undefined, string][] = []
    const notes = await this.#notes()
    if (typeof notes === 'string') return [[undefined, notes]]
    this.seen += notes.length
    const byPort = Map.groupBy(notes, ({ port }) => port)
    const current = Map.groupBy(outcomes, ({ conversation }) => conversation.port)
    for (const [port, sharing] of current) {
      const [only, another] = sharing
      if (only === undefined) continue
      const { input, reading, conversation } = only
      const own = byPort.get(port) ?? []
      // The system gave one port twice, or its notes are of a client that left before.
      const mixed = another !== undefined || this.#earlier.has(port)
      const fault = judge(reading, input.targets !== undefined, conversation, mixed ? [] : own)
      if (fault !== undefined) faults.push([input, fault])
    }
    for (const [port, own] of byPort) {
      if (current.has(port)) continue
      const [before] = this.#earlier.get(port) ?? []
      const fault = faultOfNotes(before?.reading.requests ?? [], own)
      if (fault !== undefined) faults.push([before?.input, fault])
    }
    this.#earlier = current
    const logged = await this.#errorsLogged()
    if (logged !== undefined) faults.push([undefined, logged])
    return faults
  }

  /** What the application noted since the last time, or what is wrong with its worker. */
  async #notes(): Promise<readonly Note[] | string> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(resolve, LIMIT_MS, undefined)
    const reply = await Promise.race([this.#server.request(NOTES), promise])
    clearTimeout(timer)
    if (reply === undefined) return 'a plain request is not answered: the worker is held'
    if (reply.status !== 200) return `a plain request is answered with ${reply.status}`
    const { token, notes } = JSON.parse(reply.text) as { token: string; notes: readonly Note[] }
    const other = this.#token !== undefined && this.#token !== token
    this.#token = token
    return other ? 'another worker answers: the one before did not survive' : notes
  }

  async #errorsLogged(): Promise<string | undefined> {
    const log = await this.#server.caughtUp()
    const lines = log.slice(this.#logAt).split('\n')
    this.#logAt = log.length
    const found = lines.find((line) => /"level":"(?:error|fatal)"|WASGI_ERR_INTERNAL/.test(line))
    return found === undefined ? undefined : `the server logged ${found}`
  }

  async #report(input: FuzzCase | undefined, fault: string): Promise<string> {
    if (input === undefined) return fault
    const fails = async (bytes: Buffer): Promise<boolean> => {
      const smaller = { ...input, bytes, cuts: [], targets: undefined }
      const faults = await this.#faults(await this.#talk([smaller], false))
      return faults.some(([, other]) => kindOf(other) === kindOf(fault))
    }
    const { seed, index, mutations, bytes } = input
    // To see once more that nothing comes takes too long.
    const quick = !fault.startsWith(SILENCE)
    const smallest = quick && (await fails(bytes)) ? await halve(bytes, fails) : bytes
    return `seed ${seed}, input ${index} (${mutations.join(', ')}): ${fault}\n  ${literal(smallest)}`
  }

  /** Which inputs of a batch that failed as a whole fail alone. */
  async #alone(inputs: readonly FuzzCase[]): Promise<string[]> {
    const reports: string[] = []
    for (const input of inputs) {
      const [first] = await this.#faults(await this.#talk([input]))
      if (first !== undefined) reports.push(await this.#report(input, first[1]))
    }
    return reports
  }
}

/** A smaller input must fail in the same way as the one it was made from. */
function kindOf(fault: string): string {
  return fault
    .split(' ', 4)
    .join(' ')
    .replace(/[0-9]+/g, '')
}
