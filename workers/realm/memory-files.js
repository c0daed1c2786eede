// The files that Emscripten keeps in memory (/tmp, /home and the like) across captures and wipes.
// They are JavaScript objects, so they are not in the wasm memory: a capture takes them along, and a
// wipe puts the tree back as it was marked. Guests can reach all of it; nothing here trusts a node.
;(function memoryFiles(primordials) {
  const { freeze, objectCreate, number, string, uncurry, Uint8Array: RealmUint8Array } = primordials
  const { typedArraySubarray, typedArraySet } = primordials
  const RealmMap = Map
  const MapGet = uncurry(Map.prototype.get)
  const MapSet = uncurry(Map.prototype.set)
  const MapHas = uncurry(Map.prototype.has)
  const ObjectKeys = Object.keys

  const S_IFMT = 0o170000
  const S_IFDIR = 0o040000
  const S_IFREG = 0o100000
  const S_IFLNK = 0o120000
  /** Made anew by each boot, and never an application's own. */
  const NOT_CAPTURED = { __proto__: null, '/dev': true, '/proc': true, '/lib': true }

  const kindOf = (node) => number(node.mode) & S_IFMT
  const isFolder = (node) => kindOf(node) === S_IFDIR
  /** Folders of the host are mounted, and keep themselves. */
  const isOurs = (node) => node !== undefined && node !== null && node.mounted === null

  /** The children of a folder that are in memory, mount points left out. */
  const childrenOf = (node) => {
    const children = []
    const names = ObjectKeys(node.contents)
    for (let i = 0; i < names.length; i++) {
      const child = node.contents[names[i]]
      if (isOurs(child)) children[children.length] = child
    }
    return children
  }

  const bytesOf = (node) => typedArraySubarray(node.contents, 0, number(node.usedBytes))

  /** What is in memory, folders before what they hold; `keep` takes each file's bytes. */
  const inventory = (FS, keep) => {
    const entries = []
    const visit = (node, path) => {
      const children = childrenOf(node)
      for (let i = 0; i < children.length; i++) {
        const child = children[i]
        const childPath = `${path}/${string(child.name)}`
        if (NOT_CAPTURED[childPath] === true) continue
        const kind = kindOf(child)
        const entry = { path: childPath, mode: child.mode, mtime: number(child.mtime) }
        if (kind === S_IFREG) entry.size = keep(bytesOf(child))
        else if (kind === S_IFLNK) entry.link = string(child.link)
        else if (kind !== S_IFDIR) continue
        entries[entries.length] = entry
        if (kind === S_IFDIR) visit(child, childPath)
      }
    }
    visit(FS.root, '')
    return entries
  }

  const exists = (FS, path) => {
    try {
      return FS.lookupPath(path, { follow: false }).node
    } catch {
      return undefined
    }
  }

  /** Makes what an inventory names; `fill` puts a file's bytes into the array it is given. */
  const restore = (FS, entries, fill) => {
    for (let i = 0; i < entries.length; i++) {
      const { path, mode, size, link } = entries[i]
      if (typeof link === 'string') FS.symlink(link, path)
      else if (typeof size === 'number') {
        const bytes = new RealmUint8Array(size)
        fill(bytes)
        FS.writeFile(path, bytes, { canOwn: true })
        FS.chmod(path, mode)
      } else if (exists(FS, path) === undefined) FS.mkdir(path, mode)
    }
    // Afterwards, since whatever is made in a folder changes the folder's time.
    for (let i = 0; i < entries.length; i++) {
      const node = exists(FS, entries[i].path)
      if (node !== undefined) node.atime = node.mtime = node.ctime = entries[i].mtime
    }
  }

  // The tree as it was marked: `{ node, parent, name, mode, times, link, children, bytes }` by node.
  // A file's bytes are copied when it is first about to change, so a mark costs next to nothing.
  let marked
  let changed = false

  const record = (node, parent) => {
    const { name, mode, atime, mtime, ctime, link, contents, usedBytes } = node
    const children = isFolder(node) ? ObjectKeys(contents) : undefined
    const held = objectCreate(null)
    if (children !== undefined) {
      for (let i = 0; i < children.length; i++) held[children[i]] = contents[children[i]]
    }
    const bytes = { contents, usedBytes, copied: false }
    return { node, parent, name, mode, atime, mtime, ctime, link, children, held, bytes }
  }

  const mark = (FS) => {
    marked = new RealmMap()
    changed = false
    const visit = (node, parent) => {
      const entry = record(node, parent)
      MapSet(marked, node, entry)
      if (entry.children === undefined) return
      const children = childrenOf(node)
      for (let i = 0; i < children.length; i++) visit(children[i], node)
    }
    visit(FS.root, FS.root)
  }

  /** Called before a node of memory changes in any way. */
  const touch = (node) => {
    changed = true
    const bytes = marked === undefined ? undefined : MapGet(marked, node)?.bytes
    if (bytes === undefined || bytes.copied || bytes.usedBytes === undefined) return
    const copy = new RealmUint8Array(bytes.usedBytes)
    typedArraySet(copy, typedArraySubarray(bytes.contents, 0, bytes.usedBytes))
    bytes.contents = copy
    bytes.copied = true
  }

  const forget = (FS, node) => {
    if (isFolder(node)) {
      const children = childrenOf(node)
      for (let i = 0; i < children.length; i++) forget(FS, children[i])
    }
    FS.hashRemoveNode(node)
  }

  const putBack = (FS, entry) => {
    const { node, bytes, children, held } = entry
    FS.hashRemoveNode(node)
    node.parent = entry.parent
    node.name = entry.name
    node.mode = entry.mode
    node.link = entry.link
    if (children !== undefined) {
      node.contents = objectCreate(null)
      for (let i = 0; i < children.length; i++) node.contents[children[i]] = held[children[i]]
    } else if (bytes.copied) {
      const copy = new RealmUint8Array(bytes.usedBytes)
      typedArraySet(copy, bytes.contents)
      node.contents = copy
      node.usedBytes = bytes.usedBytes
    }
  }

  /** Puts the tree back as it was marked. */
  const reset = (FS) => {
    if (!changed) return
    const strangers = []
    const find = (node) => {
      const children = childrenOf(node)
      for (let i = 0; i < children.length; i++) {
        const child = children[i]
        if (!MapHas(marked, child)) strangers[strangers.length] = child
        else if (isFolder(child)) find(child)
      }
    }
    find(FS.root)
    for (let i = 0; i < strangers.length; i++) forget(FS, strangers[i])
    const entries = [...marked.values()]
    for (let i = 0; i < entries.length; i++) putBack(FS, entries[i])
    for (let i = 0; i < entries.length; i++) {
      const { node, atime, mtime, ctime } = entries[i]
      if (node !== FS.root) FS.hashAddNode(node)
      node.atime = atime
      node.mtime = mtime
      node.ctime = ctime
    }
    changed = false
  }

  return freeze({ __proto__: null, inventory, restore, mark, touch, reset })
})
