// Everything that crosses between the main thread and a worker thread, and who sends it when.
// Requests travel as Piscina's tasks, several to a task; everything else, answers included, goes
// through a MessagePort that each worker has of its own, so what a worker says arrives in the order
// it was said. Imported by both sides; imports nothing but types.
import type { MessagePort } from 'node:worker_threads'
import type { InterpreterAssets } from '../../workers/boot/assets.ts'
import type { ForeignPyodide } from '../../workers/foreign.ts'
import type { Dependency, Image } from '../snapshot/image.ts'

/** Main → worker, through Piscina's workerData: the same for all workers of a group. */
export interface GroupData {
  /** wire/request-table.ts */
  readonly requests: SharedArrayBuffer
  /** wire/lock-table.ts */
  readonly locks: SharedArrayBuffer
  /** A Pyodide of the host program's, in embedded mode; it is used instead of one of our own. */
  readonly foreign?: ForeignPyodide | undefined
}

/** Worker → main, through the thread's own port, once, as soon as the thread runs. */
export interface Hello {
  readonly kind: 'hello'
  readonly threadId: number
  readonly port: MessagePort
}

/** One host folder that Python may see. */
export interface FileGrant {
  readonly guestPath: string
  readonly hostPath: string
  readonly writable: boolean
  readonly hideDotNames: boolean
}

/** What the loader imports; see src/config/target.ts. Guest paths. */
export interface ApplicationSpec {
  readonly target: string
  /** The folder that its modules are first looked for in. */
  readonly root: string
  readonly file: string | null
  readonly module: string | null
  readonly callable: string | null
  readonly call: boolean
  /** Scripts of hooks rather than an application; see wasgi/hook_loader.py. */
  readonly hooks: readonly HookScript[]
  /** Whether a dispatch script may choose another callable of the module; see wasgi/by_name.py. */
  readonly dispatched: boolean
  /** Whether its script's `reload_required` is asked before each request; see wasgi/script_reload.py. */
  readonly consulted: boolean
}

/** A script that decides about requests before the application has them. */
export interface HookScript {
  readonly kind: 'access' | 'user' | 'group' | 'dispatch'
  /** As the operator wrote it. */
  readonly target: string
  /** Guest path. */
  readonly file: string
  /** What it must define; null for a dispatch script, which need not define anything. */
  readonly function: string | null
}

/** What `import mod_wsgi` tells of an interpreter. */
export interface Identity {
  /** '' in embedded mode. */
  readonly processGroup: string
  /** '' for %{GLOBAL}. */
  readonly applicationGroup: string
  /** How many interpreters the group has. */
  readonly processes: number
  /** Whether touching the application's script reloads it. */
  readonly scriptReloading: boolean
}

/** Main → worker, once, after `hello`: make the interpreter and load the application. */
export interface Boot {
  readonly kind: 'boot'
  readonly assets: InterpreterAssets
  /** `assets.wasm` compiled: each thread gets a copy that shares the machine code. Not in embedded mode. */
  readonly module?: object | undefined
  /** `group/number`, as logs name it. */
  readonly name: string
  /** Owner of its locks in the lock table; never reused. */
  readonly owner: number
  readonly grants: readonly FileGrant[]
  /** Guest paths put on sys.path, in order. */
  readonly sysPath: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly application: ApplicationSpec
  /** Further ones of the same application group; they are numbered from 1. */
  readonly siblings: readonly ApplicationSpec[]
  readonly identity: Identity
  readonly multiprocess: boolean
  readonly debug: boolean
  readonly tmpLimitBytes: number
  /** Bytes the worker may produce beyond what the socket has accepted. */
  readonly windowBytes: number
  /** wire/log-budget.ts */
  readonly logBudget: SharedArrayBuffer
  /**
   * Five doubles: bytes of the interpreter's wasm memory, its generation (wasgi.snapshot), since
   * when it is being wiped, as monotonicMs has it (0 when it is not), how often it was, and the
   * milliseconds that took.
   */
  readonly gauges: SharedArrayBuffer
  /** One int32: the number of a signal that Python is to handle as soon as it can; 0 for none. */
  readonly signals: SharedArrayBuffer
  /** wire/pulse.ts; absent where nobody looks at it. */
  readonly pulse?: SharedArrayBuffer | undefined
  /** Restored instead of booting from nothing, and what a wipe leads back to. */
  readonly image: Image | undefined
  /** Requests after which the interpreter is wiped or replaced; 0 is no limit. */
  readonly maximumRequests: number
  /** Up to so many come on top of them, drawn each time that it is made or wiped. */
  readonly maximumRequestsJitter: number
  /** Whether it is, after every request. */
  readonly isolated: boolean
  /** Whether to tell of every file that is read. */
  readonly watch: boolean
}

