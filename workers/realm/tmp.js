// The limit on what Python may keep in files of memory: /tmp, /home and wherever else MEMFS lets it
// write. It keeps an honest application from filling the machine; a hostile one can take memory of
// the realm without any file. It also tells memory-files.js of every change.
;(function tmp(primordials, touch) {
  const { freeze, uncurry, MathMax } = primordials
  const RealmSet = Set
  const SetHas = uncurry(Set.prototype.has)
  const SetAdd = uncurry(Set.prototype.add)
  const ObjectKeys = Object.keys

  const ENOSPC = 51
  /** What an empty file or folder is taken to need, so that a million of them is not free. */
  const NODE_BYTES = 1024

  const nameBytes = (name) => (typeof name === 'string' ? 2 * name.length : 0)
  const dataBytes = (node) => {
    if (typeof node.usedBytes === 'number') return node.usedBytes
    return nameBytes(node.link)
  }
  const sizeOf = (node) => NODE_BYTES + nameBytes(node.name) + dataBytes(node)

  /** Adds up a tree of MEMFS nodes and what is mounted in it, each node once. */
  const weigh = (root, seen) => {
    let total = 0
    const left = [root]
    let count = 1
    while (count > 0) {
      const node = left[--count]
      if (node === undefined || node === null || SetHas(seen, node)) continue
      SetAdd(seen, node)
      total += sizeOf(node)
      const mounted = node.mounted
      if (mounted !== null && mounted !== undefined) left[count++] = mounted.root
      // A folder's contents are its nodes by name; a file's are bytes, and it has usedBytes.
      if (node.contents === undefined || node.usedBytes !== undefined) continue
      const names = ObjectKeys(node.contents)
      for (let i = 0; i < names.length; i++) left[count++] = node.contents[names[i]]
    }
    return total
  }

  /** All that MEMFS holds, files included that were unlinked but are still open. */
  const measure = (FS) => {
    const seen = new RealmSet()
    let total = weigh(FS.root, seen)
    const { streams } = FS
    for (let i = 0; i < streams.length; i++) {
      const node = streams[i]?.node
      if (node !== undefined && typeof node.usedBytes === 'number') total += weigh(node, seen)
    }
    return total
  }

  /** Counts what is added; what is taken away is only noticed when the limit is reached. */
  const makeBudget = (FS, limitBytes) => {
    const { ErrnoError } = FS
    const limit = measure(FS) + limitBytes
    let used = limit - limitBytes
    return (bytes) => {
      if (!(bytes > 0)) return
      if (used + bytes > limit) used = measure(FS)
      if (used + bytes > limit) throw new ErrnoError(ENOSPC)
      used += bytes
    }
  }

  const wrapWrite = (write, spend) => (stream, buffer, offset, length, position, canOwn) => {
    spend(position + length - stream.node.usedBytes)
    touch(stream.node)
    return write(stream, buffer, offset, length, position, canOwn)
  }

  /** What costs nothing is still a change. */
  const watch = (folder, link, device) => {
    const { unlink, rmdir } = folder
    folder.unlink = (parent, name) => {
      touch(parent)
      return unlink(parent, name)
    }
    folder.rmdir = (parent, name) => {
      touch(parent)
      return rmdir(parent, name)
    }
    const kinds = [folder, link, device]
    for (let i = 0; i < kinds.length; i++) {
      const { setattr } = kinds[i]
      kinds[i].setattr = (node, change) => {
        touch(node)
        return setattr(node, change)
      }
    }
  }

  return freeze({
    __proto__: null,
    /** Allows `limitBytes` more than there is now. Called once, before any guest code. */
    limit: (FS, limitBytes) => {
      const { MEMFS } = FS.filesystems
      const { dir, file, link, chrdev } = MEMFS.ops_table
      const { mknod, symlink, rename } = dir.node
      const { setattr } = file.node
      const { write } = MEMFS.stream_ops
      const spend = makeBudget(FS, limitBytes)
      // In place: these objects are shared by all nodes of MEMFS, those made before included.
      dir.node.mknod = (parent, name, mode, dev) => {
        spend(NODE_BYTES + nameBytes(name))
        touch(parent)
        return mknod(parent, name, mode, dev)
      }
      dir.node.symlink = (parent, name, target) => {
        spend(NODE_BYTES + nameBytes(name) + nameBytes(target))
        touch(parent)
        return symlink(parent, name, target)
      }
      dir.node.rename = (node, folder, name) => {
        spend(MathMax(0, nameBytes(name) - nameBytes(node.name)))
        touch(folder)
        return rename(node, folder, name)
      }
      file.node.setattr = (node, change) => {
        if (typeof change.size === 'number') spend(change.size - node.usedBytes)
        touch(node)
        return setattr(node, change)
      }
      watch(dir.node, link.node, chrdev.node)
      file.stream.write = wrapWrite(write, spend)
      MEMFS.stream_ops.write = file.stream.write // what msync calls
    }
  })
})
