// What Node itself does with objects of a realm: formatting stacks, reporting rejections and failed
// finalisers, inspecting values, streaming wasm, importing modules. Each is provoked here with guest
// code where Node would run it. `report` is asked once the event loop has turned.
;(function attackHooks(walker) {
  const TrueProxy = Proxy
  const { apply } = Reflect
  const findings = []
  const look = (value, where) => {
    const why = walker.foreign(value)
    if (why !== '' && findings.length < 50) findings[findings.length] = `${where}: ${why}`
    return value
  }
  const lookAll = (values, where) => {
    for (let i = 0; i < values.length; i++) look(values[i], where)
  }
  const watcher = (name) =>
    function (...args) {
      look(this, `receiver of ${name}`)
      lookAll(args, `argument of ${name}`)
      return args[1]
    }
  const attempt = (name, call) => {
    try {
      look(call(), name)
    } catch (error) {
      look(error, `${name} threw`)
      attemptStack(name, error)
    }
  }
  const attemptStack = (name, error) => {
    try {
      const { stack } = error
      look(stack, `stack of ${name}`)
      // Whoever made it a text ran in the host's realm, on the guest's stack.
      if (typeof stack === 'string') findings[findings.length] = `stack of ${name}: was formatted`
    } catch (inner) {
      look(inner, `stack of ${name} threw`)
    }
  }

  // A guest's own formatter of stacks would be called by a function of the host, with call sites.
  const prepare = (error, sites) => {
    look(error, 'prepareStackTrace')
    look(sites, 'call sites')
    for (let i = 0; i < (sites?.length ?? 0); i++) {
      look(sites[i], 'a call site')
      for (const name of ['getFunction', 'getThis']) {
        look(apply(sites[i][name], sites[i], []), `${name} of a call site`)
      }
    }
    findings[findings.length] = 'prepareStackTrace: was called'
  }
  const set = (object, key, value) => {
    try {
      object[key] = value
    } catch {
      // Fixed.
    }
    try {
      Object.defineProperty(object, key, { value, configurable: true, writable: true })
    } catch {
      // Fixed for good.
    }
  }
  for (const holder of [Error, TypeError, RangeError, Error.prototype, Function.prototype]) {
    set(holder, 'prepareStackTrace', prepare)
    set(holder, 'stackTraceLimit', 100)
  }
  const deep = () => deep()
  const failures = {
    'a new error': () => {
      throw new Error('guest')
    },
    'the end of the stack': deep,
    'a missing name': () => missing,
    'null has no property': () => null.property,
    'bad JSON': () => JSON.parse('{'),
    'bad wasm': () => new WebAssembly.Module(new Uint8Array(4)),
    // biome-ignore lint/security/noGlobalEval: the realm refuses it
    eval: () => globalThis.eval('this'),
    Function: () => Function('return this')(),
    AsyncFunction: () => (async () => {}).constructor('return this')(),
    GeneratorFunction: () => function* () {}.constructor('return this')(),
    AsyncGeneratorFunction: () => async function* () {}.constructor('return this')(),
    captureStackTrace: () => {
      const target = {}
      Error.captureStackTrace(target, attempt)
      throw target
    },
    'constructed for another': () => {
      throw Reflect.construct(Error, ['guest'], Array)
    },
    'a trap of wasm': () => {
      // (module (func (export "f") unreachable))
      const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102]
      const wasm = new Uint8Array([...bytes, 0, 0, 10, 5, 1, 3, 0, 0, 11])
      new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports.f()
    },
    'a shadow realm': () => new ShadowRealm().evaluate('globalThis')
  }
  for (const name of Object.keys(failures)) attempt(name, failures[name])

  /** Node's inspect calls this, wherever it inspects an object: in warnings, errors and logs. */
  const shown = () => ({
    __proto__: null,
    [Symbol.for('nodejs.util.inspect.custom')]: watcher('inspect.custom'),
    get stack() {
      look(this, 'stack')
      return shown()
    },
    get name() {
      return shown()
    },
    get message() {
      return shown()
    },
    constructor: undefined,
    toString: watcher('toString'),
    valueOf: watcher('valueOf')
  })
  const caught = (promise, name) =>
    promise?.catch?.((error) => {
      look(error, `${name} rejected`)
      attemptStack(name, error)
    })
  for (const name of ['compileStreaming', 'instantiateStreaming']) {
    attempt(name, () => {
      const start = WebAssembly[name]
      if (start !== undefined) caught(start(shown()), name)
    })
  }
  attempt('WebAssembly.compile', () => caught(WebAssembly.compile(new Uint8Array(3)), 'compile'))

  // Into the void: nobody ever handles these.
  const chain = (error) =>
    new TrueProxy(error, {
      getPrototypeOf: watcher('getPrototypeOf'),
      get: (target, key) => (key === 'then' ? undefined : look(target, `get ${String(key)}`))
    })
  for (const reason of [
    1,
    null,
    shown(),
    chain({}),
    new Error('guest'),
    Object.create(chain({}))
  ]) {
    Promise.reject(reason)
    new Promise(() => {
      throw reason
    })
    // biome-ignore lint/suspicious/noThenProperty: a thenable that fails
    Promise.resolve({ then: () => Promise.reject(reason) })
    Promise.resolve(1).then(() => {
      throw reason
    })
  }
  const late = Promise.reject(shown())
  let finalised = 0
  const registry = new FinalizationRegistry((held) => {
    finalised++
    look(held, 'held')
    throw shown()
  })
  for (let i = 0; i < 1000; i++) registry.register({}, shown())
  walker.keep('registry', registry)

  return {
    calls: Object.keys(failures).length,
    /** A rejection that is handled after it was reported. */
    handleLate: () => {
      late.catch(() => {})
    },
    finalised: () => finalised,
    report: () => findings.join('\n')
  }
})
