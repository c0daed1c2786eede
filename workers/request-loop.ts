// Answers the requests of one worker, one after the other: claims each, runs it in the interpreter and
// says how it ended. It boots when told to, by the same port that everything else goes through. In a
// worker thread main.ts makes one; in embedded mode src/dispatch/embedded-pool.ts does.
import type { MessagePort } from 'node:worker_threads'
import type {
  Answer,
  Batch,
  Boot,
  Build,
  FromWorker,
  GroupData,
  RequestTask,
  ToWorker
} from '../src/wire/messages.ts'
import { monotonicMs, RequestTable } from '../src/wire/request-table.ts'
import { encodeWholeAnswer, type WholeAnswerText } from '../src/wire/whole-answer.ts'
import { EnvironError } from './environ.ts'
import { Exchange, splitResponse, wholeBody } from './exchange.ts'
import {
  CLIENT_FAULT,
  CLIENT_GONE,
  COMPLETE,
  FAILED_AFTER_HEAD,
  type Interpreter,
  InterpreterDied,
  OUTCOMES,
  RECYCLE,
  STALE,
  STREAMED
} from './interpreter.ts'
import { GROWN, InterpreterLife, NO_IMAGE } from './life.ts'
import { startPulse } from './pulse.ts'
import { type Due, Tenure } from './tenure.ts'

const OUT_OF_MEMORY: Due = { cause: 'memory', reason: 'it ran out of memory' }

export class RequestLoop {
  readonly #data: GroupData
  readonly #port: MessagePort
  readonly #requests: RequestTable
  #life: InterpreterLife | undefined
  #exchange: Exchange | undefined
  #gauges: Float64Array = new Float64Array(5)
  #pulse: { stop(): void } | undefined
  /** It takes no further request and is to be replaced. */
  #spent = false
  #tenure: Tenure | undefined
  /** The end of the last batch taken; the next one waits for it. */
  #turn: Promise<void> = Promise.resolve()

  constructor(data: GroupData, port: MessagePort) {
    this.#data = data
    this.#port = port
    this.#requests = new RequestTable(data.requests)
    port.on('message', (message: ToWorker) => this.#receive(message))
  }

  /** Takes its turn, then answers the requests in order. */
  async run(batch: Batch): Promise<void> {
    const before = this.#turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turn = promise
    await before
    try {
      for (const task of batch) {
        const { answer, recycle } = await this.#answer(task)
        this.#port.postMessage(compact(answer))
        const due = this.#tenure?.due()
        if (recycle !== undefined) await this.#recycle(recycle, 'memory_limit')
        else if (due !== undefined) await this.#recycle(due, 'maximum_requests')
      }
      this.#weigh()
    } finally {
      resolve()
    }
  }

  #weigh(): void {
    const life = this.#life
    if (life?.interpreter.state !== 'ready') return
    this.#gauges[0] = life.interpreter.heapBytes
    this.#gauges[1] = life.generation
  }

