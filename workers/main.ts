// Piscina's entry: one thread, one interpreter. It greets the main thread with a port of its own,
// boots when told to, and then runs requests one after the other. Node-specific.

import { types } from 'node:util'
import {
  MessageChannel,
  type MessagePort,
  parentPort,
  threadId,
  workerData
} from 'node:worker_threads'
import { LogBudget } from '../src/wire/log-budget.ts'
import type {
  Answer,
  Batch,
  Boot,
  FromWorker,
  GroupData,
  Hello,
  RequestTask,
  ToWorker
} from '../src/wire/messages.ts'
import { monotonicMs, RequestTable } from '../src/wire/request-table.ts'
import { encodeWholeAnswer, type WholeAnswerText } from '../src/wire/whole-answer.ts'
import { EnvironError } from './environ.ts'
import { Exchange, splitResponse, wholeBody } from './exchange.ts'
import { hostCapabilities } from './host/capabilities.ts'
import {
  CLIENT_FAULT,
  CLIENT_GONE,
  COMPLETE,
  FAILED_AFTER_HEAD,
  Interpreter,
  InterpreterDied,
  OUTCOMES,
  RECYCLE,
  STREAMED
} from './interpreter.ts'
import { createRealm } from './realm.ts'

/** Characters of one line of the log; what is longer is cut. */
const LOG_LINE_LIMIT = 262_144
const STREAM_NAME_LIMIT = 32
/** No error of Node's own has a longer chain of prototypes. */
const ERROR_DEPTH = 8

class WorkerThread {
  readonly #data: GroupData
  readonly #port: MessagePort
  readonly #requests: RequestTable
  readonly #interpreter: Interpreter
  #exchange: Exchange | undefined
  #heap: Float64Array = new Float64Array(1)
  /** It has run out of memory and is to be replaced. */
  #spent = false
  /** The end of the last batch taken; the next one waits for it. */
  #turn: Promise<void> = Promise.resolve()

