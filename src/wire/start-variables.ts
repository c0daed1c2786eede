// Which variables are handed to Python at its start, and which only when the application reads them.

/** CPython's own, from its manual ("Command line and environment"), as far as they mean anything here. */
const PYTHON_NAMES = new Set([
  'PYTHONASYNCIODEBUG',
  'PYTHONCASEOK',
  'PYTHONDEBUG',
  'PYTHONDEVMODE',
  'PYTHONDONTWRITEBYTECODE',
  'PYTHONFAULTHANDLER',
  'PYTHONHASHSEED',
  'PYTHONINSPECT',
  'PYTHONINTMAXSTRDIGITS',
  'PYTHONIOENCODING',
  'PYTHONMALLOC',
  'PYTHONOPTIMIZE',
  'PYTHONPATH',
  'PYTHONTRACEMALLOC',
  'PYTHONUNBUFFERED',
  'PYTHONUTF8',
  'PYTHONVERBOSE',
  'PYTHONWARNDEFAULTENCODING',
  'PYTHONWARNINGS'
])

const OF_THE_SYSTEM = /^(?:HOME|TZ|LANG|LANGUAGE|LC_[A-Z_]+)$/

/**
 * Whether Python or its C library reads this variable by itself, before any code of ours could. Its
 * value is part of every snapshot.
 */
export function isReadAtStart(name: string): boolean {
  return PYTHON_NAMES.has(name) || OF_THE_SYSTEM.test(name)
}
