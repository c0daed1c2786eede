// Closes, before any guest code runs, the ways by which Node itself would run host JavaScript on the
// guest's stack. Evaluated in the realm once; it must not be handed anything of the host.
;(function lockdown() {
  // Node formats every `error.stack` with a JavaScript function of the host realm. At the end of the
  // stack that function throws a host RangeError straight into the guest, and a guest-defined
  // Error.prepareStackTrace would be called by it. Without a numeric limit V8 records no stack at
  // all, so neither happens. V8 looks for a data property, so an accessor counts as no limit, and
  // Pyodide's own assignments to it do nothing. Fixed: the guest reaches this constructor through
  // any error.
  const fixed = { get: () => 0, set: () => {}, configurable: false, enumerable: false }
  Object.defineProperty(Error, 'stackTraceLimit', fixed)
  Object.defineProperty(Error, 'prepareStackTrace', { ...fixed, get: () => undefined })

  // Both call Node's fetch glue with whatever they are given and reject with host errors.
  delete WebAssembly.compileStreaming
  delete WebAssembly.instantiateStreaming

  // V8 puts a console into every context; it reports to the host's inspector.
  delete globalThis.console
})