  constructor(data: GroupData, port: MessagePort) {
    this.#data = data
    this.#port = port
    this.#requests = new RequestTable(data.requests)
    this.#interpreter = new Interpreter(data.assets, createRealm())
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
        const answer = await this.#answer(task)
        if ('recycle' in answer && answer.recycle) this.#spent = true
        this.#port.postMessage(compact(answer))
      }
      this.#weigh()
    } finally {
      resolve()
    }
  }

  #weigh(): void {
    if (this.#interpreter.state === 'ready') this.#heap[0] = this.#interpreter.heapBytes
  }

  /** Claims the request, and runs it if it is still ours. */
  async #answer(task: RequestTask): Promise<Answer> {
    const { slot } = task
    // Nothing runs in a broken interpreter. The row stays waiting, so the request goes elsewhere.
    const able = this.#interpreter.state === 'ready' && !this.#spent
    if (!able || !this.#requests.start(slot, monotonicMs())) return { kind: 'withdrawn', slot }
    try {
      return this.#concluded(slot, await this.#interpreter.serve(task))
    } catch (error) {
      if (error instanceof EnvironError) {
        const { status } = error
        return { kind: 'failed', slot, sent: false, status, traceback: '', recycle: false }
      }
      const reason =
        error instanceof InterpreterDied ? error.message : 'a fault of the worker itself'
      return { kind: 'died', slot, reason }
    }
  }

  #concluded(slot: number, served: number): Answer {
    const outcome = served & OUTCOMES
    const recycle = (served & RECYCLE) !== 0
    if (outcome === STREAMED) return { kind: 'streamed', slot, recycle }
    if (outcome === CLIENT_GONE) return { kind: 'gone', slot, recycle }
    const { head, body } = splitResponse(this.#interpreter.response())
    if (outcome === COMPLETE) {
      return { kind: 'complete', slot, head, body: wholeBody(body), recycle }
    }
    const text = new TextDecoder().decode(body)
    const sent = outcome === FAILED_AFTER_HEAD
    if ((served & CLIENT_FAULT) === 0) {
      return { kind: 'failed', slot, sent, status: 500, traceback: text, recycle }
    }
    return { kind: 'failed', slot, sent, status: Number(text) || 400, traceback: '', recycle }
  }

  #receive(message: ToWorker): void {
    if (message.kind === 'boot') void this.#boot(message)
    else if (message.kind === 'credit') this.#exchange?.onCredit(message)
    else if (message.kind === 'body') this.#exchange?.onBody(message, this.#interpreter.fillInput)
    else this.#exchange?.onCancel(message.id)
  }

  async #boot(boot: Boot): Promise<void> {
    const startedAt = performance.now()
    this.#heap = new Float64Array(boot.heap)
    const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void =>
      this.#port.postMessage(message, transfer)
    const { settle, fireTimer } = this.#interpreter
    const exchange = new Exchange(this.#requests, post, settle, boot.windowBytes)
    this.#exchange = exchange
    const budget = new LogBudget(boot.logBudget)
    const log = (level: number, name: string, line: string): void => {
      // A guest can call this, too, and not only with what the gateway would.
      const stream = name.slice(0, STREAM_NAME_LIMIT)
      const text = line.length > LOG_LINE_LIMIT ? `${line.slice(0, LOG_LINE_LIMIT)} ...` : line
      const dropped = budget.take(text.length)
      if (dropped > 0)
        post({ kind: 'log', level: 40, stream, text: `${dropped} lines were dropped` })
      if (dropped >= 0) post({ kind: 'log', level, stream, text })
    }
    try {
      const host = hostCapabilities(boot, this.#data.locks, { fireTimer, settle, log })
      await this.#interpreter.boot(host, exchange, bootOptions(boot))
      const answer = await this.#interpreter.load(boot.application)
      if (answer.ok) {
        const bootMs = performance.now() - startedAt
        this.#weigh()
        post({ kind: 'ready', callable: answer.callable, bootMs })
      } else {
        const { code, args, traceback } = answer
        post({ kind: 'boot-failed', code, args, traceback })
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      post({ kind: 'boot-failed', code: 'WASGI_ERR_INTERNAL', args: [text], traceback: '' })
    }
  }
}

/** The shortest form of an answer (wire/whole-answer.ts). */
function compact(answer: Answer): Answer | WholeAnswerText {
  if (answer.kind !== 'complete' || typeof answer.body !== 'string') return answer
  return encodeWholeAnswer(answer.slot, answer.recycle, answer.head, answer.body)
}

function bootOptions(boot: Boot) {
  const gatewayPath = '/usr/lib/wasgi'
  // What Python reads as it starts; the application's folders are read-only, so no bytecode is kept.
  const env = { PYTHONDONTWRITEBYTECODE: '1', ...boot.env }
  const configure = JSON.stringify({
    env: { HOME: '/tmp', ...boot.env },
    sys_path: boot.sysPath,
    multiprocess: boot.multiprocess,
    debug: boot.debug,
    worker: boot.name
  })
  return { env, tmpLimitBytes: boot.tmpLimitBytes, configure, gatewayPath }
}

function startThread(): WorkerThread {
  process.on('unhandledRejection', surviveGuest)
  process.on('uncaughtException', surviveGuest)
  // Without a listener Node prints a warning for each promise that is caught late.
  process.on('rejectionHandled', () => {})
  const { port1, port2 } = new MessageChannel()
  const thread = new WorkerThread(workerData as GroupData, port1)
  const hello: Hello = { kind: 'hello', threadId, port: port2 }
  parentPort?.postMessage(hello, [port2])
  return thread
}

/**
 * What the guest throws into the void (a rejected promise, a finaliser that fails) ends here. An
 * error of this realm is a bug of ours and ends the thread.
 */
function surviveGuest(error: unknown): void {
  if (isOurs(error)) throw error
}

/** Whether it is an error of this realm, found out without running anything of the guest's. */
function isOurs(error: unknown): boolean {
  let next = error
  // `instanceof` would ask a guest's proxy, or follow a chain of prototypes that never ends.
  for (let depth = 0; depth < ERROR_DEPTH; depth++) {
    if (typeof next !== 'object' || next === null || types.isProxy(next)) return false
    next = Object.getPrototypeOf(next)
    if (next === Error.prototype) return true
  }
  return false
}

const thread = startThread()

/**
 * Piscina loads this file with `require`, and Node wraps an ES module without this mark. A thread that
 * is terminated while its module is being wrapped aborts the process (`CreateRequiredModuleFacade`).
 */
export const __esModule = true

/** What Piscina calls for each task. */
export default (batch: Batch): Promise<void> => thread.run(batch)
