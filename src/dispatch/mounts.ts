// Which mounted application takes a request, by the path of its target. Pure.
import { decodePath, splitTarget } from '../wire/request-target.ts'

export interface Mount {
  /** The decoded path it is mounted at, as bytes in the shape of Latin-1 text; '' at the root. */
  readonly scriptName: string
}

/**
 * Of the mounts that a target's path is at or below, the one with the longest path, whatever their
 * order; undefined when it is outside of all of them. A name that only begins like a mount's is outside.
 */
export function mountFinder<M extends Mount>(
  mounts: readonly M[]
): (target: string) => M | undefined {
  const byLength = mounts.toSorted((a, b) => b.scriptName.length - a.scriptName.length)
  const [only] = byLength
  // The only one at the root has all, `*` and the like included.
  if (byLength.length === 1 && only?.scriptName === '') return () => only
  return (target) => {
    const path = decodePath(splitTarget(target).path)
    return byLength.find(({ scriptName }) => isWithin(path, scriptName))
  }
}

function isWithin(path: string, scriptName: string): boolean {
  return (
    path.startsWith(scriptName) &&
    (scriptName === '' || path.length === scriptName.length || path[scriptName.length] === '/')
  )
}

/** A path as configuration has it, in the form in which requests are compared with it. */
export function scriptNameOf(path: string): string {
  return Buffer.from(path === '/' ? '' : path, 'utf8').toString('latin1')
}
