// Extension modules across captures. A library is JavaScript's: an instance, entries of the function
// table, addresses of symbols. None of it is in the memory, which is full of indices into that table.
// So a restore loads the same libraries to the same places, and fills the table as it was.
;(function linker(primordials, privateApi) {
  const { Error: RealmError, freeze } = primordials
  const RealmMap = Map
  const NOT_AS_IT_WAS = new RealmError('functions do not have the addresses that they had')

  /** Exports of the main module, and of each library by path: where a function can come from. */
  const origins = ({ exports, LDSO }, libraries) => {
    const all = [['', exports]]
    for (let i = 0; i < libraries.length; i++) {
      const { path } = libraries[i]
      all[i + 1] = [path, LDSO.loadedLibsByName[path].exports]
    }
    return all
  }

  /** Where each function is from, as `[path, name]`. */
  const namesByFunction = (linking, libraries) => {
    const found = new RealmMap()
    for (const [path, exports] of origins(linking, libraries)) {
      const names = Object.keys(exports)
      for (let i = 0; i < names.length; i++) {
        const value = exports[names[i]]
        if (typeof value === 'function' && !found.has(value)) found.set(value, [path, names[i]])
      }
    }
    return found
  }

  /**
   * The libraries in the order in which they were loaded: path, handle (the address of their
   * `struct dso`, musl's and Emscripten's) and where their data and functions lie. One that another
   * library brought along has no handle.
   */
  const libraries = ({ LDSO, words }) => {
    const handles = Object.keys(LDSO.loadedLibsByHandle).map(Number)
    const paths = Object.keys(LDSO.loadedLibsByName).filter((path) => path !== '__main__')
    return paths.map((path) => {
      const library = LDSO.loadedLibsByName[path]
      const handle = handles.find((each) => LDSO.loadedLibsByHandle[each] === library) ?? 0
      const memoryBase = words[(handle + 12) >>> 2]
      const tableBase = words[(handle + 20) >>> 2]
      return { path, handle, memoryBase, tableBase, global: library.global === true }
    })
  }

  /** Names the function in one slot of the table, or says in `reasons` that nobody can. */
  const describeSlot = (linking, index, names, reasons) => {
    const value = linking.table.get(index)
    if (value === null) return undefined
    const found = names.get(value)
    if (found !== undefined) return { index, path: found[0], name: found[1] }
    const { wasmImports, getFunctionAddress } = linking
    const imported = Object.keys(wasmImports).find(
      (name) =>
        typeof wasmImports[name] === 'function' && getFunctionAddress(wasmImports[name]) === index
    )
    if (imported !== undefined) return { index, path: 'js', name: imported }
    reasons[reasons.length] =
      `a function was made at run time (entry ${index} of the table), as a ctypes callback is`
    return undefined
  }

  const slots = (linking, loaded, reasons) => {
    const { table, start } = linking
    const names = namesByFunction(linking, loaded)
    const inside = (index) =>
      loaded.some(({ tableBase, tableEnd }) => index >= tableBase && index < tableEnd)
    const all = []
    for (let index = start; index < table.length; index++) {
      if (inside(index)) continue
      const slot = describeSlot(linking, index, names, reasons)
      if (slot !== undefined) all[all.length] = slot
    }
    return all
  }

  const addresses = ({ GOT }) => {
    const names = Object.keys(GOT)
    return names.map((name) => [name, GOT[name].value])
  }

  /** Remembers the table as Pyodide's own start leaves it; every start leaves it so. */
  const begin = (module) => {
    const { table } = privateApi.linker(module)
    privateApi.endOfStart(module, table.length)
  }

  /** All that `replay` needs. What cannot be had again is added to `reasons`. */
  const record = (module, reasons) => {
    const linking = privateApi.linker(module)
    const loaded = libraries(linking).map((library) => ({
      ...library,
      tableEnd: library.tableBase + linking.words[(library.handle + 24) >>> 2]
    }))
    for (const { path, handle } of loaded) {
      if (handle === 0) reasons[reasons.length] = `${path} was loaded by another extension module`
    }
    const { table, start } = linking
    const functions = slots(linking, loaded, reasons)
    return { start, loaded, functions, length: table.length, addresses: addresses(linking) }
  }

  const loadAgain = (module, { LDSO, load }, { path, handle, memoryBase, tableBase, global }) => {
    privateApi.placeLibrary(module, memoryBase, tableBase)
    try {
      load(path, { global, nodelete: true }, global ? null : {})
    } finally {
      privateApi.placeLibrary(module, 0, 0)
    }
    LDSO.loadedLibsByHandle[handle] = LDSO.loadedLibsByName[path]
  }

  /** The function that had this slot, as something that can be put into the table. */
  const functionOf = ({ table, exports, LDSO, wasmImports, addFunction }, { path, name }) => {
    if (path === '') return exports[name]
    if (path !== 'js') return LDSO.loadedLibsByName[path].exports[name]
    return table.get(addFunction(wasmImports[name], wasmImports[name].sig))
  }

  /**
   * Loads what was loaded, to where it was, in a module that was just instantiated and whose memory
   * is as large as it will be. Loading gives some functions a place behind all others; they are put
   * where they were afterwards. Throws if that cannot be.
   */
  const replay = (module, { start, loaded, functions, length, addresses: symbols }) => {
    const linking = privateApi.linker(module)
    const { table, GOT, put } = linking
    if (table.length !== start) throw NOT_AS_IT_WAS
    table.grow(length - start)
    for (let i = 0; i < loaded.length; i++) loadAgain(module, linking, loaded[i])
    for (let i = 0; i < functions.length; i++) {
      const found = functionOf(linking, functions[i])
      if (typeof found !== 'function') throw NOT_AS_IT_WAS
      put(found, functions[i].index)
    }
    for (let i = 0; i < symbols.length; i++) {
      const [name, value] = symbols[i]
      GOT[name] ??= new WebAssembly.Global({ value: 'i32', mutable: true })
      GOT[name].value = value
    }
  }

  return freeze({ __proto__: null, begin, record, replay })
})
