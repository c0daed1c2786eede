// The only file that touches what Pyodide does not promise to keep: underscored members and the
// Emscripten module behind them. Checked against the version pinned in package.json.
;(function privateApi() {
  /** Pyodide's snapshot.ts: "\x00snp" and the length of the header before the JSON. */
  const SNAPSHOT_MAGIC = 1886286592
  const SNAPSHOT_HEADER_WORDS = 12

  return Object.freeze({
    /** Makes SQLite, which seeds its random numbers once, seed them again. */
    reseedSqlite: (pyodide) => {
      pyodide._module._sqlite3_randomness(0, 0)
    },
    /** Where the Python object of a proxy lies. */
    addressOf: (pyodide, proxy) => pyodide._module.PyProxy_getPtr(proxy),
    /** The Emscripten module behind it. */
    module: (pyodide) => pyodide._module,
    /** Emscripten's file system of this interpreter. */
    fileSystem: (pyodide) => pyodide._module.FS,
    /** True once Pyodide has declared the interpreter broken beyond use. */
    isFatal: (error) =>
      typeof error === 'object' && error !== null && error.pyodide_fatal_error === true,
    /**
     * Takes away Pyodide's only Proxy that asks the guest for every key it is asked for. Under a
     * promise it would be asked for symbols of Node's own: see docs/design/realm.md, "Promises".
     * Nothing uses it: `to_js` makes plain objects.
     */
    removeLiteralMap: (pyodide) => {
      delete pyodide._api.LiteralMap
    },
    /** Wraps the imports of the wasm module before it is instantiated. */
    environmentOf: (imports) => imports.env,

    /** Hash of Pyodide's scripts and wasm file, 64 hex digits. A snapshot fits no other build. */
    buildId: (pyodide) => pyodide._api.config.BUILD_ID,
    /**
     * What Python holds of JavaScript, as JSON. `serialize` names each object that Pyodide cannot;
     * it throws for what may not be held at all.
     */
    referencesText: (pyodide, serialize) =>
      JSON.stringify(pyodide._api.serializeHiwireState(serialize)),
    /**
     * Options of loadPyodide that restore: the header and the references of a snapshot, with no
     * memory behind them, since `fillMemory` has put that where it belongs.
     */
    restoreOptions: (buildId, references, deserialize) => {
      const length = references.length
      const end = SNAPSHOT_HEADER_WORDS * 4 + length
      const bytes = new Uint8Array(end + 16 - (end % 16))
      const words = new Uint32Array(bytes.buffer)
      words[0] = SNAPSHOT_MAGIC
      words[1] = bytes.length
      words[2] = length
      for (let i = 0; i < 8; i++) words[4 + i] = parseInt(buildId.slice(i * 8, i * 8 + 8), 16)
      for (let i = 0; i < length; i++) {
        bytes[SNAPSHOT_HEADER_WORDS * 4 + i] = references.charCodeAt(i)
      }
      return { _loadSnapshot: bytes, _snapshotDeserializer: deserialize }
    },
    /** Grows the wasm memory of a module that has just been instantiated. */
    growMemory: (module, bytes) => {
      if (module.HEAPU8.length < bytes) module.growMemory(bytes)
    },
    /** The table of JavaScript objects that Python holds, by index. `get` throws behind its end. */
    references: (pyodide) => {
      const { __hiwire_get, __hiwire_set } = pyodide._module
      return { get: __hiwire_get, set: __hiwire_set }
    },
    /** Lets `keep` have the map by which Python finds an object it holds already. */
    watchDuplicates: (environment, keep) => {
      const make = environment.__hiwire_deduplicate_new
      const watched = () => {
        const map = make()
        keep(map)
        return map
      }
      watched.sig = make.sig
      environment.__hiwire_deduplicate_new = watched
    },
    /** How much code there is besides what Pyodide has: libraries, and entries of the table. */
    codeLoaded: (pyodide) => {
      const { wasmTable, LDSO } = pyodide._module
      return { libraries: Object.keys(LDSO.loadedLibsByName).length, entries: wasmTable.length }
    },
    /** What realm/linker.js needs to load extension modules again; see boot/source.ts. */
    linker: (module) => {
      const { wasmTable, LDSO, HEAPU32, loadDynamicLibrary, wasgiLinker } = module
      return { table: wasmTable, LDSO, words: HEAPU32, load: loadDynamicLibrary, ...wasgiLinker }
    },
    /** The functions that Pyodide's start itself puts into the table end here. */
    endOfStart: (module, length) => {
      module.wasgiLinker.start = length
    },
    /** Where the next library's data and functions will lie; 0 for wherever there is room. */
    placeLibrary: (module, address, tableIndex) => {
      module.wasgiLinker.base = address
      module.wasgiLinker.tableBase = tableIndex
    }
  })
})
