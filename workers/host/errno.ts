// Error numbers as Emscripten's libc knows them (WASI numbering, the same that Python's errno module
// shows in there). Host functions return them negative; they never throw into the realm.

/** WASI error numbers by the names that Node's `error.code` uses. */
export const ERRNO = {
  EACCES: 2,
  EAGAIN: 6,
  EBADF: 8,
  EBUSY: 10,
  EDEADLK: 16,
  EDQUOT: 19,
  EEXIST: 20,
  EFBIG: 22,
  EILSEQ: 25,
  EINTR: 27,
  EINVAL: 28,
  EIO: 29,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  EMLINK: 34,
  ENAMETOOLONG: 37,
  ENFILE: 41,
  ENODEV: 43,
  ENOENT: 44,
  ENOLCK: 46,
  ENOMEM: 48,
  ENOSPC: 51,
  ENOSYS: 52,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  ENXIO: 60,
  EOVERFLOW: 61,
  EPERM: 63,
  EROFS: 69,
  ETXTBSY: 74,
  EXDEV: 75,
  ENOTSUP: 138
} as const

const NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(ERRNO))

/** The negative error number of whatever a call of node:fs threw; EIO for what has no better. */
export function errnoOf(error: unknown): number {
  if (typeof error === 'object' && error !== null && 'code' in error) {
    const { code } = error
    if (typeof code === 'string') return -(NUMBERS.get(code) ?? ERRNO.EIO)
  }
  return -ERRNO.EIO
}
