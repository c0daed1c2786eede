// Captures, restores and wipes what of an interpreter is not wasm memory: the references that Python
// holds to JavaScript, files in memory, descriptors, timers, the current folder. The memory itself
// is copied by the host (boot/memory.ts), which never touches anything else. See
// docs/design/snapshots.md.
;(function snapshot(primordials, host, parts) {
  const { guard, string, number, uncurry, Error: RealmError } = primordials
  const { typedArrayBuffer, typedArrayOffset, typedArrayLength, jsonParse } = primordials
  const { privateApi, memoryFiles, linker, channel, face } = parts
  const hostKeepFile = guard(host.keepFile)
  const hostFillFile = guard(host.fillFile)
  const hostFillMemory = guard(host.fillMemory)
  const hostCloseFiles = guard(host.closeFiles)
  const jsonText = JSON.stringify
  const ObjectKeys = Object.keys
  const MapClear = uncurry(Map.prototype.clear)

  const O_ACCMODE = 3
  const O_TRUNC = 512
  const O_EXCL = 128
  const O_CREAT = 64
  const FIRST_FREE_FD = 3
  /** Entries of the function table that requests may leave behind in an interpreter, all together. */
  const SPARE_ENTRIES = 4096

  /** The map by which Python finds an object that it holds already. */
  let duplicates
  /** Set by `mark`: what a wipe goes back to. */
  let base

  // --- References -------------------------------------------------------------------------------

  const nameOf = (value) => {
    if (value === channel.module) return ''
    const names = ObjectKeys(channel.module)
    for (let i = 0; i < names.length; i++) {
      if (channel.module[names[i]] === value) return names[i]
    }
    return undefined
  }

  const describe = (value) => {
    try {
      const name = value?.constructor?.name
      return `${typeof value} ${typeof name === 'string' ? name : ''}`
    } catch {
      return typeof value
    }
  }

  /** The references as JSON. What only this interpreter can have is added to `strangers`. */
  const referencesText = (pyodide, strangers) =>
    privateApi.referencesText(pyodide, (value) => {
      const name = nameOf(value)
      if (name === undefined) strangers[strangers.length] = describe(value)
      return { host: name ?? '' }
    })

  const deserialize = ({ host: name }) => (name === '' ? channel.module : channel.module[name])

  // --- Descriptors ------------------------------------------------------------------------------

  /** Whether what is open under this descriptor can be opened again, and be the same. */
  const canReopen = (FS, stream, path) => {
    const { node } = stream
    if (!FS.isFile(node.mode) && !FS.isChrdev(node.mode)) return false
    const readOnly = (number(stream.flags) & O_ACCMODE) === 0
    if (node.grant !== undefined) return readOnly && stream.shared.hostFile !== undefined
    try {
      return FS.lookupPath(path, { follow: true }).node === node // not one that was unlinked
    } catch {
      return false
    }
  }

  const openStreams = (FS) => {
    const found = []
    const { streams } = FS
    for (let fd = FIRST_FREE_FD; fd < streams.length; fd++) {
      const stream = streams[fd]
      if (stream === undefined || stream === null) continue
      const path = stream.path
      const entry = { fd, path: typeof path === 'string' ? path : '', flags: stream.flags }
      entry.position = stream.position
      entry.again = canReopen(FS, stream, entry.path)
      found[found.length] = entry
    }
    return found
  }

  const closeStreams = (FS) => {
    const { streams } = FS
    for (let fd = FIRST_FREE_FD; fd < streams.length; fd++) {
      const stream = streams[fd]
      if (stream === undefined || stream === null) continue
      try {
        FS.close(stream)
      } catch {
        streams[fd] = null // whoever holds it on the host is told below
      }
    }
    hostCloseFiles()
  }

  const reopen = (FS, entries) => {
    for (let i = 0; i < entries.length; i++) {
      const { fd, path, flags, position } = entries[i]
      const stream = FS.open(path, flags & ~(O_TRUNC | O_EXCL | O_CREAT))
      stream.position = position
      if (stream.fd === fd) continue
      FS.streams[stream.fd] = null
      stream.fd = fd
      FS.streams[fd] = stream
    }
  }

  // --- Capture ----------------------------------------------------------------------------------

  const keepFile = (bytes) => {
    hostKeepFile(typedArrayBuffer(bytes), typedArrayOffset(bytes), typedArrayLength(bytes))
    return typedArrayLength(bytes)
  }

  const lasting = (FS, reasons) => {
    const streams = openStreams(FS)
    for (let i = 0; i < streams.length; i++) {
      const { fd, path, again } = streams[i]
      if (!again) {
        reasons[reasons.length] = `descriptor ${fd} is open on ${path === '' ? 'a socket' : path}`
      }
    }
    return streams
  }

  /** JSON: `{ reasons }` if it cannot be captured, else `{ state }`. Files go to the host. */
  const capture = (pyodide, FS) => {
    const reasons = []
    const strangers = []
    let references = ''
    try {
      references = referencesText(pyodide, strangers)
    } catch (error) {
      reasons[0] = `Python holds JavaScript that cannot be captured (${string(`${error?.message}`)})`
    }
    for (let i = 0; i < strangers.length; i++) {
      reasons[reasons.length] = `Python holds a JavaScript object: ${strangers[i]}`
    }
    const linked = linker.record(privateApi.module(pyodide), reasons)
    const streams = lasting(FS, reasons)
    if (reasons.length > 0) return string(jsonText({ reasons }))
    const files = memoryFiles.inventory(FS, keepFile)
    const buildId = privateApi.buildId(pyodide)
    const state = { buildId, references, linked, files, streams, folder: FS.currentPath }
    return string(jsonText({ state: jsonText(state), files, streams }))
  }

  // --- Restore ----------------------------------------------------------------------------------

  /** Options of loadPyodide for a state that `capture` gave, and the parsed state itself. */
  const restoring = (stateText) => {
    const state = jsonParse(stateText)
    const options = privateApi.restoreOptions(state.buildId, state.references, deserialize)
    return { state, options }
  }

  /**
   * Makes a module that was just instantiated what was captured: its extension modules loaded again,
   * to the same addresses, and the memory filled by the host. Throws if the addresses are not the same.
   */
  const fillModule = (module, bytes, { linked }) => {
    privateApi.growMemory(module, bytes)
    linker.replay(module, linked)
    hostFillMemory()
  }

  const restoreFiles = (FS, { files, streams, folder }) => {
    let at = 0
    memoryFiles.restore(FS, files, (bytes) => {
      hostFillFile(at, typedArrayBuffer(bytes))
      at += typedArrayLength(bytes)
    })
    reopen(FS, streams)
    FS.chdir(folder)
  }

  // --- Wipe -------------------------------------------------------------------------------------

  /** Every entry of the table of references, from the first to the last. */
  const readReferences = ({ get }) => {
    const all = []
    for (let i = 0; ; i++) {
      try {
        all[i] = get(i)
      } catch {
        return all
      }
    }
  }

  /** From here on `wipe` leads back to the state of this moment. */
  const mark = (pyodide, FS, state) => {
    const table = privateApi.references(pyodide)
    const held = readReferences(table)
    const standard = [FS.streams[0], FS.streams[1], FS.streams[2]]
    const code = privateApi.codeLoaded(pyodide)
    base = { table, held, standard, code, streams: state.streams, folder: state.folder }
    memoryFiles.mark(FS)
  }

  /** Why this interpreter cannot be wiped; '' when it can. */
  const obstacle = (pyodide, FS) => {
    if (base === undefined) return 'it was not restored from a snapshot'
    if (channel.isWaiting() || face.isSuspended())
      return 'a call of the application is still suspended'
    if (face.isScheduled()) return 'callbacks of the application are still scheduled'
    const { libraries, entries } = privateApi.codeLoaded(pyodide)
    if (libraries !== base.code.libraries) return 'it has loaded an extension module since'
    // An entry made since is only unused afterwards, but it stays.
    if (entries > base.code.entries + SPARE_ENTRIES) return 'it has made too many functions since'
    for (let fd = 0; fd < FIRST_FREE_FD; fd++) {
      if (FS.streams[fd] !== base.standard[fd]) return `descriptor ${fd} was replaced`
    }
    return ''
  }

  /** Puts everything but the memory back. The host copies that next, before any Python runs. */
  const wipe = (FS) => {
    const { table, held, streams, folder } = base
    face.forget()
    MapClear(duplicates)
    const now = readReferences(table).length
    for (let i = 0; i < held.length; i++) table.set(i, held[i])
    for (let i = held.length; i < now; i++) table.set(i, null)
    closeStreams(FS)
    memoryFiles.reset(FS)
    reopen(FS, streams)
    FS.chdir(folder)
  }

  return {
    watch: (environment) =>
      privateApi.watchDuplicates(environment, (map) => {
        if (duplicates !== undefined) throw new RealmError('there is one map for each interpreter')
        duplicates = map
      }),
    /** Called when Pyodide has started from nothing, before anything else. */
    started: (pyodide) => linker.begin(privateApi.module(pyodide)),
    capture,
    restoring,
    fillModule,
    restoreFiles,
    mark,
    obstacle,
    wipe
  }
})