/** Main → the builder's thread, in place of `boot`: load the application and capture it. */
export interface Build extends Omit<Boot, 'kind'> {
  readonly kind: 'build'
  /** Requests such as `GET /` that are answered before the capture. */
  readonly warmup: readonly string[]
  /** Nothing is captured: it is only asked whether the application can be loaded. */
  readonly trial: boolean
}

/** Worker → main, exactly once after `boot`. */
export interface Ready {
  readonly kind: 'ready'
  readonly callable: string
  readonly boot: 'cold' | 'restored' | 'adopted'
  readonly bootMs: number
}

/** Worker → main, before it boots from nothing after all. */
export interface RestoreFailed {
  readonly kind: 'restore-failed'
  readonly reason: string
}

/** Worker → main: it cannot be put right in place, takes nothing more and is to be replaced. */
export interface Spent {
  readonly kind: 'spent'
  readonly cause: 'maximum-requests' | 'isolation' | 'memory' | 'wipe-failed'
  readonly reason: string
}

/** Worker → main, once after `stop`: whoever was to be told has been. */
export interface Stopped {
  readonly kind: 'stopped'
}

/** Builder → main, or `boot-failed`, or `refused`. */
export interface Built {
  readonly kind: 'built'
  readonly image: Image
  /** What of the host the application looked at, as the host knows it. */
  readonly dependencies: readonly Dependency[]
}

/** Builder → main: the application was imported, so what fails from here on is the capture. */
export interface Loaded {
  readonly kind: 'loaded'
}

/** Builder → main: the application runs, but cannot be captured. */
export interface Refused {
  readonly kind: 'refused'
  readonly reasons: readonly string[]
  readonly traceback: string
}

/** Worker → main instead of `ready`. `args` fill the text of `code` in src/errors.ts. */
export interface BootFailed {
  readonly kind: 'boot-failed'
  readonly code: string
  readonly args: readonly string[]
  readonly traceback: string
}

/** Worker → main: a line the application or the gateway wrote. */
export interface LogLine {
  readonly kind: 'log'
  readonly level: number
  readonly stream: string
  readonly text: string
}

/** Worker or builder → main, if `watch` was asked for: what Python is about to read, and how it is. */
export interface Saw {
  readonly kind: 'saw'
  /** Host path. */
  readonly path: string
  /** `absent`: it was looked for. */
  readonly what: 'file' | 'folder' | 'absent'
  /** workers/host/seen-files.ts */
  readonly stamp: string
}

/** Worker → main, once per streamed response, before any `chunk`. */
export interface StreamHead {
  readonly kind: 'head'
  readonly id: number
  readonly head: ResponseHeadText
  readonly chunk: Uint8Array
}

/** Worker → main: a further piece of a streamed response, transferred. */
export interface StreamChunk {
  readonly kind: 'chunk'
  readonly id: number
  readonly chunk: Uint8Array
}

/**
 * Worker → main, instead of `head` and before the answer: the whole response is known, while the
 * application's close() is still to run. The client need not wait for that.
 */
export interface WholeResponse {
  readonly kind: 'whole'
  readonly id: number
  readonly head: ResponseHeadText
  readonly body: WholeBody
}

/** Worker → main, before the head, at most 16 times: headers of an interim response (RFC 8297). */
export interface EarlyHints {
  readonly kind: 'hints'
  readonly id: number
  /** Name and value lines, as in a head. */
  readonly lines: string
}

