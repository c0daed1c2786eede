// Boots one Pyodide in the realm for the installer and gives its Python the module
// `_wasgi_install_host`: the index, the staging folder and progress, and nothing else. The wall's
// rules are in docs/design/realm.md; evaluated after realm/face.js.
;(function installer(primordials, host, parts) {
  const { guard, number, string, promiseThen, objectCreate, freeze, Promise } = primordials
  const { Uint8Array, typedArrayBuffer, typedArrayOffset, typedArrayLength } = primordials
  const { loadPyodide, createPyodideModule, face, privateApi } = parts
  const hostReply = guard(host.reply)
  const hostLog = guard(host.log)
  const hostFileName = guard(host.fileName)
  const hostFileLength = guard(host.fileLength)
  const hostFileRead = guard(host.fileRead)
  const hostGet = guard(host.get)
  const hostTake = guard(host.take)
  const hostWrite = guard(host.write)
  const hostProgress = guard(host.progress)

  const waiting = objectCreate(null)
  let lastTicket = 0
  let run

  /** A short text for whatever was thrown, without trusting any of it. */
  const describe = (error) => {
    try {
      const message = error.message
      return typeof message === 'string' ? message : 'no message'
    } catch {
      return 'an error that cannot be described'
    }
  }

  const failed = (error) => hostReply(0, describe(error))

  const module = freeze({
    __proto__: null,
    /** Begins a GET. The promise gives JSON about the answer; `take` then gives its body. */
    get: (url, kind) => {
      string(url)
      string(kind)
      return new Promise((resolve) => {
        const id = ++lastTicket
        waiting[id] = resolve
        hostGet(id, url, kind)
      })
    },
    /** The body of the answer `id`, once. */
    take: (id, length) => {
      const bytes = new Uint8Array(number(length))
      hostTake(number(id), typedArrayBuffer(bytes))
      return bytes
    },
    /** Writes a new file of the staging folder; '' or the reason why not. */
    write: (path, bytes, executable) =>
      hostWrite(
        string(path),
        typedArrayBuffer(bytes),
        typedArrayOffset(bytes),
        typedArrayLength(bytes),
        number(executable)
      ),
    progress: (kind, name, version, detail) =>
      hostProgress(string(kind), string(name), string(version), string(detail))
  })

  const line = (text) => {
    if (typeof text === 'string') hostLog(text)
  }

  const configuration = (lockFile) => ({
    indexURL: '/wasgi/',
    packageBaseUrl: '/wasgi/',
    lockFileContents: lockFile,
    jsglobals: objectCreate(null),
    env: { HOME: '/tmp' },
    stdin: () => null,
    stdout: line,
    stderr: line,
    createPyodideModule: (settings) => {
      settings.print = line
      settings.printErr = line
      return createPyodideModule(settings)
    }
  })

  /** Copies the vendored wheels and our own Python into the guest's memory file system. */
  const addFiles = (fileSystem, count) => {
    for (let i = 0; i < count; i++) {
      const path = string(hostFileName(i))
      const bytes = new Uint8Array(number(hostFileLength(i)))
      hostFileRead(i, typedArrayBuffer(bytes))
      fileSystem.mkdirTree(
        primordials.StringSlice(path, 0, primordials.StringLastIndexOf(path, '/'))
      )
      fileSystem.writeFile(path, bytes)
    }
  }

  const start = async (lockFile, searchPath, fileCount) => {
    const pyodide = await loadPyodide(configuration(lockFile))
    addFiles(privateApi.fileSystem(pyodide), fileCount)
    pyodide.registerJsModule('_wasgi_install_host', module)
    pyodide.runPython(`import sys; sys.path[:0] = ${searchPath}`)
    const boundary = pyodide.pyimport('wasgi_install.boundary')
    run = boundary.run
    return boundary.default_indexes()
  }

  return {
    /** Boots; ends in host.reply(1, JSON list of the default indexes) or host.reply(0, text). */
    boot: (lockFile, searchPath, fileCount) => {
      promiseThen(start(lockFile, searchPath, fileCount), (text) => hostReply(1, `${text}`), failed)
    },
    /** Runs one installation; ends in host.reply(1, JSON) or host.reply(0, text). */
    run: (text) => {
      try {
        promiseThen(run.callPromising(text), (json) => hostReply(1, `${json}`), failed)
      } catch (error) {
        failed(error)
      }
    },
    /** Called by the host: ends the wait `id` with a text. */
    settle: (id, text) => {
      const resolve = waiting[id]
      delete waiting[id]
      try {
        if (resolve !== undefined) resolve(text)
      } catch {
        // No error of the realm may reach the host.
      }
    },
    fireTimer: face.fireTimer
  }
})
