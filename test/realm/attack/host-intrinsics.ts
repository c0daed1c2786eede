// Every object of the host that can be reached from its globals and its built-in modules, collected
// before a realm is made: the walker knows an intruder by identity, whatever prototype it has.
import { builtinModules, createRequire } from 'node:module'

/** The set of them. Getters are not run. */
export function hostIntrinsics(): Set<object> {
  const require = createRequire(import.meta.url)
  const known = new Set<object>()
  const queue: unknown[] = [globalThis, process]
  for (const name of builtinModules) {
    if (!/^_|^internal\//.test(name) && !WARNING.has(name.replace('node:', '')))
      queue.push(require(name))
  }
  for (const script of ASYNC_SYNTAX) queue.push(script)
  while (queue.length > 0) {
    const value = queue.pop()
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') continue
    if (known.has(value)) continue
    known.add(value)
    if (ArrayBuffer.isView(value)) continue
    queue.push(Object.getPrototypeOf(value))
    for (const { value: held, get, set } of Object.values(
      Object.getOwnPropertyDescriptors(value) as Record<string, PropertyDescriptor>
    )) {
      queue.push(held, get, set)
    }
  }
  return known
}

/** Loading these prints a warning. */
const WARNING = new Set([
  'ffi',
  'punycode',
  'sys',
  'wasi',
  'sqlite',
  'trace_events',
  'inspector/promises'
])

/** Intrinsics that only syntax leads to. */
const ASYNC_SYNTAX = [
  async () => {},
  function* () {},
  async function* () {},
  [][Symbol.iterator](),
  new Map()[Symbol.iterator](),
  new Set()[Symbol.iterator](),
  ''[Symbol.iterator](),
  'a'.matchAll(/a/g)
]