/** Worker → main: the application wants the next piece of the request body. */
export interface Pull {
  readonly kind: 'pull'
  readonly id: number
}

export type ResponseMessage = EarlyHints | StreamHead | StreamChunk | WholeResponse

/** What a worker says of its requests. */
export type RequestMessage = ResponseMessage | Pull | Answer | Spent

export type FromWorker =
  | Ready
  | BootFailed
  | RestoreFailed
  | Loaded
  | Built
  | Refused
  | LogLine
  | Saw
  | Stopped
  | RequestMessage

/** A status line, then name and value lines, newline-separated, Latin-1. */
export type ResponseHeadText = string

/** A small body is text, a byte to a character (Latin-1): cloning that costs a tenth. */
export type WholeBody = string | Uint8Array

/** Main → worker: the socket accepted this many bytes of the response. */
export interface Credit {
  readonly kind: 'credit'
  readonly id: number
  readonly bytes: number
}

/** Main → worker, in answer to `pull`; `chunk` is empty unless `status` is `more`. */
export interface BodyPiece {
  readonly kind: 'body'
  readonly id: number
  readonly status: 'more' | 'end' | 'gone' | 'too-large' | 'too-slow' | 'malformed'
  readonly chunk: Uint8Array
}

/** Main → worker: the client is gone; whoever waits on its behalf is to be woken. */
export interface Cancel {
  readonly kind: 'cancel'
  readonly id: number
}

/**
 * Main → worker: the request takes too long. What it waits for is to be ended; when it computes, the
 * signal that was sent before this is what reaches it.
 */
export interface Interrupt {
  readonly kind: 'interrupt'
  readonly id: number
}

/** Main → worker, once it is quiet: nothing will follow but its end, of which the application is to know. */
export interface Stop {
  readonly kind: 'stop'
  /** In mod_wsgi's words; see src/dispatch/farewell.ts. */
  readonly reason: string
}

export type ToWorker = Boot | Build | Credit | BodyPiece | Cancel | Interrupt | Stop

/** Main → worker: requests to be run in order, as Piscina's task. The task itself has no result. */
export type Batch = readonly RequestTask[]

export interface RequestTask {
  readonly id: number
  /** Its row in the request table. */
  readonly slot: number
  /** Newline-separated, Latin-1; see wire/request-head.ts. */
  readonly head: string
  /** The whole body if it is small and has arrived; null when it is to be pulled. */
  readonly body: Uint8Array | null | undefined
  /**
   * Whom it is for: 0 is the `application` of `boot`, 1 the first of its `siblings`. `~number` if the
   * script is not to be asked whether it is stale, since it has been.
   */
  readonly application: number
}

/** Worker → main, the last it says of a request: exactly once for each that it was handed. */
export type Answer = Withdrawn | Stale | Complete | Streamed | Failed | Died

/** The response went out in messages, or nobody was there for it any more. */
export interface Streamed {
  readonly kind: 'streamed' | 'gone'
  /** The request's row in the request table, here and in every other answer. */
  readonly slot: number
}

/** The main thread took it back, or this worker cannot run it. No Python ran. */
export interface Withdrawn {
  readonly kind: 'withdrawn'
  readonly slot: number
}

/** The script wants to be loaded anew first. The application was not called. */
export interface Stale {
  readonly kind: 'stale'
  readonly slot: number
}

/** A whole response; with a body of text it crosses as wire/whole-answer.ts says. */
export interface Complete {
  readonly kind: 'complete'
  readonly slot: number
  readonly head: ResponseHeadText
  readonly body: WholeBody
}

/** The application failed; `sent` tells whether a head had been sent before. */
export interface Failed {
  readonly kind: 'failed'
  readonly slot: number
  readonly sent: boolean
  /** What the client has earned with its head (431) or its body (400, 408, 413), else 500. */
  readonly status: number
  readonly traceback: string
}

/** The interpreter is broken beyond use; the thread must be replaced. */
export interface Died {
  readonly kind: 'died'
  readonly slot: number
  readonly reason: string
}
