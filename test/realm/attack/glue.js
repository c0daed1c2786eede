// Every function of the glue, with arguments it takes: what Python reaches of it through proxies, and
// all the rest that Pyodide's own scripts hold (the face), as if a guest had got hold of that, too.
;(function glue(walker) {
  const { apply, construct } = Reflect
  const pyodide = walker.kept('pyodide')
  const channel = walker.kept('channel')
  const face = walker.kept('face')
  const { FS } = pyodide
  const bytes = () => new Uint8Array([104, 195, 169, 255, 0, 1, 2, 3])
  const calls = []
  const add = (name, call, ...args) => {
    calls[calls.length] = { name, call, args }
  }

  // First, since odd arguments to the others can break Pyodide, and Python in a broken Pyodide may run
  // for ever.
  add('pyodide.runPython', pyodide.runPython, '1')
  const usual = { send: [2, 3], log: [30, 'stdout', 'text'], flock: [1, 2], processor_time: [0] }
  const telling = ['timed_out', 'memory_bytes', 'processor_time']
  for (const name of ['send', 'log', 'wake', 'flock', 'drain', 'pull', ...telling]) {
    const args = usual[name] ?? []
    add(`channel.${name}`, channel[name], ...args)
  }
  add('channel.suspend', channel.suspend, 1)
  add('channel.pbkdf2', channel.pbkdf2, 'sha256', bytes(), bytes(), 2, 32)
  add('channel.scrypt', channel.scrypt, bytes(), bytes(), 2, 1, 1, 0, 32)

  for (const label of ['utf-8', 'utf-16le', 'latin1']) {
    const decoder = new face.TextDecoder(label, { fatal: true })
    add(`TextDecoder(${label})`, (...args) => apply(decoder.decode, decoder, args), bytes())
  }
  const encoder = new face.TextEncoder()
  add('TextDecoder', (...args) => construct(face.TextDecoder, args), 'utf-8', { fatal: true })
  add('encode', (...args) => apply(encoder.encode, encoder, args), 'text é')
  add('encodeInto', (...args) => apply(encoder.encodeInto, encoder, args), 'text', bytes())
  add('setTimeout', face.setTimeout, () => {}, 1)
  add('setImmediate', face.setImmediate, () => {}, 1)
  add('clearTimeout', face.clearTimeout, 1)
  add(
    'getRandomValues',
    (...args) => apply(face.crypto.getRandomValues, face.crypto, args),
    bytes()
  )
  add('now', face.performance.now)
  add('fetch', face.fetch, 'python_stdlib.zip')
  add('importModule', face.importModule, 'node:fs')
  for (const name of ['log', 'warn', 'error', 'info', 'debug', 'trace', 'assert']) {
    add(`console.${name}`, face.console[name], 'text')
  }
  add('URL', (...args) => construct(face.URL, args), 'file:///x')
  add('AbortController', () => new face.AbortController().abort())
  add('postMessage', () => {
    const { port1, port2 } = new face.MessageChannel()
    port1.onmessage = () => {}
    port2.postMessage(1)
  })

  const folder = FS.lookupPath('/app', {}).node
  const data = FS.lookupPath('/data', {}).node
  const stream = FS.open('/app/app.py', 'r')
  const written = FS.open('/data/attack', 'w+')
  const { node_ops: nodes } = folder
  const { stream_ops: streams } = stream
  const file = FS.lookupPath('/app/app.py', {}).node
  add('nodes.getattr', nodes.getattr, file)
  add('nodes.setattr', nodes.setattr, data, { mode: 0o777, mtime: 1, atime: 1 })
  add('nodes.lookup', nodes.lookup, folder, 'app.py')
  add('nodes.readdir', nodes.readdir, folder)
  add('nodes.mknod', nodes.mknod, data, 'made', 0o100644, 0)
  add('nodes.rename', nodes.rename, data, data, 'renamed')
  add('nodes.unlink', nodes.unlink, data, 'made')
  add('nodes.rmdir', nodes.rmdir, data, 'made')
  add('nodes.symlink', nodes.symlink, data, 'link', '/etc/passwd')
  add('nodes.readlink', nodes.readlink, file)
  add('streams.open', streams.open, { node: file, shared: {}, flags: 0, fd: 999 })
  add('streams.read', streams.read, stream, bytes(), 0, 4, 0)
  add('streams.write', streams.write, written, bytes(), 0, 4, 0)
  add('streams.llseek', streams.llseek, stream, 0, 2)
  add('streams.getattr', streams.getattr, stream)
  add('streams.setattr', streams.setattr, written, { size: 3 })
  add('streams.fsync', streams.fsync, written)
  add('streams.mmap', streams.mmap, stream, 4, 0, 1, 2)
  add('streams.dup', streams.dup, stream)
  add('streams.close', streams.close, FS.open('/app/app.py', 'r'))
  add('FS.lookupPath', FS.lookupPath, '/app/app.py', { parent: false })
  add('FS.open', FS.open, '/app/app.py', 0, 0)
  add('FS.stat', FS.stat, '/app/app.py')
  add('FS.hashAddNode', FS.hashAddNode, file)
  add('FS.nodePermissions', FS.nodePermissions, file, 'r')
  add('FS.mkdir', FS.mkdir, '/tmp/made', 0o777)
  add('FS.writeFile', FS.writeFile, '/tmp/file', 'text')
  add('FS.readFile', FS.readFile, '/app/app.py')
  return calls
})
