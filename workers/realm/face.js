// What Pyodide's two scripts see instead of a global object: the face of a web worker, made here.
// Nothing of it is put on the realm's global; the scripts take it as parameters (boot/source.ts).
;(function face(primordials, host, wrappers, compiled) {
  const { guard, guardStateless, number, string, apply, Uint8Array, Error, Promise, objectCreate } =
    primordials
  const { typedArrayBuffer, typedArrayOffset, typedArrayLength, typedArraySet, isView } =
    primordials
  const { typedArraySubarray, MathMin, StringEndsWith, TypeError, promiseThen } = primordials
  const {
    NumberParse,
    WebAssemblyPromising,
    WebAssemblyModule,
    WebAssemblyInstance,
    WebAssemblySuspending
  } = primordials
  const { promiseResolve, freeze } = primordials
  const hostDecode = guardStateless(host.decode)
  const hostEncodedLength = guardStateless(host.encodedLength)
  const hostEncode = guardStateless(host.encode)
  const hostNow = guardStateless(host.now)
  const hostRandom = guardStateless(host.random)
  const hostTimer = guard(host.timer)
  const hostClearTimer = guard(host.clearTimer)
  const hostLog = guard(host.log)
  const hostSignal = guardStateless(host.signal)
  const hostSuspended = guardStateless(host.suspended)
  const hostAssetLength = guardStateless(host.assetLength)
  const hostAssetRead = guardStateless(host.assetRead)

  const KINDS = { __proto__: null, 'utf-8': 0, utf8: 0, 'utf-16le': 1, latin1: 2, 'iso-8859-1': 2 }

  class TextDecoder {
    #kind
    #flags
    constructor(label = 'utf-8', options = undefined) {
      const kind = KINDS[label]
      if (kind === undefined) throw new TypeError('unknown encoding')
      this.#kind = kind
      this.#flags = (options?.fatal ? 1 : 0) | (options?.ignoreBOM ? 2 : 0)
    }
    get encoding() {
      return this.#kind === 0 ? 'utf-8' : this.#kind === 1 ? 'utf-16le' : 'windows-1252'
    }
    decode(input) {
      if (input === undefined) return ''
      const bytes = isView(input) ? input : new Uint8Array(input)
      const text = hostDecode(
        this.#kind,
        this.#flags,
        typedArrayBuffer(bytes),
        typedArrayOffset(bytes),
        typedArrayLength(bytes)
      )
      if (typeof text !== 'string') throw new TypeError('the bytes are not valid text')
      return text
    }
  }

  class TextEncoder {
    encode(text = '') {
      const bytes = new Uint8Array(hostEncodedLength(string(text)))
      hostEncode(text, typedArrayBuffer(bytes), 0, typedArrayLength(bytes))
      return bytes
    }
    encodeInto(text, target) {
      const bytes = this.encode(text)
      const written = MathMin(typedArrayLength(bytes), typedArrayLength(target))
      typedArraySet(target, typedArraySubarray(bytes, 0, written))
      return { read: text.length, written }
    }
  }

  // Callbacks stay in here; the host knows them by number. What they throw ends in here, too.
  const callbacks = objectCreate(null)
  let lastTimer = 0
  const schedule = (callback, ms) => {
    const id = ++lastTimer
    hostTimer(id, ms)
    callbacks[id] = callback
    return id
  }
  // Exactly the arguments given: Python functions count theirs.
  const setTimeout = (callback, ms, ...args) =>
    schedule(() => apply(callback, undefined, args), typeof ms === 'number' && ms > 0 ? ms : 0)
  const setImmediate = (callback, ...args) => schedule(() => apply(callback, undefined, args), -1)
  const clearTimeout = (id) => {
    if (typeof id !== 'number' || callbacks[id] === undefined) return
    delete callbacks[id]
    hostClearTimer(id)
  }
  /** Called by the host when timer `id` is due. */
  const fireTimer = (id) => {
    const callback = callbacks[id]
    delete callbacks[id]
    try {
      if (callback !== undefined) callback()
    } catch {
      // A guest's broken callback is the guest's problem; it must not become the host's.
    }
  }

  /** Drops every timer and whatever was to be finalised: it belongs to a state that is gone. */
  const forget = () => {
    epoch++
    for (const id in callbacks) clearTimeout(NumberParse(id))
  }

  // What a finaliser would free is an address of the memory as it was when it was registered.
  let epoch = 0
  const RealmFinalizationRegistry = FinalizationRegistry
  class EpochRegistry {
    #registry
    constructor(cleanup) {
      this.#registry = new RealmFinalizationRegistry((entry) => {
        try {
          if (entry.epoch === epoch) cleanup(entry.held)
        } catch {
          // As with timers: what fails in here must not become an error of the host's.
        }
      })
    }
    register(target, held, token) {
      this.#registry.register(target, { __proto__: null, held, epoch }, token)
    }
    unregister(token) {
      return this.#registry.unregister(token)
    }
  }

  // Pyodide's way to have something run soon, once for each call into Python; outside of Node it
  // takes a message channel, or else timers of a millisecond. A microtask is soon enough, but an
  // event loop must not be kept from turning for ever.
  const BURST = 64
  let sinceTurn = 0
  let undelivered = 0
  const resolved = Promise.resolve()
  class MessageChannel {
    port1 = { onmessage: null, start: () => {} }
    port2 = {
      postMessage: () => {
        undelivered++
        const deliver = () => {
          undelivered--
          this.port1.onmessage()
        }
        if (++sinceTurn < BURST) promiseThen(resolved, deliver)
        else {
          sinceTurn = 0
          setImmediate(deliver)
        }
      }
    }
  }

  /** Whether Pyodide's queue has something that is still to be called. */
  const isScheduled = () => undelivered > 0

  /** pino's level. */
  const WARN = 40
  const log = (text) => {
    if (typeof text === 'string') hostLog(WARN, 'console', text)
  }
  const quiet = () => {}
  const console = {
    log,
    info: quiet,
    debug: quiet,
    warn: log,
    error: log,
    trace: quiet,
    assert: quiet
  }

  const performance = { now: () => hostNow(), timeOrigin: 0 }
  const crypto = {
    getRandomValues(view) {
      hostRandom(typedArrayBuffer(view), typedArrayOffset(view), typedArrayLength(view))
      return view
    }
  }

  /** Answers for the two files Pyodide needs while it boots, and for nothing else. */
  const fetch = async (url) => {
    const asset = StringEndsWith(string(`${url}`), 'python_stdlib.zip') ? 1 : 0
    const unneeded = asset === 0 && compiled !== undefined
    const bytes = new Uint8Array(unneeded ? 0 : number(hostAssetLength(asset)))
    if (!unneeded) hostAssetRead(asset, typedArrayBuffer(bytes))
    return { ok: true, status: 200, arrayBuffer: async () => typedArrayBuffer(bytes) }
  }

  class URL {
    constructor(url) {
      this.href = string(`${url}`)
    }
    toString() {
      return this.href
    }
  }
  class AbortController {
    signal = { aborted: false, addEventListener: quiet, removeEventListener: quiet }
    abort() {
      this.signal.aborted = true
    }
  }

  // Python looks for a signal every 50 calls or turns of a loop, while it computes. In the place of shared
  // memory, which no guest may have; asking the host each time would cost a twentieth of its speed.
  const LOOKS_AT_ONCE = 8
  let looks = 0
  const takeSignal = () => {
    if (++looks % LOOKS_AT_ONCE !== 0) return 0
    try {
      return number(hostSignal())
    } catch {
      return 0
    }
  }

  // All that suspends Python comes through one function of Pyodide's, a guest's own run_sync included.
  const INTERRUPTED = freeze(new Error('the request takes too long'))
  const suspended = objectCreate(null)
  let lastSuspension = 0
  // Whose code runs: the request's, by its number, or a callback's. What another one has left behind is
  // not interrupted with a request, and does not make one that computes look as if it waited.
  const CALLBACK = 0
  let request = CALLBACK
  let running = CALLBACK
  let waits = 0
  /** The address of the function that answers requests. */
  let gateway
  const serveBy = (address) => {
    gateway = address
  }
  const count = (change) => {
    const before = waits
    waits += change
    try {
      if (before === 0 || waits === 0) hostSuspended(waits)
    } catch {
      // At the end of the stack, where a guest's wait fails anyway.
    }
  }
  /** A request begins. */
  const enter = () => {
    request++
    if (waits > 0) count(-waits)
  }
  /** Whether the wait `id` was still one. Its code goes on. */
  const resume = (id) => {
    const wait = suspended[id]
    if (wait === undefined) return false
    delete suspended[id]
    running = wait.of
    if (running === request) count(-1)
    return true
  }
  const isSuspended = () => {
    for (const _id in suspended) return true
    return false
  }
  const interruptible = (awaited) =>
    new Promise((resolve, reject) => {
      const id = ++lastSuspension
      const ending = (settle) => (value) => {
        if (resume(id)) settle(value)
      }
      suspended[id] = { __proto__: null, of: running, reject }
      if (running === request) count(1)
      promiseThen(promiseResolve(awaited), ending(resolve), ending(reject))
    })
  const interruptWaits = (whose) => {
    let found = false
    for (const id in suspended) {
      const { of: owner, reject } = suspended[id]
      if ((whose === undefined || owner === whose) && resume(id)) {
        found = true
        reject(INTERRUPTED)
      }
    }
    return found
  }
  /**
   * Called by the host: what the request waits for fails. It may still come, for nobody. If a callback
   * begins or goes on between the end of a wait of the request's and its code, the next wait looks like
   * one of the callback's, or the other way round: if none is left that looks like its own, all fail.
   */
  const interrupt = () => {
    if (!interruptWaits(request)) interruptWaits()
  }

  // Pyodide hands its imports to this; the hooks are set by realm/interpreter.js for the boot alone.
  const hooks = { imports: undefined, instance: undefined }
  const RealmWebAssembly = objectCreate(WebAssembly)
  RealmWebAssembly.promising = (entry) => {
    const begin = WebAssemblyPromising(entry)
    // Pyodide gives nothing, the address of what it calls, and five things more.
    return (a, address, c, d, e, f, g) => {
      running = address === gateway ? request : CALLBACK
      return begin(a, address, c, d, e, f, g)
    }
  }
  RealmWebAssembly.Suspending = function Suspending(inner) {
    return new WebAssemblySuspending((x, y) => inner(interruptible(x ?? y)))
  }
  RealmWebAssembly.instantiateStreaming = async (response, imports) => {
    hooks.imports?.(imports)
    // Not asynchronously: V8 finds the code that the main thread holds (src/dispatch/assets.ts) in a
    // tenth of the time if it is asked at once, and there is nothing else to do meanwhile.
    const module = compiled ?? new WebAssemblyModule(await (await response).arrayBuffer())
    const instance = new WebAssemblyInstance(module, imports)
    hooks.instance?.(instance)
    return { module, instance }
  }

  class WorkerGlobalScope {}
  const self = new WorkerGlobalScope()
  const names = {
    self,
    location: 'file:///wasgi/',
    performance,
    crypto,
    setTimeout,
    clearTimeout,
    setImmediate,
    MessageChannel,
    TextDecoder,
    TextEncoder,
    console,
    fetch,
    URL,
    AbortController,
    WebAssembly: RealmWebAssembly,
    FinalizationRegistry: EpochRegistry,
    wrappers,
    takeSignal,
    importModule: () => Promise.reject(new Error('there are no modules in this realm'))
  }
  const scope = objectCreate(null)
  for (const name of Object.keys(names)) scope[name] = names[name]
  scope.WorkerGlobalScope = WorkerGlobalScope
  scope.BigInt = BigInt
  const forHost = { fireTimer, interrupt, forget, isScheduled, isSuspended, serveBy, enter }
  return { names: { globalThis: scope, ...names }, hooks, ...forHost }
})
