// The only file that touches what Pyodide does not promise to keep: underscored members and the
// Emscripten module behind them. Checked against the version pinned in package.json.
;(function privateApi() {
  return Object.freeze({
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
    environmentOf: (imports) => imports.env
  })
})
