// Scripts of a hostile guest for the file system's test, evaluated in the realm.

// Whether a value belongs to another realm than the one this is evaluated in.
export const FOREIGN: string = `((RealmObject) => (value) => {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
    if (at === RealmObject) return false
    if (Object.getPrototypeOf(at) === null) return at.hasOwnProperty !== undefined
  }
  return false
})(Object.prototype)`

// Everything a guest can hand to the operations it reaches through Emscripten's nodes and streams.
export const ATTACK: string = `(() => {
  'use strict'
  const FS = guestFS
  const foreign = ${FOREIGN}
  const stream = FS.open('/data/file', 2)
  const node = FS.lookupPath('/data/file').node
  let reads = 0
  const shifty = { get grant() { return reads++ === 0 ? 1 : {} }, path: '', mode: 16384 }
  const loop = { valueOf: () => { throw 1 }, toString: () => { throw 2 } }
  const values = [undefined, null, -1, NaN, 1e300, '', '../..', {}, [], loop, shifty, node, stream,
    () => {}, Symbol.iterator, 10n, new Uint8Array(8), new DataView(new ArrayBuffer(8)),
    new Proxy({}, { get: (_, key) => (key === Symbol.toPrimitive ? () => 1 : loop) }),
    { shared: { hostFile: {} } }, { shared: { hostFile: 1e9 }, flags: 0, node },
    { grant: 99, path: 'x' }, { grant: 1, path: '../app' }, { grant: {}, path: [] }]
  let calls = 0
  const bad = []
  const attempt = (call) => {
    calls++
    try {
      if (foreign(call())) bad.push('returned')
    } catch (error) {
      if (foreign(error)) bad.push('threw')
    }
  }
  const attack = () => {
    for (const table of [node.node_ops, stream.stream_ops]) {
      for (const name of Object.keys(table)) {
        for (const one of values) {
          for (const two of values) {
            attempt(() => table[name](one, two, 0, 8, 0))
            attempt(() => table[name](stream, one, two, two, one))
            attempt(() => table[name](node, one, two))
          }
        }
      }
    }
    for (const one of values) {
      attempt(() => FS.lookupPath(one))
      attempt(() => FS.lookupPath('/data/x', one))
      attempt(() => FS.open(one, one, one))
      attempt(() => FS.hashAddNode(one))
    }
  }
  const deep = () => {
    attempt(() => node.node_ops.getattr(node))
    attempt(() => stream.stream_ops.read(stream, new Uint8Array(8), 0, 8, 0))
    deep()
  }
  const atTheEnd = () => {
    try { deep() } catch (error) { if (foreign(error)) bad.push('overflow') }
  }
  attack()
  atTheEnd()
  const kept = []
  const patch = (object, name, value) => {
    kept.push([object, name, Object.getOwnPropertyDescriptor(object, name)])
    try { Object.defineProperty(object, name, { value, configurable: true }) } catch {}
  }
  let spied = 0
  const spy = function () {
    spied++
    if (foreign(this)) bad[bad.length] = 'spied'
    for (let i = 0; i < arguments.length; i++) {
      if (foreign(arguments[i])) bad[bad.length] = 'spied'
    }
    return undefined
  }
  const define = Object.defineProperty
  patch(Uint8Array.prototype, 'subarray', spy)
  patch(Uint8Array.prototype, 'set', spy)
  patch(String.prototype, 'split', spy)
  patch(String.prototype, Symbol.split, spy)
  patch(Function.prototype, 'call', spy)
  patch(Function.prototype, 'apply', spy)
  patch(Array.prototype, Symbol.iterator, spy)
  patch(Promise.prototype, 'then', spy)
  patch(globalThis, 'Uint8Array', spy)
  patch(globalThis, 'Int32Array', spy)
  patch(FS, 'ErrnoError', spy)
  patch(FS, 'FSNode', spy)
  for (let i = 0; i < 60; i++) {
    attempt(() => node.node_ops.getattr(node))
    attempt(() => node.node_ops.lookup(node, 'x'))
    attempt(() => node.node_ops.readdir(FS.lookupPath('/data').node))
    attempt(() => stream.stream_ops.read(stream, values[16], 0, 8, 0))
    attempt(() => stream.stream_ops.write(stream, values[16], 0, 8, 0))
  }
  atTheEnd()
  for (let i = kept.length - 1; i >= 0; i--) {
    const object = kept[i][0]
    const name = kept[i][1]
    const descriptor = kept[i][2]
    if (descriptor === undefined) delete object[name]
    else define(object, name, descriptor)
  }
  return calls + ':' + spied + ':' + bad.length + ':' + bad.slice(0, 5)
})()`
