// Makes functions of JavaScript callable through the function table. Emscripten compiles a wasm module
// for each, and its start needs more than two hundred; here one module wraps them all.
;(function wrappers(primordials) {
  const { freeze, uncurry, Uint8Array: RealmUint8Array } = primordials
  const { WebAssemblyModule, WebAssemblyInstance } = primordials
  const RealmMap = Map
  const MapGet = uncurry(Map.prototype.get)
  const MapSet = uncurry(Map.prototype.set)
  const MapDelete = uncurry(Map.prototype.delete)
  const charCodeAt = uncurry(String.prototype.charCodeAt)

  // WebAssembly core specification, chapter 5. Letters are Emscripten's.
  const TYPES = { __proto__: null, i: 0x7f, p: 0x7f, j: 0x7e, f: 0x7d, d: 0x7c, e: 0x6f }
  const TYPE_SECTION = 1
  const IMPORT_SECTION = 2
  const EXPORT_SECTION = 7
  const FUNCTION = 0

  const add = (list, value) => {
    list[list.length] = value
  }
  const addAll = (list, values) => {
    for (let i = 0; i < values.length; i++) add(list, values[i])
  }

  /** An unsigned number as LEB128. */
  const addNumber = (list, value) => {
    let rest = value
    while (rest > 0x7f) {
      add(list, (rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    add(list, rest)
  }

  const addName = (list, name) => {
    addNumber(list, name.length)
    for (let i = 0; i < name.length; i++) add(list, charCodeAt(name, i))
  }

  const addSection = (list, id, count, content) => {
    const whole = []
    addNumber(whole, count)
    addAll(whole, content)
    add(list, id)
    addNumber(list, whole.length)
    addAll(list, whole)
  }

  /** `vii`: nothing from two i32. The first letter is the result. */
  const addType = (list, signature) => {
    add(list, 0x60)
    addNumber(list, signature.length - 1)
    for (let i = 1; i < signature.length; i++) add(list, TYPES[signature[i]])
    if (signature[0] === 'v') add(list, 0)
    else addAll(list, [1, TYPES[signature[0]]])
  }

  /** A module that exports each of its imports `e.0`, `e.1` … under the same number. */
  const moduleFor = (functions) => {
    const types = []
    const imports = []
    const exports = []
    const known = new RealmMap()
    for (let i = 0; i < functions.length; i++) {
      const { sig } = functions[i]
      if (MapGet(known, sig) === undefined) {
        MapSet(known, sig, known.size)
        addType(types, sig)
      }
      addName(imports, 'e')
      addName(imports, `${i}`)
      add(imports, FUNCTION)
      addNumber(imports, MapGet(known, sig))
      addName(exports, `${i}`)
      add(exports, FUNCTION)
      addNumber(exports, i)
    }
    const bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    addSection(bytes, TYPE_SECTION, known.size, types)
    addSection(bytes, IMPORT_SECTION, functions.length, imports)
    addSection(bytes, EXPORT_SECTION, functions.length, exports)
    return new RealmUint8Array(bytes)
  }

  const ready = new RealmMap()

  return freeze({
    __proto__: null,
    /** Wraps all of these at once, by their `sig`, for `take` to give out. */
    prepare: (functions) => {
      if (functions.length === 0) return
      const imports = { __proto__: null }
      for (let i = 0; i < functions.length; i++) imports[i] = functions[i]
      const module = new WebAssemblyModule(moduleFor(functions))
      const { exports } = new WebAssemblyInstance(module, { e: imports })
      for (let i = 0; i < functions.length; i++) MapSet(ready, functions[i], exports[i])
    },
    /** The wrapper that was made for this function, once; undefined if there is none. */
    take: (func, sig) => {
      const wrapped = func.sig === sig ? MapGet(ready, func) : undefined
      MapDelete(ready, func)
      return wrapped
    }
  })
})
