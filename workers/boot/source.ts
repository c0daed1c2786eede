// Rewrites Pyodide's published files so that they can live in the realm: two ES modules become
// functions that take their surroundings as parameters, and the wasm file gets a memory ceiling.
// Pure: bytes and text in, bytes and text out. This and private-api.ts hold all that is pinned to
// the exact version of Pyodide in package.json.

/** The names that the rewritten scripts take as parameters, in order; realm/face.js makes them. */
export const FACE_NAMES = [
  'globalThis',
  'self',
  'location',
  'performance',
  'crypto',
  'setTimeout',
  'clearTimeout',
  'setImmediate',
  'MessageChannel',
  'TextDecoder',
  'TextEncoder',
  'console',
  'fetch',
  'URL',
  'AbortController',
  'WebAssembly',
  'FinalizationRegistry',
  'wrappers',
  'takeSignal',
  'importModule'
] as const

/** How every script of the realm begins. */
export const STRICT = "'use strict';"

const PAGE_BYTES = 65_536

/** Turns `pyodide.asm.mjs` into a script whose value is `(face) => createPyodideModule`. */
export function moduleScript(source: string): string {
  const script = replaceOnce(source, /export default _createPyodideModule;\s*$/, '')
  const body = takeSignals(wrapTogether(linkLazily(script)))
  return enclose(body, 'return _createPyodideModule', 'file:///wasgi/pyodide.asm.mjs')
}

/**
 * Emscripten prepares each of the wasm module's ten thousand exports for dynamic libraries that might
 * ask for it, a third of the time that a restore takes. All of them are found without: addresses of
 * functions are made for those that a library imports (`reportUndefinedSymbols`), and imports that
 * are not there are looked up in the exports.
 */
function linkLazily(source: string): string {
  const addresses = replaceOnce(
    source,
    /updateGOT\(origExports\);/,
    'updateGOT(Object.fromEntries(Object.keys(GOT).filter(name=>name in origExports).map(name=>[name,origExports[name]])));'
  )
  // A library that is loaded again after a restore must lie where the captured memory has it.
  const placed = replaceOnce(
    addresses,
    /alignMemory\(getMemory\(metadata\.memorySize\+memAlign\),memAlign\)/,
    '(Module["wasgiLinker"].base||alignMemory(getMemory(metadata.memorySize+memAlign),memAlign))'
  )
  const tabled = replaceOnce(
    placed,
    /var tableBase=metadata\.tableSize\?wasmTable\.length:0;/,
    'var tableBase=metadata.tableSize?Module["wasgiLinker"].tableBase||wasmTable.length:0;'
  )
  const grown = replaceOnce(
    tabled,
    /wasmTable\.grow\(metadata\.tableSize\)/,
    'wasmTable.grow(Math.max(0,tableBase+metadata.tableSize-wasmTable.length))'
  )
  // The keys of the main module are now in two objects.
  const found = replaceOnce(
    grown,
    /Object\.keys\(lib\.exports\)\.indexOf\(symbol\)/,
    '(Object.hasOwn(lib.exports,symbol)||lib.exports===wasmImports&&symbol in wasmImports?0:-1)'
  )
  return replaceOnce(
    found,
    /mergeLibSymbols\(wasmExports,"main"\);/,
    'mergeLibSymbols(Object.fromEntries(Object.keys(wasmImports).concat("main","__main_argc_argv").filter(name=>(!wasmImports[name]||wasmImports[name].stub)&&name in wasmExports).map(name=>[name,wasmExports[name]])),"main");Object.setPrototypeOf(wasmImports,wasmExports);Module["wasgiLinker"]={GOT,wasmImports,getFunctionAddress,addFunction,exports:wasmExports,start:0,base:0,tableBase:0,put:(func,at)=>{getFunctionAddress(func);setWasmTableEntry(at,func);functionsInTableMap.set(func,at)}};'
  )
}

/**
 * Functions of JavaScript that Python's start needs the addresses of are wrapped by realm/wrappers.js,
 * and the ten thousand exports, of which forty are replaced, are not copied for that.
 */
