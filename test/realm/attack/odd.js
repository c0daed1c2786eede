// Values that a function of the glue does not expect, each made anew for each call. Whatever is done
// to the tricky ones (a method called, a property read, a conversion) is shown to `look`.
;(function odd(look) {
  const TrueProxy = Proxy
  const { apply, get } = Reflect

  /** An object that records everything that is done to it, by whomever. */
  const recorder = (name, target = {}) => {
    const handler = { __proto__: null }
    for (const trap of Object.getOwnPropertyNames(Reflect)) {
      handler[trap] = (...args) => {
        for (let i = 0; i < args.length; i++) look(args[i], `${trap} of ${name}`)
        if (trap === 'apply') {
          for (let i = 0; i < args[2].length; i++) look(args[2][i], `argument of ${name}`)
          return undefined
        }
        if (trap === 'get' && typeof args[1] === 'symbol') return watcher(`${name}[symbol]`)
        return apply(Reflect[trap], undefined, args)
      }
    }
    return new TrueProxy(target, handler)
  }

  /** A function that shows what it is called with: who calls it hands over something of theirs. */
  const watcher = (name) =>
    function (...args) {
      look(this, `receiver of ${name}`)
      for (let i = 0; i < args.length; i++) look(args[i], `argument of ${name}`)
      look(new.target, `new.target of ${name}`)
      return 1
    }

  /** Node calls these two, by their registered symbols, on what it shows or promisifies. */
  const inspected = () => ({
    __proto__: null,
    [Symbol.for('nodejs.util.inspect.custom')]: watcher('inspect.custom'),
    [Symbol.for('nodejs.util.promisify.custom')]: watcher('promisify.custom'),
    constructor: undefined
  })
  const converted = () => ({
    toString: watcher('toString'),
    valueOf: watcher('valueOf'),
    [Symbol.toPrimitive]: watcher('toPrimitive'),
    // biome-ignore lint/suspicious/noThenProperty: it is meant to be mistaken for a promise
    then: watcher('then'),
    toJSON: watcher('toJSON'),
    [Symbol.iterator]: watcher('iterator'),
    get length() {
      look(this, 'receiver of length')
      return 3
    }
  })
  const detached = () => {
    const view = new Uint8Array(8)
    view.buffer.transfer()
    return view
  }
  const outOfBounds = () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 16 })
    const view = new Uint8Array(buffer, 4, 4)
    buffer.resize(2)
    return view
  }
  const subclassed = () => {
    const view = new Uint8Array(8)
    for (const name of ['buffer', 'byteOffset', 'byteLength', 'length', 'constructor']) {
      Object.defineProperty(view, name, { get: watcher(`own ${name}`) })
    }
    return view
  }

  return [
    () => undefined,
    () => null,
    () => true,
    () => NaN,
    () => -1,
    () => -0,
    () => 0.5,
    () => 1e308,
    () => Infinity,
    () => 2 ** 31,
    () => 2 ** 53,
    () => -(2 ** 63),
    () => 10n,
    () => Symbol('odd'),
    () => Symbol.iterator,
    () => '',
    () => '\uD800',
    () => 'x\0y',
    () => '../../../../etc/passwd',
    () => '/etc/passwd',
    () => 'x'.repeat(100_000),
    () => [],
    () => ({}),
    () => Object.create(null),
    () => () => {},
    () => watcher('a callback'),
    () => recorder('a proxy'),
    () => recorder('a callable proxy', () => {}),
    () => recorder('a proxy of bytes', new Uint8Array(8)),
    () => new TrueProxy({}, recorder('a handler')),
    () => {
      const { proxy, revoke } = TrueProxy.revocable({}, {})
      revoke()
      return proxy
    },
    inspected,
    converted,
    detached,
    outOfBounds,
    subclassed,
    () => new Uint8Array(new SharedArrayBuffer(8)),
    () => new Uint8Array(new SharedArrayBuffer(8, { maxByteLength: 16 })),
    () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 })),
    () => new Uint8Array(0),
    () => new Float64Array(4),
    () => new BigInt64Array(2),
    () => new DataView(new ArrayBuffer(8)),
    () => new ArrayBuffer(8),
    () => new SharedArrayBuffer(8),
    () => Promise.reject(inspected()),
    // biome-ignore lint/suspicious/noThenProperty: it is meant to be mistaken for a promise
    () => ({ then: watcher('then of a thenable') }),
    () => new Error('odd'),
    () => new Date(NaN),
    () => new Map([[1, 2]]),
    () => globalThis,
    () => get(globalThis, 'WebAssembly')
  ]
})