  /** Claims the request, and runs it if it is still ours. `recycle` says why nothing may follow. */
  async #answer(task: RequestTask): Promise<{ answer: Answer; recycle?: Due }> {
    const { slot } = task
    const interpreter = this.#life?.interpreter
    // Nothing runs in a broken interpreter. The row stays waiting, so the request goes elsewhere.
    const able = interpreter?.state === 'ready' && !this.#spent
    if (!able || !this.#requests.start(slot, monotonicMs())) {
      return { answer: { kind: 'withdrawn', slot } }
    }
    this.#tenure?.count()
    try {
      const served = await interpreter.serve(task)
      const answer = concluded(slot, served, interpreter)
      return (served & RECYCLE) === 0 ? { answer } : { answer, recycle: OUT_OF_MEMORY }
    } catch (error) {
      if (error instanceof EnvironError) {
        const { status } = error
        return { answer: { kind: 'failed', slot, sent: false, status, traceback: '' } }
      }
      const reason =
        error instanceof InterpreterDied ? error.message : 'a fault of the worker itself'
      return { answer: { kind: 'died', slot, reason } }
    }
  }

  /**
   * Puts the interpreter back to where it began, in place, or has this worker replaced. `word` is what
   * those are told who want to know of its end.
   */
  async #recycle(due: Due, word: string): Promise<void> {
    const obstacle = (await this.#wiped(word)) ?? 'it has no interpreter'
    if (obstacle === '') {
      this.#tenure?.renew()
      return
    }
    this.#spent = true
    const reason = `${due.reason} and was recycled (${obstacle})`
    const cause = causeOf(due, obstacle)
    this.#port.postMessage({ kind: 'spent', cause, reason } satisfies FromWorker)
  }

  /** Lets go of the interpreter, for an embedded one that nobody can terminate. */
  end(): void {
    this.#spent = true
    this.#pulse?.stop()
    this.#life?.end()
    this.#life = undefined
    this.#tenure = undefined
    this.#port.close()
  }

  /** Why it could not be wiped. The main thread ends this one if it takes too long. */
  async #wiped(word: string): Promise<string | undefined> {
    const since = monotonicMs()
    this.#gauges[2] = since
    try {
      await this.#life?.stop(word)
      const obstacle = await this.#life?.wipe()
      if (obstacle === '') this.#countWipe(monotonicMs() - since)
      return obstacle
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      this.#gauges[2] = 0
    }
  }

  /** When its turn comes, tells the interpreter that it is about to end. No request follows. */
  async #stop(reason: string): Promise<void> {
    const before = this.#turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turn = promise
    await before
    this.#spent = true
    try {
      await this.#life?.stop(reason)
    } catch {
      // Then it has ended already.
    } finally {
      resolve()
    }
    this.#port.postMessage({ kind: 'stopped' } satisfies FromWorker)
  }

  #countWipe(ms: number): void {
    this.#gauges[3] = (this.#gauges[3] ?? 0) + 1
    this.#gauges[4] = (this.#gauges[4] ?? 0) + ms
  }

  #receive(message: ToWorker): void {
    if (message.kind === 'boot' || message.kind === 'build') void this.#begin(message)
    else if (message.kind === 'credit') this.#exchange?.onCredit(message)
    else if (message.kind === 'body') this.#exchange?.onBody(message, this.#fillInput)
    else if (message.kind === 'interrupt') this.#life?.interrupt(message.id)
    else if (message.kind === 'stop') void this.#stop(message.reason)
    else this.#exchange?.onCancel(message.id)
  }

  readonly #fillInput = (chunk: Uint8Array): void => this.#life?.interpreter.fillInput(chunk)

  /** Boots, or builds a snapshot, and tells how that ended. */
  async #begin(message: Boot | Build): Promise<void> {
    this.#gauges = new Float64Array(message.gauges)
    if (message.pulse !== undefined) this.#pulse = startPulse(message.pulse)
    const post = (reply: FromWorker, transfer: ArrayBuffer[] = []): void =>
      this.#port.postMessage(reply, transfer)
    const settle = (ticket: number, value: number): void =>
      this.#life?.interpreter.settle(ticket, value)
    this.#exchange = new Exchange(this.#requests, post, settle, message.windowBytes)
    this.#life = new InterpreterLife(this.#data, message, this.#exchange, post)
    this.#tenure = new Tenure(message)
    try {
      post(message.kind === 'build' ? await this.#life.build(message) : await this.#life.begin())
      this.#weigh()
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      post({ kind: 'boot-failed', code: 'WASGI_ERR_INTERNAL', args: [text], traceback: '' })
    }
  }
}

function causeOf(due: Due, obstacle: string): Due['cause'] {
  if (obstacle === GROWN) return 'memory'
  return obstacle === NO_IMAGE ? due.cause : 'wipe-failed'
}

function concluded(slot: number, served: number, interpreter: Interpreter): Answer {
  const outcome = served & OUTCOMES
  if (outcome === STALE) return { kind: 'stale', slot }
  if (outcome === STREAMED) return { kind: 'streamed', slot }
  if (outcome === CLIENT_GONE) return { kind: 'gone', slot }
  const { head, body } = splitResponse(interpreter.response())
  if (outcome === COMPLETE) return { kind: 'complete', slot, head, body: wholeBody(body) }
  const text = new TextDecoder().decode(body)
  const sent = outcome === FAILED_AFTER_HEAD
  if ((served & CLIENT_FAULT) === 0) {
    return { kind: 'failed', slot, sent, status: 500, traceback: text }
  }
  return { kind: 'failed', slot, sent, status: Number(text) || 400, traceback: '' }
}

/** The shortest form of an answer (wire/whole-answer.ts). */
function compact(answer: Answer): Answer | WholeAnswerText {
  if (answer.kind !== 'complete' || typeof answer.body !== 'string') return answer
  return encodeWholeAnswer(answer.slot, answer.head, answer.body)
}
