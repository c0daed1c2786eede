// The system calls that Emscripten only pretends to do: record locks (fcntl), flock and fdatasync.
// For files of the host they ask workers/host/files.ts; for all others (memory, devices) they stay
// what they were, which is right for files that no other worker can see.
;(function syscalls(primordials, host) {
  const { guard, number, freeze, StringSplit, NumberParse } = primordials
  const hostLock = guard(host.lock)
  const hostTestLock = guard(host.testLock)
  const hostFlock = guard(host.flock)
  const hostSync = guard(host.sync)
  const hostFstat = guard(host.fstat)
  const RealmInt32Array = Int32Array
  const { isSafeInteger } = Number
  const TO_THE_END = Infinity

  const EBADF = 8
  const EINVAL = 28
  const EIO = 29
  const EOVERFLOW = 61
  const F_GETLK = 12
  const F_SETLK = 13
  const F_SETLKW = 14
  const F_UNLCK = 2
  const SEEK_CUR = 1
  const SEEK_END = 2

  // struct flock of wasm32, in words: type and whence share the first, start and len take two each.
  const START = 2
  const LENGTH = 4
  const PID = 6
  const TWO_32 = 4294967296

  let fileSystemOf = () => undefined

  const streamOf = (fd) => {
    const fileSystem = fileSystemOf()
    return fileSystem === undefined ? undefined : fileSystem.streams[fd]
  }

  /** The host's id of the file behind a descriptor, or undefined. */
  const hostFileOf = (stream) => {
    const id = stream?.shared?.hostFile
    return typeof id === 'number' ? id : undefined
  }

  const readInt64 = (words, at) => (words[at] >>> 0) + words[at + 1] * TWO_32
  const writeInt64 = (words, at, value) => {
    words[at] = (value % TWO_32) | 0
    words[at + 1] = (value / TWO_32) | 0
  }

  /** Where l_start counts from, or a negative error number. */
  const originOf = (stream, id, whence) => {
    if (whence === 0) return 0
    if (whence === SEEK_CUR) return number(stream.position)
    if (whence !== SEEK_END) return -EINVAL
    const attributes = hostFstat(id)
    if (typeof attributes !== 'string') return attributes
    return NumberParse(StringSplit(attributes, ',')[1])
  }

  /** Does F_GETLK, F_SETLK or F_SETLKW with the struct at word `at`. */
  const recordLock = (stream, id, command, words, at) => {
    const type = (words[at] << 16) >> 16
    const origin = originOf(stream, id, words[at] >> 16)
    if (origin < 0) return origin
    const length = readInt64(words, at + LENGTH)
    let start = origin + readInt64(words, at + START)
    let end = start + length
    if (length === 0) end = TO_THE_END
    else if (length < 0) {
      end = start
      start = end + length
    }
    if (start < 0) return -EINVAL
    if (!isSafeInteger(start) || (end !== TO_THE_END && !isSafeInteger(end))) return -EOVERFLOW
    if (command !== F_GETLK) return hostLock(id, type, command === F_SETLKW, start, end)
    return report(words, at, hostTestLock(id, type, start, end))
  }

  /** Writes what F_GETLK found back into the struct. */
  const report = (words, at, found) => {
    if (typeof found !== 'string') return found
    if (found === '') {
      words[at] = (words[at] & ~0xffff) | F_UNLCK
      return 0
    }
    const fields = StringSplit(found, ',')
    const start = NumberParse(fields[1])
    const end = NumberParse(fields[2])
    words[at] = NumberParse(fields[0])
    writeInt64(words, at + START, start)
    writeInt64(words, at + LENGTH, end === TO_THE_END ? 0 : end - start)
    words[at + PID] = NumberParse(fields[3])
    return 0
  }

  /** Runs a call that must give an error number whatever happens: wasm cannot catch. */
  const settled = (call) => {
    try {
      const result = call()
      return typeof result === 'number' ? result : -EIO
    } catch {
      return -EIO
    }
  }

  const wrapFcntl = (original, memoryBuffer) => (fd, command, varargs) => {
    const isLock = command === F_GETLK || command === F_SETLK || command === F_SETLKW
    const stream = isLock ? streamOf(fd) : undefined
    const id = hostFileOf(stream)
    if (id === undefined) return original(fd, command, varargs)
    return settled(() => {
      const words = new RealmInt32Array(memoryBuffer())
      const at = (words[varargs >>> 2] >>> 0) >>> 2
      return recordLock(stream, id, command, words, at)
    })
  }

  const wrapFdatasync = (original) => (fd) => {
    const id = hostFileOf(streamOf(fd))
    return id === undefined ? original(fd) : settled(() => hostSync(id, true))
  }

  /** access(2) is told apart for the file system: see FS.nodePermissions in files.js. */
  const wrapFaccessat = (original) => (directory, path, mode, flags) => {
    const fileSystem = fileSystemOf()
    if (fileSystem === undefined) return original(directory, path, mode, flags)
    fileSystem.checkingAccess = true
    try {
      return original(directory, path, mode, flags)
    } finally {
      fileSystem.checkingAccess = false
    }
  }

  const replace = (environment, name, wrap) => {
    const original = environment[name]
    const wrapped = wrap(original)
    wrapped.sig = original.sig // Emscripten needs it to give side modules the same import
    environment[name] = wrapped
  }

  return freeze({
    __proto__: null,
    /**
     * Replaces the imports before instantiation. `memoryBuffer` gives the wasm memory's current
     * ArrayBuffer, `fileSystem` Emscripten's FS once there is one. fsync needs nothing: Emscripten
     * hands it to the stream operations.
     */
    wrap: (environment, memoryBuffer, fileSystem) => {
      fileSystemOf = fileSystem
      replace(environment, '__syscall_fcntl64', (original) => wrapFcntl(original, memoryBuffer))
      replace(environment, '__syscall_fdatasync', wrapFdatasync)
      replace(environment, '__syscall_faccessat', wrapFaccessat)
    },
    /** flock(2), which libc answers with success by itself. Gives 0 or the error number. */
    flock: (fd, operation) => {
      const stream = streamOf(number(fd))
      if (stream === undefined || stream === null) return EBADF
      const id = hostFileOf(stream)
      return id === undefined ? 0 : -settled(() => hostFlock(id, number(operation)))
    }
  })
})
