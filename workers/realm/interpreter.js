// Boots one Pyodide in the realm and gives the host the few functions by which it drives it. All of
// them take and return numbers and strings. Errors of the realm end in here: the host gets a text.
;(function interpreter(primordials, host, parts) {
  const { guard, guardStateless, promiseThen, memoryBuffer, objectCreate } = primordials
  const { loadPyodide, createPyodideModule, face, channel, files, tmp, syscalls, privateApi } =
    parts
  const { snapshot } = parts
  // These three are called from reactions and by the host only, at the foot of the stack.
  const hostStage = guardStateless(host.stage)
  const hostDone = guardStateless(host.done)
  const hostReply = guardStateless(host.reply)
  const hostLog = guard(host.log)

  let memory
  let pyodide
  let boundary
  let serve
  let fileSystem

  /** A short text for whatever was thrown, without trusting any of it. */
  const describe = (error) => {
    try {
      const name = error.name
      const message = error.message
      const text = typeof message === 'string' && message !== '' ? message : 'no message'
      return typeof name === 'string' ? `${name}: ${text}` : text
    } catch {
      return 'an error that cannot be described'
    }
  }

  const line = (stream) => (text) => {
    if (typeof text === 'string') hostLog(30, stream, text)
  }

  const configuration = (options, restoring) => ({
    ...restoring?.options,
    indexURL: '/wasgi/',
    packageBaseUrl: '/wasgi/',
    lockFileContents: options.lockFile,
    jsglobals: objectCreate(null),
    env: options.env,
    stdin: () => null,
    stdout: line('stdout'),
    stderr: line('stderr'),
    createPyodideModule: (settings) => {
      settings.print = line('stdout')
      settings.printErr = line('stderr')
      return promiseThen(createPyodideModule(settings), (module) => {
        if (restoring === undefined) return module
        mount(module.FS)
        snapshot.fillModule(module, options.memoryBytes, restoring.state)
        return module
      })
    }
  })

  /** Puts our functions between the wasm module and Emscripten's, before it is instantiated. */
  const hook = () => {
    face.hooks.imports = (imports) => {
      const environment = privateApi.environmentOf(imports)
      snapshot.watch(environment)
      syscalls.wrap(
        environment,
        () => memoryBuffer(memory),
        () => fileSystem
      )
    }
    face.hooks.instance = (instance) => {
      memory = instance.exports.memory
    }
  }

  const mount = (ofModule) => {
    fileSystem = ofModule
    files.mountAll(fileSystem)
  }

  const start = async (options) => {
    const restoring = options.state === undefined ? undefined : snapshot.restoring(options.state)
    hook()
    hostStage('instantiate')
    pyodide = await loadPyodide(configuration(options, restoring))
    face.hooks.imports = undefined
    face.hooks.instance = undefined
    privateApi.removeLiteralMap(pyodide)
    hostStage('mount')
    if (restoring === undefined) mount(privateApi.fileSystem(pyodide))
    tmp.limit(fileSystem, options.tmpLimitBytes)
    hostStage('gateway')
    if (restoring === undefined) begin(options)
    else snapshot.restoreFiles(fileSystem, restoring.state)
    boundary = pyodide.pyimport('wasgi.boundary')
    if (restoring === undefined) boundary.configure(options.configure)
    serve = boundary.serve
    face.serveBy(privateApi.addressOf(pyodide, serve))
    if (restoring !== undefined) snapshot.mark(pyodide, fileSystem, restoring.state)
    // Python looks for signals from now on, by face.takeSignal; what the buffer is does not matter. A guest
    // can put an end to that, and is then ended the harder way.
    pyodide.setInterruptBuffer(objectCreate(null))
    return buffers()
  }

  /** What a captured interpreter has behind it. */
  const begin = (options) => {
    snapshot.started(pyodide)
    pyodide.registerJsModule('_wasgi_host', channel.module)
    pyodide.runPython(`import sys; sys.path.insert(0, ${options.gatewayPath})`)
  }

  /** Addresses of the three buffers that Python and the host share, as `address,length` pairs. */
  const buffers = () => {
    const pinned = [boundary.request_buffer, boundary.response_buffer, boundary.input_buffer]
    const texts = []
    for (let i = 0; i < 3; i++) {
      const view = pinned[i].getBuffer('u8') // never released: an exported bytearray cannot move
      texts[i] = `${view.data.byteOffset},${view.data.byteLength}`
    }
    return texts.join(';')
  }

  const failed = (error) => hostReply(0, describe(error))

  return {
    /** Boots; ends in host.reply(1, addresses) or host.reply(0, what went wrong). */
    boot: (optionsText) => {
      promiseThen(
        start(primordials.jsonParse(optionsText)),
        (addresses) => hostReply(1, addresses),
        failed
      )
    },
    /** Calls a function of wasgi.boundary; ends in host.reply(1, json) or host.reply(0, text). */
    call: (name, text) => {
      try {
        if (name === 'resume') privateApi.reseedSqlite(pyodide)
        promiseThen(boundary[name].callPromising(text), (json) => hostReply(1, `${json}`), failed)
      } catch (error) {
        failed(error)
      }
    },
    /** Captures what is not memory: ends in host.reply(1, json), see realm/snapshot.js. */
    capture: () => {
      try {
        hostReply(1, snapshot.capture(pyodide, fileSystem))
      } catch (error) {
        failed(error)
      }
    },
    /** Why it cannot be wiped now, by host.reply(0, reason); or does it, and host.reply(1, ''). */
    wipe: () => {
      try {
        const obstacle = snapshot.obstacle(pyodide, fileSystem)
        if (obstacle === '') snapshot.wipe(fileSystem)
        hostReply(obstacle === '' ? 1 : 0, obstacle)
      } catch (error) {
        failed(error)
      }
    },
    /** Serves what lies in the request buffer; ends in host.done(outcome, text). */
    serve: () => {
      face.enter()
      try {
        promiseThen(
          serve.callPromising(),
          (outcome) => hostDone(typeof outcome === 'number' ? outcome : -1, ''),
          (error) => hostDone(-1, describe(error))
        )
      } catch (error) {
        hostDone(-1, describe(error))
      }
    },
    settle: channel.settle,
    fireTimer: face.fireTimer,
    interrupt: face.interrupt,
    /** The wasm memory's current ArrayBuffer; it is another one after each growth. */
    memory: () => memoryBuffer(memory)
  }
})