function wrapTogether(source: string): string {
  const [conversions = ''] =
    /function applySignatureConversions.*?return wasmExports/s.exec(source) ?? []
  const replaced = [...conversions.matchAll(/wasmExports\["(\w+)"\]=makeWrapper/g)].map(
    ([, name]) => name
  )
  const layered = replaceOnce(
    source,
    /wasmExports=Object\.assign\(\{\},wasmExports\);/,
    `wasmExports=Object.create(wasmExports,Object.fromEntries(${JSON.stringify(replaced)}.map(name=>[name,{value:wasmExports[name],writable:true,enumerable:true}])));`
  )
  const prepared = replaceOnce(
    layered,
    /var reportUndefinedSymbols=\(\)=>\{/,
    'var reportUndefinedSymbols=()=>{wrappers.prepare(Object.keys(GOT).filter(name=>GOT[name].value==-1).map(name=>resolveGlobalSymbol(name,true).sym).filter(sym=>typeof sym=="function"&&sym.sig&&!getFunctionAddress(sym)));'
  )
  return replaceOnce(
    prepared,
    /var convertJsFunctionToWasm=\(func,sig\)=>\{/,
    'var convertJsFunctionToWasm=(func,sig)=>{var ready=wrappers.take(func,sig);if(ready)return ready;'
  )
}

/** Signals come from realm/face.js instead of a buffer in shared memory, once Python looks for any. */
function takeSignals(source: string): string {
  return replaceOnce(
    source,
    /function _Py_CheckEmscriptenSignals_Helper\(\)\{.*?return 0\}\}/s,
    'function _Py_CheckEmscriptenSignals_Helper(){return takeSignal()}'
  )
}

/** Turns `pyodide.mjs` into a script whose value is `(face) => loadPyodide`. */
export function loaderScript(source: string): string {
  const exported = /export\{(\w+) as loadPyodide,\w+ as version\};/.exec(source)
  if (exported === null) throw new Error('pyodide.mjs does not end as expected')
  const body = source.slice(0, exported.index)
  return enclose(body, `return ${exported[1]}`, 'file:///wasgi/pyodide.mjs')
}

/** The hash by which `pyodide.mjs` knows its build, 64 hex digits. */
export function buildId(source: string): string {
  const found = /BUILD_ID:"([0-9a-f]{64})"/.exec(source)?.[1]
  if (found === undefined) throw new Error('pyodide.mjs names no build')
  return found
}

function enclose(body: string, end: string, url: string): string {
  // Dynamic import is refused by Node with an error of the host's realm, so no such call may stay.
  const text = body
    .replaceAll(/\bimport\(/g, 'importModule(')
    .replaceAll('import.meta.url', `"${url}"`)
  return `${STRICT}(function(face){const {${FACE_NAMES.filter((name) => name !== 'globalThis').join(',')}}=face;return (function(globalThis){${text}\n;${end}})(face.globalThis)})`
}

function replaceOnce(text: string, pattern: RegExp, replacement: string): string {
  if (!pattern.test(text)) throw new Error(`Pyodide's source has no ${pattern}`)
  return text.replace(pattern, replacement)
}

/**
 * Writes `maxBytes` into the memory section of a wasm module as its maximum, so that V8 itself
 * refuses to grow beyond it: a ceiling that no code inside can lift. Changes `bytes` itself.
 * The maximum keeps its encoded length (LEB128 may be padded), so no offset moves.
 */
export function capMemory<Bytes extends Uint8Array>(bytes: Bytes, maxBytes: number): Bytes {
  const { maximumAt, maximumLength, minimum } = findMemoryLimits(bytes)
  const pages = Math.max(minimum, Math.min(PAGE_BYTES, Math.floor(maxBytes / PAGE_BYTES)))
  for (let i = 0; i < maximumLength; i++) {
    const more = i < maximumLength - 1 ? 0x80 : 0
    bytes[maximumAt + i] = ((pages >>> (7 * i)) & 0x7f) | more
  }
  return bytes
}

interface MemoryLimits {
  readonly minimum: number
  readonly maximumAt: number
  readonly maximumLength: number
}

/** WebAssembly core specification, 5.5.5 (memory section, id 5) and 5.3.8 (limits). */
function findMemoryLimits(bytes: Uint8Array): MemoryLimits {
  let at = 8
  while (at < bytes.length) {
    const id = bytes[at]
    const size = readLeb(bytes, at + 1)
    if (id === 5) {
      const count = readLeb(bytes, size.next)
      const flags = bytes[count.next] ?? 0
      if (count.value !== 1 || (flags & 1) === 0) break
      const minimum = readLeb(bytes, count.next + 1)
      const maximum = readLeb(bytes, minimum.next)
      return {
        minimum: minimum.value,
        maximumAt: minimum.next,
        maximumLength: maximum.next - minimum.next
      }
    }
    at = size.next + size.value
  }
  throw new Error('the wasm module does not declare one memory with a maximum')
}

function readLeb(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0
  let shift = 0
  let next = at
  for (;;) {
    const byte = bytes[next++] ?? 0
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return { value: value >>> 0, next }
    shift += 7
  }
}
