// Which variables are handed to Python at its start, and which only when the application reads them.

const READ_AT_START = /^(?:HOME|TZ|LANG|LANGUAGE|LC_[A-Z_]+|PYTHON[A-Z0-9_]*)$/

/** Whether Python or its C library reads this variable by itself, before any code of ours could. */
export function isReadAtStart(name: string): boolean {
  return READ_AT_START.test(name)
}
