// Tells what a guest threw into the void from what our own code did, without running anything of the
// guest's: it ends in the same events of the process.
import { types } from 'node:util'

/** No object of Node's own has a longer chain of prototypes. */
const DEPTH = 8

/** Whether `value` inherits from this prototype, which is one of our realm. */
export function isOurs(value: unknown, prototype: object): boolean {
  let next = value
  // `instanceof` would ask a guest's proxy, or follow a chain of prototypes that never ends.
  for (let depth = 0; depth < DEPTH; depth++) {
    if (typeof next !== 'object' || next === null || types.isProxy(next)) return false
    next = Object.getPrototypeOf(next)
    if (next === prototype) return true
  }
  return false
}

let guarding = false

/**
 * For the main thread, where the host's own rejections must go on ending the process: what a guest's
 * promise is rejected with is dropped. Once for the whole process.
 */
export function surviveStrayRejections(): void {
  if (guarding) return
  guarding = true
  process.on('unhandledRejection', (reason, promise) => {
    if (!isOurs(promise, Promise.prototype)) return
    // Whoever else listens has taken the decision; nobody else means Node's own, to throw.
    if (process.listenerCount('unhandledRejection') === 1) throw reason
  })
}
