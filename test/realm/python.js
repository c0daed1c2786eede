// Boots Pyodide for test/realm/python.ts with the realm's parts, as realm/interpreter.js does, but
// without the gateway: a test runs expressions. Only texts leave it.
;(function python(primordials, host, parts) {
  const { memoryBuffer, guard } = primordials
  const { loadPyodide, createPyodideModule, face, files, tmp, syscalls, privateApi } = parts
  const ready = guard(host.ready)
  const failed = guard(host.failed)
  let memory
  let fileSystem
  let evaluate

  const start = async (lockFile, tmpLimitBytes) => {
    face.hooks.imports = (imports) => {
      syscalls.wrap(
        privateApi.environmentOf(imports),
        () => memoryBuffer(memory),
        () => fileSystem
      )
    }
    face.hooks.instance = (instance) => {
      memory = instance.exports.memory
    }
    const pyodide = await loadPyodide({
      indexURL: '/wasgi/',
      packageBaseUrl: '/wasgi/',
      lockFileContents: lockFile,
      jsglobals: Object.create(null),
      createPyodideModule
    })
    fileSystem = privateApi.fileSystem(pyodide)
    globalThis.guestFS = fileSystem // as a guest reaches it through pyodide_js
    files.mountAll(fileSystem)
    tmp.limit(fileSystem, tmpLimitBytes)
    pyodide.registerJsModule('_test_host', { flock: syscalls.flock, __proto__: null })
    pyodide.runPython('import sys; sys.dont_write_bytecode = True; sys.path.append("/guest")')
    evaluate = pyodide.pyimport('runner').evaluate
  }

  return {
    boot: (lockFile, tmpLimitBytes) => {
      start(lockFile, tmpLimitBytes).then(
        () => ready(),
        (error) => failed(`${error}`)
      )
    },
    evaluate: (expression) => `${evaluate(expression)}`
  }
})
