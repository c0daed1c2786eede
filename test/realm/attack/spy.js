// Replaces every intrinsic of the realm by one that works as before and looks at whatever passes
// through it: receivers, arguments, results, errors. What the host or the glue does with an intrinsic
// that a guest can replace shows itself here, whichever intrinsic it is.
;(function spy(walker) {
  const { apply, construct, ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect
  const reflectGet = Reflect.get
  const RealmObject = Object.prototype
  const { defineProperty, create, setPrototypeOf } = Object
  const TrueProxy = Proxy
  const TrueSet = Set
  const TrueString = String
  const { foreign } = walker
  const setHas = apply(Function.prototype.bind, Function.prototype.call, [Set.prototype.has])
  const setAdd = apply(Function.prototype.bind, Function.prototype.call, [Set.prototype.add])
  const global = globalThis

  const findings = []
  let passed = 0
  const look = (value, where) => {
    passed++
    const why = foreign(value)
    if (why !== '' && findings.length < 100) findings[findings.length] = `${where}: ${why}`
    return value
  }
  const lookAll = (values, where) => {
    for (let i = 0; i < values.length; i++) look(values[i], where)
  }

  /** The function itself, but for an onlooker. */
  const watched = (target, where) =>
    new TrueProxy(target, {
      __proto__: null,
      apply: (_target, self, args) => {
        look(self, `receiver of ${where}`)
        lookAll(args, `argument of ${where}`)
        let result
        try {
          result = apply(target, self, args)
        } catch (error) {
          throw look(error, `thrown by ${where}`)
        }
        return look(result, `result of ${where}`)
      },
      construct: (_target, args, newTarget) => {
        lookAll(args, `argument of new ${where}`)
        return look(construct(target, args, newTarget), `result of new ${where}`)
      }
    })

  /** Every intrinsic, by following own properties and prototypes from the global object. */
  const intrinsics = () => {
    const seen = new TrueSet()
    const queue = [{ object: global, path: 'globalThis' }]
    for (let at = 0; at < queue.length; at++) {
      const { object, path } = queue[at]
      if ((typeof object !== 'object' && typeof object !== 'function') || object === null) continue
      if (setHas(seen, object)) continue
      setAdd(seen, object)
      const keys = ownKeys(object)
      for (let i = 0; i < keys.length; i++) {
        const { value } = getOwnPropertyDescriptor(object, keys[i])
        queue[queue.length] = { object: value, path: `${path}.${TrueString(keys[i])}` }
      }
      queue[queue.length] = { object: getPrototypeOf(object), path: `${path}.__proto__` }
    }
    return queue
  }

  const replace = (object, key, where) => {
    const found = getOwnPropertyDescriptor(object, key)
    if (found.configurable !== true && found.writable !== true) return
    const next = create(null)
    for (const part of ['value', 'get', 'set']) {
      next[part] = typeof found[part] === 'function' ? watched(found[part], where) : found[part]
    }
    if (next.get !== undefined || next.set !== undefined) {
      defineProperty(object, key, {
        __proto__: null,
        get: next.get,
        set: next.set,
        configurable: found.configurable
      })
    } else if (typeof found.value === 'function') {
      defineProperty(object, key, { __proto__: null, value: next.value })
    }
  }

  /** Below each prototype: sees every name that is looked up in vain, and every value so assigned. */
  const net = (path) =>
    new TrueProxy(create(RealmObject), {
      __proto__: null,
      set: (_target, key, value, receiver) => {
        look(value, `${path} set ${TrueString(key)}`)
        look(receiver, `receiver of ${path} set ${TrueString(key)}`)
        return defineProperty(receiver, key, {
          __proto__: null,
          value,
          writable: true,
          enumerable: true,
          configurable: true
        })
      },
      get: (target, key, receiver) => {
        look(receiver, `${path} get ${TrueString(key)}`)
        return reflectGet(target, key, receiver)
      }
    })

  return {
    /** Replaces everything that can be. Gives how many objects it went through. */
    watchAll: () => {
      const all = intrinsics()
      for (let at = 0; at < all.length; at++) {
        const { object, path } = all[at]
        if ((typeof object !== 'object' && typeof object !== 'function') || object === null)
          continue
        const keys = ownKeys(object)
        for (let i = 0; i < keys.length; i++) {
          replace(object, keys[i], `${path}.${TrueString(keys[i])}`)
        }
      }
      return all.length
    },
    /** Spreads a net between each prototype and Object.prototype. */
    spreadNets: () => {
      const names = ownKeys(global)
      for (let i = 0; i < names.length; i++) {
        const { prototype } = global[names[i]] ?? {}
        if (prototype === undefined || getPrototypeOf(prototype) !== RealmObject) continue
        setPrototypeOf(prototype, net(TrueString(names[i])))
      }
    },
    /** Accessors on Object.prototype for one name; gives a function that removes them again. */
    lay: (name) => {
      const before = getOwnPropertyDescriptor(Object.prototype, name)
      if (before !== undefined && before.configurable !== true) return () => {}
      defineProperty(Object.prototype, name, {
        __proto__: null,
        configurable: true,
        get() {
          look(this, `Object.prototype.${TrueString(name)} get`)
          return undefined
        },
        set(value) {
          look(this, `receiver of Object.prototype.${TrueString(name)} set`)
          look(value, `Object.prototype.${TrueString(name)} set`)
          const own = {
            __proto__: null,
            value,
            writable: true,
            enumerable: true,
            configurable: true
          }
          defineProperty(this, name, own)
        }
      })
      return () => {
        delete Object.prototype[name]
        if (before !== undefined)
          defineProperty(Object.prototype, name, { __proto__: null, ...before })
      }
    },
    look,
    report: () => findings.join('\n'),
    passed: () => passed
  }
})
