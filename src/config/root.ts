// Which folders may never be shown to an application: the whole machine, and a person's home.
// Finding the root from the target is not done here.

import { realpathSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { isAbsolute, parse, relative, sep } from 'node:path'
import { WasgiError } from '../errors.ts'

/** Throws WASGI_ERR_ROOT_REFUSED for `/`, the home folder, and any folder that holds the latter. */
export function assertRootAllowed(root: string, homes: readonly string[] = homeFolders()): void {
  const real = realPath(root)
  if (real === parse(real).root) throw refused(root, 'the whole file system')
  for (const home of homes) {
    const inside = relative(real, realPath(home))
    if (inside === '') throw refused(root, 'the whole home folder')
    const outside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)
    if (!outside) throw refused(root, `the home folder ${home}`)
  }
}

/** HOME can be set to anything, so the home folder of the user database counts as well. */
function homeFolders(): string[] {
  const found = [homedir]
    .concat(() => userInfo().homedir)
    .map((ask) => {
      try {
        return ask()
      } catch {
        return '' // a user without an entry, as in many containers
      }
    })
  // A service user's home is often `/`, which would make every folder a part of it.
  return found.filter((home) => isAbsolute(home) && home !== parse(home).root)
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return path // what does not exist shows nothing; whoever opens it reports that
  }
}

function refused(root: string, what: string): WasgiError {
  return new WasgiError('WASGI_ERR_ROOT_REFUSED', [root, what])
}
