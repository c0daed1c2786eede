// Open files of the granted folders, as Emscripten's stream operations. A stream carries the host's
// id of its open file as `shared.hostFile`; ids name nothing but this interpreter's own files, so a
// guest that invents one reaches nothing new. Connected by files.js.
;(function streams(primordials, host) {
  const { guard, guardStateless, number, string, freeze, Uint8Array: RealmUint8Array } = primordials
  const { typedArrayBuffer, typedArrayOffset, StringSplit, NumberParse } = primordials
  const { MathMin, MathMax } = primordials

  const hostFstat = guardStateless(host.fstat)
  const hostOpen = guard(host.open)
  const hostRelease = guard(host.release)
  const hostClose = guard(host.close)
  const hostRead = guardStateless(host.read)
  const hostWrite = guardStateless(host.write)
  const hostResize = guard(host.resize)
  const hostSync = guard(host.sync)
  const hostSyncFolder = guard(host.syncFolder)
  const hostFchmod = guard(host.fchmod)

  const EINVAL = 28
  const ENODEV = 43
  const EROFS = 69
  const S_IFMT = 0o170000
  const S_IFDIR = 0o040000
  const S_IFREG = 0o100000
  const O_ACCMODE = 3
  const O_APPEND = 1024
  const SEEK_CUR = 1
  const SEEK_END = 2
  const MAP_PRIVATE = 2

  // Of files.js and Emscripten, given before any guest code runs.
  let nodes
  let closeStream
  let memoryMap

  const ask = (call, a, b, c, d, e) => nodes.ask(call, a, b, c, d, e)
  const isFile = (stream) => stream.shared.hostFile !== undefined
  const idOf = (stream) => number(stream.shared.hostFile)
  const sizeOf = (stream) => NumberParse(StringSplit(ask(hostFstat, idOf(stream)), ',')[1])
  const isWritable = (stream) => nodes.mountOf(stream.node).writable

  const openFile = (stream) => {
    const { node } = stream
    const made = nodes.takeMade(node)
    if (made !== 0) return made
    try {
      const flags = number(stream.flags) & (O_ACCMODE | O_APPEND)
      return ask(hostOpen, number(node.grant), string(node.path), flags, 0)
    } catch (error) {
      closeStream(stream.fd) // FS.open would leave it in the table of descriptors for good
      throw error
    }
  }

  const open = (stream) => {
    const { node, shared } = stream
    node.answer = undefined // it was for the lookup, and this node lives on
    if ((node.mode & S_IFMT) === S_IFDIR) {
      stream.node = nodes.listedNode(node)
      return
    }
    shared.hostFile = openFile(stream)
    shared.handles = 1
  }

  const close = (stream) => {
    if (!isFile(stream)) return
    const { shared } = stream
    shared.handles = number(shared.handles) - 1
    ask(shared.handles === 0 ? hostClose : hostRelease, idOf(stream))
  }

  const transfer = (call, stream, buffer, offset, length, position) =>
    ask(
      call,
      idOf(stream),
      typedArrayBuffer(buffer),
      typedArrayOffset(buffer) + number(offset),
      number(length),
      number(position)
    )

  const seek = (stream, offset, whence) => {
    let position = number(offset)
    if (whence === SEEK_CUR) position += number(stream.position)
    else if (whence === SEEK_END && isFile(stream)) position += sizeOf(stream)
    if (position < 0) nodes.fail(EINVAL)
    return position
  }

  const change = (stream, attr) => {
    if (!isFile(stream)) return nodes.changeNode(stream.node, attr)
    if (!isWritable(stream)) nodes.fail(EROFS)
    const { size, mode } = attr
    if (size !== undefined) ask(hostResize, idOf(stream), number(size))
    if (mode != null) ask(hostFchmod, idOf(stream), number(mode))
  }

  const sync = (stream) => {
    const { node } = stream
    if (isFile(stream)) ask(hostSync, idOf(stream), false)
    else if (isWritable(stream)) ask(hostSyncFolder, number(node.grant), string(node.path))
    return 0
  }

  const map = (stream, length, position, prot, flags) => {
    const shared = (number(flags) & MAP_PRIVATE) === 0
    // A copy would not see what others write. Refused, SQLite reads instead of mapping, and does not
    // enter its WAL mode, which would need memory that workers share.
    if (shared && isWritable(stream)) nodes.fail(ENODEV)
    const wanted = MathMax(0, MathMin(number(length), sizeOf(stream) - number(position)))
    const contents = new RealmUint8Array(wanted)
    let got = 0
    while (got < wanted) {
      const count = transfer(hostRead, stream, contents, got, wanted - got, position + got)
      if (count === 0) break
      got += count
    }
    const source = { node: { mode: S_IFREG | 0o444, contents } }
    return memoryMap(source, length, 0, prot, flags | MAP_PRIVATE)
  }

  const operations = freeze({
    __proto__: null,
    open,
    close,
    dup: (stream) => {
      const { shared } = stream
      if (isFile(stream)) shared.handles = number(shared.handles) + 1
    },
    read: (stream, buffer, offset, length, position) =>
      transfer(hostRead, stream, buffer, offset, length, position),
    write: (stream, buffer, offset, length, position) => {
      const at = (number(stream.flags) & O_APPEND) !== 0 ? -1 : position
      return transfer(hostWrite, stream, buffer, offset, length, at)
    },
    llseek: seek,
    getattr: (stream) =>
      isFile(stream)
        ? nodes.attributes(ask(hostFstat, idOf(stream)))
        : nodes.describeNode(stream.node),
    setattr: change,
    fsync: sync,
    mmap: map
  })

  return freeze({
    __proto__: null,
    /** Takes what files.js offers and Emscripten's own functions; gives the stream operations. */
    connect: (FS, offered) => {
      nodes = offered
      closeStream = FS.closeStream
      memoryMap = FS.filesystems.MEMFS.stream_ops.mmap
      return operations
    }
  })
})
