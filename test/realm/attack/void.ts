// What a guest throws into the void ends up with the process. The tests take it as a worker does
// (workers/main.ts): nothing that came out of the realm is looked at.
import { types } from 'node:util'

export interface Void {
  /** How many things of a guest ended here. */
  count(): number
  /** Errors of this realm: bugs, never a guest's. */
  readonly ours: Error[]
}

/** Listens for the rest of the process's life. */
export function listenToTheVoid(): Void {
  const ours: Error[] = []
  let count = 0
  const take = (error: unknown): void => {
    count++
    if (types.isProxy(error) || !types.isNativeError(error)) return
    if (Object.getPrototypeOf(error) instanceof Object) ours.push(error)
  }
  process.on('unhandledRejection', take)
  process.on('uncaughtException', take)
  process.on('rejectionHandled', () => {})
  return { count: () => count, ours }
}

/** Lets the event loop turn: timers of 0 ms, immediates, rejections and their like have run then. */
export async function turn(times = 5): Promise<void> {
  for (let i = 0; i < times; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}
