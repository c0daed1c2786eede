// Looks for objects of another realm. Evaluated in the realm before all other scripts, so it has the
// true intrinsics; it walks whatever a guest could walk, and what a guest could only reach by luck:
// every own key, prototype, getter result, collection, table and settled promise.
;(function walk() {
  const { getPrototypeOf, ownKeys, getOwnPropertyDescriptor, apply } = Reflect
  const RealmObject = Object.prototype
  const RealmFunction = Function.prototype
  const TrueSet = Set
  const TrueMap = Map
  const uncurry = Function.prototype.bind.bind(Function.prototype.call)
  const getter = (object, name) => uncurry(getOwnPropertyDescriptor(object, name).get)
  const setAdd = uncurry(Set.prototype.add)
  const setHas = uncurry(Set.prototype.has)
  const setEach = uncurry(Set.prototype.forEach)
  const mapEach = uncurry(Map.prototype.forEach)
  const mapSet = uncurry(Map.prototype.set)
  const mapGet = uncurry(Map.prototype.get)
  const then = uncurry(Promise.prototype.then)
  const tableLength = getter(WebAssembly.Table.prototype, 'length')
  const tableGet = uncurry(WebAssembly.Table.prototype.get)
  const deref = uncurry(WeakRef.prototype.deref)
  const { isView } = ArrayBuffer
  const { getOwnPropertySymbols } = Object
  const { isPrototypeOf } = Object.prototype
  const Prototypes = {
    Set: Set.prototype,
    Map: Map.prototype,
    WeakRef: WeakRef.prototype,
    Table: WebAssembly.Table.prototype,
    Promise: Promise.prototype
  }
  const TrueString = String
  const TrueObject = Object
  /** A broken chain of prototypes must not keep the walk for ever. */
  const DEPTH = 64

  const ofHost = new TrueSet()
  const isOfHost = (value) => setHas(ofHost, value)

  const isObject = (value) =>
    (typeof value === 'object' && value !== null) || typeof value === 'function'

  /**
   * Why `value` is not of this realm, or ''. An object of this realm has this realm's
   * Object.prototype at the end of its chain, or nothing at all; a function also has this realm's
   * Function.prototype on the way. Intrinsics of the host are known by identity.
   */
  const foreign = (value) => {
    if (!isObject(value)) return ''
    if (isOfHost(value)) return 'an object of the host'
    let callable = false
    let last = value
    for (let depth = 0; depth < DEPTH; depth++) {
      let next
      try {
        next = getPrototypeOf(last)
      } catch {
        return '' // a guest's own proxy that throws
      }
      if (next === null) break
      if (isOfHost(next)) return 'an object with a prototype of the host'
      if (next === RealmFunction) callable = true
      last = next
    }
    if (typeof value === 'function' && !callable && value !== RealmFunction) {
      return 'a function of another realm'
    }
    if (last !== value && last !== RealmObject && getPrototypeOf(last) === null) {
      const own = getOwnPropertyDescriptor(last, 'hasOwnProperty')
      if (own !== undefined) return 'an object of another realm'
    }
    return ''
  }

  const attempt = (queue, path, call) => {
    try {
      return call()
    } catch (error) {
      queue[queue.length] = { value: error, path: `${path} threw` }
      return undefined
    }
  }

  const keysOf = (queue, value, path) =>
    // A view of wasm memory has millions of indexes, each a number.
    attempt(queue, path, () => (isView(value) ? getOwnPropertySymbols : ownKeys)(value)) ?? []

  /** Own properties: their values and their accessors. */
  const properties = (queue, value, path) => {
    const keys = keysOf(queue, value, path)
    for (let i = 0; i < keys.length; i++) {
      const at = `${path}.${TrueString(keys[i])}`
      const found = attempt(queue, at, () => getOwnPropertyDescriptor(value, keys[i]))
      if (found === undefined) continue
      queue[queue.length] = { value: found.value, path: at }
      queue[queue.length] = { value: found.get, path: `${at} (get)` }
      queue[queue.length] = { value: found.set, path: `${at} (set)` }
    }
  }

  /** What the getters give that `value` has or inherits. */
  const results = (queue, value, path) => {
    let holder = value
    for (let depth = 0; holder !== null && depth < DEPTH; depth++) {
      const keys = keysOf(queue, holder, path)
      for (let i = 0; i < keys.length; i++) {
        const found = attempt(queue, path, () => getOwnPropertyDescriptor(holder, keys[i]))
        if (found === undefined || found.get === undefined) continue
        const at = `${path}.${TrueString(keys[i])}()`
        const result = attempt(queue, at, () => apply(found.get, value, []))
        queue[queue.length] = { value: result, path: at }
      }
      const last = holder
      holder = attempt(queue, path, () => getPrototypeOf(last)) ?? null
    }
  }

  const inherits = (value, prototype) => apply(isPrototypeOf, prototype, [value])

  const tries = (call) => {
    try {
      call()
    } catch {
      // Not of that kind.
    }
  }

  /** What is inside, beyond properties. */
  const contents = (queue, value, path, promises) => {
    const push = (item, where) => {
      queue[queue.length] = { value: item, path: `${path}${where}` }
    }
    if (inherits(value, Prototypes.Set)) tries(() => setEach(value, (item) => push(item, '{}')))
    if (inherits(value, Prototypes.Map)) {
      tries(() =>
        mapEach(value, (item, key) => {
          push(key, '{key}')
          push(item, '{value}')
        })
      )
    }
    if (inherits(value, Prototypes.WeakRef)) tries(() => push(deref(value), '.deref()'))
    if (inherits(value, Prototypes.Table)) {
      tries(() => {
        const count = tableLength(value)
        for (let i = 0; i < count; i++) tries(() => push(tableGet(value, i), `[${i}]`))
      })
    }
    if (!inherits(value, Prototypes.Promise)) return
    tries(() => {
      const note = (what) => (result) => {
        promises[promises.length] = { value: result, path: `${path} ${what}` }
      }
      then(value, note('resolved'), note('rejected'))
    })
  }

  const seen = new TrueSet()

  /** Walks from `queue`; gives the paths of all that is foreign. `promises` gets what settles later. */
  const explore = (queue, promises) => {
    const findings = []
    let count = queue.length
    for (let at = 0; at < count; at++) {
      const { value: given, path } = queue[at]
      queue[at] = undefined
      if (given === undefined || given === null) continue
      const value = TrueObject(given) // a string leads to String.prototype
      if (setHas(seen, value)) continue
      if (value !== given) {
        queue[count++] = { value: getPrototypeOf(value), path: `${path}.__proto__` }
        continue
      }
      setAdd(seen, value)
      const why = foreign(value)
      if (why !== '') {
        findings[findings.length] = `${path}: ${why}`
        continue
      }
      properties(queue, value, path)
      results(queue, value, path)
      contents(queue, value, path, promises)
      queue[queue.length] = { value: getPrototypeOf(value), path: `${path}.__proto__` }
      count = queue.length
    }
    return findings
  }

  const kept = new TrueMap()
  const settled = []

  return {
    foreign,
    /** Tells the walker of an object of the host. No function of the host may ever run in here. */
    know: (value) => {
      setAdd(ofHost, value)
    },
    /** Remembers a value under a name, for `kept` and as a root of the walk. */
    keep: (key, value) => {
      mapSet(kept, key, value)
      return value
    },
    kept: (key) => mapGet(kept, key),
    /** Walks what was kept under these names. Gives findings, one to a line, and objects seen. */
    walk: (...names) => {
      const queue = []
      for (let i = 0; i < names.length; i++) {
        queue[i] = { value: mapGet(kept, names[i]), path: names[i] }
      }
      const findings = explore(queue, settled)
      return { findings: findings.join('\n'), objects: seen.size }
    },
    /** Walks what promises found before have settled with meanwhile. */
    walkSettled: () => {
      const queue = []
      const count = settled.length
      for (let i = 0; i < count; i++) queue[i] = settled[i]
      settled.length = 0
      const findings = explore(queue, settled)
      return { findings: findings.join('\n'), objects: seen.size, more: settled.length }
    },
    /** True once the walk has come across `value`. */
    reached: (value) => setHas(seen, value),
    forget: () => {
      apply(TrueSet.prototype.clear, seen, [])
    }
  }
})
