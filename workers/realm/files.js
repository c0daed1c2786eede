// The realm half of the file system: an Emscripten file system whose every question goes to the host
// (workers/host/files.ts). It keeps no answer longer than one call, so what changes on the host is
// seen at once. This file: names, folders, and how paths are walked; streams.js: open files.
// Guests can reach every function in here; none of them trusts an argument.
;(function files(primordials, host, streams) {
  const { guard, guardStateless, number, string, freeze, objectCreate, uncurry } = primordials
  const { StringSplit, StringSlice, NumberParse, MathMax, DateNew } = primordials
  const StringStartsWith = uncurry(String.prototype.startsWith)
  const StringIncludes = uncurry(String.prototype.includes)

  const hostStat = guardStateless(host.stat)
  const hostList = guardStateless(host.list)
  const hostOpen = guard(host.open)
  const hostClose = guard(host.close)
  const hostChmod = guard(host.chmod)
  const hostUtime = guard(host.utime)
  const hostTruncate = guard(host.truncate)
  const hostMkdir = guard(host.mkdir)
  const hostRmdir = guard(host.rmdir)
  const hostUnlink = guard(host.unlink)
  const hostRename = guard(host.rename)
  const mountLines = guard(host.mounts)()

  const EEXIST = 20
  const EINVAL = 28
  const EIO = 29
  const ENOENT = 44
  const EPERM = 63
  const EROFS = 69

  const S_IFMT = 0o170000
  const S_IFDIR = 0o040000
  const S_IFREG = 0o100000
  const O_ACCMODE = 3
  const O_RDWR = 2
  const O_CREAT = 64
  const O_EXCL = 128
  const O_APPEND = 1024
  /** Another worker can make or remove a file between Emscripten's two looks at it, this often. */
  const OPEN_ATTEMPTS = 8

  /** What is mounted: `{ grant, writable, path, prefix, root }`. */
  const mounts = []
  // Emscripten's own functions, taken in mountAll before any guest code runs.
  let FS
  let ErrnoError
  let FSNode
  let baseLookupPath
  let baseOpen
  let baseHashAddNode
  let streamOps

  /** The open(2) call under way: Emscripten makes a file in one step and opens it in another. */
  let opening
  /** The listing that was read last, for the lookups with which Emscripten follows each. */
  let listing

  const fail = (errno) => {
    throw new ErrnoError(errno)
  }

  /** Calls the host; a negative answer is an error number, and a failed call an input/output error. */
  const ask = (hostFunction, a, b, c, d, e) => {
    let result
    try {
      result = hostFunction(a, b, c, d, e)
    } catch {
      fail(EIO)
    }
    if (typeof result === 'number' && result < 0) fail(-result)
    return result
  }

  const child = (path, name) => (path === '' ? name : `${path}/${name}`)
  const mountOf = (node) => mounts[number(node.grant)]
  const writableMountOf = (node) => {
    const mount = mountOf(node)
    if (mount === undefined || !mount.writable) fail(EROFS)
    return mount
  }

  /** A node for something the host just answered for. Never hashed, so it is never found again. */
  const makeNode = (parent, name, grant, path, mode) => {
    const node = new FSNode(parent, name, mode, 0)
    node.grant = grant
    node.path = path
    node.node_ops = nodeOps
    node.stream_ops = streamOps
    return node
  }

  const attributes = (text) => {
    const fields = StringSplit(text, ',')
    const size = NumberParse(fields[1])
    return {
      mode: NumberParse(fields[0]),
      size,
      mtime: DateNew(NumberParse(fields[2])),
      ctime: DateNew(NumberParse(fields[3])),
      atime: DateNew(NumberParse(fields[4])),
      ino: NumberParse(fields[5]),
      dev: NumberParse(fields[6]),
      nlink: NumberParse(fields[7]),
      uid: 0,
      gid: 0,
      rdev: 0,
      blksize: 4096,
      blocks: (size + 511 - ((size + 511) % 512)) / 512
    }
  }

  const modeIn = (text) => NumberParse(StringSplit(text, ',', 1)[0])

  /** Keeps what stat said of a node for the one question that follows at once. */
  const statNode = (parent, name, grant, path) => {
    const text = ask(hostStat, grant, path)
    const node = makeNode(parent, name, grant, path, modeIn(text))
    node.answer = text
    return node
  }

  const describeNode = (node) => {
    const { answer } = node
    node.answer = undefined
    if (typeof answer === 'string') return attributes(answer)
    return attributes(ask(hostStat, number(node.grant), string(node.path)))
  }

  const changeNode = (node, change) => {
    const mount = writableMountOf(node)
    const path = string(node.path)
    const { size, mode, atime, mtime } = change
    if (size !== undefined) ask(hostTruncate, mount.grant, path, number(size))
    // Emscripten sets the mode of a file it just made; the host made it with that mode, and the
    // umask that goes with it.
    const made = opening !== undefined && opening.node === node
    if (mode != null && !made) ask(hostChmod, mount.grant, path, number(mode))
    if (atime != null || mtime != null) {
      const keep = NumberParse('NaN')
      ask(hostUtime, mount.grant, path, number(atime ?? keep), number(mtime ?? keep))
    }
  }

  const makeEntry = (parent, name, mode) => {
    const { grant } = writableMountOf(parent)
    const path = child(string(parent.path), string(name))
    const kind = number(mode) & S_IFMT
    if (kind === S_IFDIR) ask(hostMkdir, grant, path, mode)
    else if (kind !== S_IFREG) fail(EPERM)
    else if (opening === undefined || opening.node !== undefined) {
      ask(hostClose, ask(hostOpen, grant, path, O_CREAT, mode))
    } else {
      opening.id = ask(hostOpen, grant, path, O_CREAT | opening.flags, opening.mode)
    }
    const node = makeNode(mounts[grant].root, path, grant, path, mode)
    if (kind === S_IFREG && opening !== undefined) opening.node = node
    return node
  }

  /** The id under which `node` was just made and opened, or 0. */
  const takeMade = (node) => {
    if (opening === undefined || opening.node !== node) return 0
    const { id } = opening
    opening.id = 0
    return id
  }

  const readFolder = (node) => {
    const grant = number(node.grant)
    const path = string(node.path)
    const text = ask(hostList, grant, path)
    const entries = text === '' ? [] : StringSplit(text, '/')
    const kinds = objectCreate(null)
    const names = ['.', '..']
    for (let i = 0; i < entries.length; i++) {
      const name = StringSlice(entries[i], 1)
      kinds[name] = entries[i][0] === 'd' ? S_IFDIR | 0o555 : S_IFREG | 0o444
      names[i + 2] = name
    }
    listing = { grant, path, kinds }
    return names
  }

  /** What getdents64 asks of each name it was just given: only the kind counts, so the host rests. */
  const listedKind = (parent, name) => {
    if (listing !== undefined && listing.grant === parent.grant && listing.path === parent.path) {
      parent.kinds = listing.kinds
    }
    return parent.kinds === undefined ? undefined : parent.kinds[name]
  }

  const lookup = (parent, name) => {
    const grant = number(parent.grant)
    const path = child(string(parent.path), string(name))
    if (parent.listed !== true) return statNode(parent, name, grant, path)
    const kind = listedKind(parent, name)
    if (kind !== undefined) return makeNode(parent, name, grant, path, kind)
    // getdents64 skips this error number and no other: one name that vanished must not empty the
    // whole listing.
    return fail(EINVAL)
  }

  /** A folder's node for one open descriptor, by which lookup knows that getdents64 is asking. */
  const listedNode = (node) => {
    const grant = number(node.grant)
    const copy = makeNode(mounts[grant].root, node.name, grant, string(node.path), node.mode)
    copy.listed = true
    return copy
  }

  const nodeOps = freeze({
    __proto__: null,
    getattr: describeNode,
    setattr: changeNode,
    lookup,
    readdir: readFolder,
    mknod: makeEntry,
    rename: (node, folder, name) => {
      const { grant } = writableMountOf(node)
      const to = child(string(folder.path), string(name))
      ask(hostRename, grant, string(node.path), to)
    },
    unlink: (parent, name) => {
      const { grant } = writableMountOf(parent)
      ask(hostUnlink, grant, child(string(parent.path), string(name)))
    },
    rmdir: (parent, name) => {
      const { grant } = writableMountOf(parent)
      ask(hostRmdir, grant, child(string(parent.path), string(name)))
    },
    // A link is followed by the host, so one made in here could lead anywhere in the folder, and a
    // later change of what is granted could make it lead further.
    symlink: (parent) => {
      writableMountOf(parent)
      fail(EPERM)
    },
    readlink: () => fail(EINVAL)
  })

  /** The mount that holds an absolute path, unless the path needs Emscripten's own walk. */
  const plainMountOf = (path) => {
    for (let i = 0; i < mounts.length; i++) {
      const mount = mounts[i]
      if (!StringStartsWith(path, mount.prefix)) continue
      const odd = path[path.length - 1] === '/' || StringIncludes(path, '//')
      const dots = StringIncludes(path, '/./') || StringIncludes(path, '/../')
      const last = path[path.length - 1] === '.' && lastIsDots(path)
      return odd || dots || last ? undefined : mount
    }
    return undefined
  }

  const lastIsDots = (path) => {
    const before = path[path.length - 2]
    return before === '/' || (before === '.' && path[path.length - 3] === '/')
  }

  const parentPath = (path) => {
    let at = path.length
    while (at > 0 && path[at - 1] !== '/') at--
    return StringSlice(path, 0, MathMax(0, at - 1))
  }

  /**
   * FS.lookupPath for what is below our mounts, with one question to the host instead of one for
   * each folder on the way. A parent is taken to be a folder unasked: the call that needs it has
   * the whole path, and the host then says what is wrong with it.
   */
  const lookupPath = (path, options) => {
    if (typeof path !== 'string' || path === '') return baseLookupPath(path, options)
    let absolute = path
    if (path[0] !== '/') {
      const cwd = FS.currentPath
      if (typeof cwd !== 'string') return baseLookupPath(path, options)
      absolute = `${cwd}/${path}`
    }
    const mount = plainMountOf(absolute)
    if (mount === undefined) return baseLookupPath(path, options)
    const { root, grant, prefix } = mount
    const inner = StringSlice(absolute, prefix.length)
    if (options?.parent) {
      const parent = parentPath(inner)
      if (parent === '') return { path: mount.path, node: root }
      const node = makeNode(root, parent, grant, parent, S_IFDIR | 0o777)
      return { path: prefix + parent, node }
    }
    try {
      return { path: absolute, node: statNode(root, inner, grant, inner) }
    } catch (error) {
      if (options?.noent_okay && error?.errno === ENOENT) return { path: absolute }
      throw error
    }
  }

  /** FS.open, told apart from what it is made of, so that a new file is made and opened at once. */
  const open = (path, flags, mode) => {
    const outer = opening
    const given = typeof flags === 'number' ? flags : O_RDWR
    const mine = { node: undefined, id: 0, flags: given & (O_ACCMODE | O_APPEND), mode: 0o666 }
    if (typeof mode === 'number') mine.mode = mode
    opening = mine
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return baseOpen(path, flags, mode)
        } catch (error) {
          // Absent at the first look, there at the second: without O_EXCL that is no error.
          const raced = (given & (O_CREAT | O_EXCL)) === O_CREAT && error?.errno === EEXIST
          if (!raced || attempt === OPEN_ATTEMPTS) throw error
        }
      }
    } finally {
      opening = outer
      if (mine.id !== 0) ask(hostClose, mine.id)
    }
  }

  const mountOne = (line, grant) => {
    const path = StringSlice(line, 1)
    const mount = { grant, path, prefix: `${path}/`, writable: line[0] === 'w', root: undefined }
    mounts[grant] = mount
    FS.mkdirTree(path)
    const type = {
      mount: () => {
        const root = FS.createNode(null, '/', S_IFDIR | (mount.writable ? 0o777 : 0o555), 0)
        root.grant = grant
        root.path = ''
        root.node_ops = nodeOps
        root.stream_ops = streamOps
        return root
      }
    }
    mount.root = FS.mount(type, {}, path)
  }

  return freeze({
    __proto__: null,
    /** Mounts every grant. Called once, after boot and before any guest code. */
    mountAll: (fileSystem) => {
      FS = fileSystem
      ErrnoError = FS.ErrnoError
      FSNode = FS.FSNode
      baseLookupPath = FS.lookupPath
      baseOpen = FS.open
      baseHashAddNode = FS.hashAddNode
      streamOps = streams.connect(FS, {
        __proto__: null,
        ask,
        fail,
        mountOf,
        attributes,
        describeNode,
        changeNode,
        takeMade,
        listedNode
      })
      const lines = mountLines === '' ? [] : StringSplit(mountLines, '\n')
      for (let i = 0; i < lines.length; i++) mountOne(lines[i], i)
      const baseNodePermissions = FS.nodePermissions
      // Whether Python may is for the host to say when it does; only access(2) asks for the bits.
      FS.nodePermissions = (node, permissions) =>
        node.grant === undefined || FS.checkingAccess === true
          ? baseNodePermissions(node, permissions)
          : 0
      FS.lookupPath = lookupPath
      FS.open = open
      // Nodes cache their kind: one that is not in the table is asked for anew each time.
      FS.hashAddNode = (node) => {
        if (node.grant === undefined) baseHashAddNode(node)
      }
    }
  })
})
