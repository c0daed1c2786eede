// Waits for what a server does to files: looked at again whenever something in their folder changes.
import { once } from 'node:events'
import { watch } from 'node:fs'
import { outOfTime } from './unit/within.ts'

/** Resolves once the condition holds. While it throws, as of a file that is not there yet, it does not. */
export async function changed(folder: string, condition: () => boolean): Promise<void> {
  const watcher = watch(folder)
  const signal = outOfTime()
  try {
    while (!holds(condition)) {
      await once(watcher, 'change', signal === undefined ? {} : { signal })
    }
  } finally {
    watcher.close()
  }
}

function holds(condition: () => boolean): boolean {
  try {
    return condition()
  } catch {
    return false
  }
}
