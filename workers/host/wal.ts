// Keeps SQLite out of its WAL mode, which cannot work here: its index lives in memory that all users
// of a database map, and each interpreter has a memory of its own. Left alone, SQLite marks the file
// for WAL first and fails afterwards, and from then on no worker can open it.

const MAGIC = Buffer.from('SQLite format 3\0', 'latin1')
/** "File format write version" of the database header: 2 is WAL (sqlite.org/fileformat.html, 1.3). */
const WRITE_VERSION = 18
const WAL = 2

/** Whether SQLite is about to mark a database for WAL by writing `bytes` at `position`. */
export function marksWal(bytes: Uint8Array, position: number): boolean {
  if (position !== 0 || bytes[WRITE_VERSION] !== WAL) return false
  return MAGIC.equals(bytes.subarray(0, MAGIC.length))
}

/** Whether a file is one that SQLite makes only for a database that is in WAL mode. */
export function isWalIndex(path: string): boolean {
  return path.endsWith('-shm')
}

export const WAL_REFUSED: string =
  'SQLite\'s WAL mode was refused with "disk I/O error": it needs memory that workers share, which ' +
  'interpreters do not have. Leave journal_mode as it is (DELETE); it is safe with several workers.'

export function walDatabase(path: string): string {
  return (
    `"${path}" belongs to a database in SQLite's WAL mode, which cannot be opened here. Convert it ` +
    'on the host with: PRAGMA journal_mode = DELETE.'
  )
}
