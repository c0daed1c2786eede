// What is done to Pyodide's files before they enter the realm.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { capMemory, loaderScript, moduleScript } from '../../workers/boot/source.ts'

const test = suite('Pyodide source')

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** TypeScript declares WebAssembly only for browsers. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: new (bytes: Uint8Array) => object
    Instance: new (module: object) => { readonly exports: Record<string, unknown> }
    validate(bytes: Uint8Array): boolean
  }
}

const folder = dirname(createRequire(import.meta.url).resolve('pyodide/package.json'))
const read = (name: string): Buffer => readFileSync(join(folder, name))

/** A module with one exported memory of 1 page, at most `maximum` pages. */
const moduleWithMemory = (maximum: readonly number[]): Uint8Array =>
  new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[5, 3 + maximum.length, 1, 1, 1, ...maximum],
    ...[7, 5, 1, 1, 0x6d, 2, 0]
  ])

test('the ceiling in the wasm file is what V8 enforces', () => {
  const capped = capMemory(moduleWithMemory([0x80, 0x80, 0x04]), 3 * 65_536)

  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(capped))
  const memory = exports.m as Memory

  assert.is(memory.grow(2), 1)
  assert.throws(() => memory.grow(1), RangeError)
})

test('the ceiling never falls below what the module starts with', () => {
  const capped = capMemory(moduleWithMemory([0x80, 0x80, 0x04]), 10)

  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(capped))

  assert.is((exports.m as Memory).buffer.byteLength, 65_536)
})

test('Pyodide’s own module can be capped, and only its maximum changes', () => {
  const wasm = new Uint8Array(read('pyodide.asm.wasm'))
  const before = wasm.slice()

  capMemory(wasm, 256 * 1024 * 1024)

  const changed = [...wasm.keys()].filter((at) => wasm[at] !== before[at])
  assert.is(WebAssembly.validate(wasm), true)
  assert.ok(changed.length > 0 && changed.length <= 5, String(changed))
})

test('a module without a bounded memory is refused', () => {
  const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])

  assert.throws(() => capMemory(empty, 65_536), /memory/)
})

test('no dynamic import and no import.meta is left in what the realm evaluates', () => {
  const scripts = [
    moduleScript(read('pyodide.asm.mjs').toString()),
    loaderScript(read('pyodide.mjs').toString())
  ]

  for (const script of scripts) {
    assert.not.match(script, /\bimport\(/)
    assert.not.match(script, /import\.meta/)
    assert.not.match(script, /^export /m)
  }
})

test('a Pyodide that ends otherwise is refused instead of half rewritten', () => {
  assert.throws(() => moduleScript('nothing to see'), /has no/)
  assert.throws(() => loaderScript('nothing to see'), /does not end/)
})

test.run()
