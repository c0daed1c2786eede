// What the snapshot commands print. Pure. Names in a report come from the application, or from a
// file that anybody may have made, so none reaches the terminal with its control characters.

import type { Pruned, StoredSnapshot, Verdict } from '../snapshot/store.ts'
import { plain } from '../telemetry/text.ts'
import type { BuildOutcome, RefusalInspection, SnapshotInspection } from './surroundings.ts'

/** Digits of a key that are shown; enough to name it to the other commands. */
const KEY_DIGITS = 12
/** Modules that are listed by name. */
const MODULES = 20
const LABEL_WIDTH = 17
/** Of the table of snapshots. */
const SIZE_COLUMN = 2

/** The one line of `build`. */
export function builtText({ key, made, memoryBytes, fileBytes, ms }: BuildOutcome): string {
  const what = made ? 'captured' : 'is valid and was left alone'
  const sizes = `${sizeText(memoryBytes)} in memory, ${sizeText(fileBytes)} on disk`
  return `snapshot ${shortKey(key)} ${what}: ${sizes}, ${Math.round(ms)} ms\n`
}

/** A table with a line for each snapshot. */
export function listText(snapshots: readonly StoredSnapshot[]): string {
  const rows = snapshots.map(({ key, target, bytes, createdAt, usedAt, state }) => [
    shortKey(key),
    oneLine(target ?? '-'),
    sizeText(bytes),
    timeText(createdAt),
    timeText(usedAt),
    state
  ])
  return table([['KEY', 'TARGET', 'SIZE', 'CREATED', 'LAST USED', 'STATE'], ...rows])
}

/** One line: whether a snapshot is valid. */
export function verdictText({ key, state, message = '' }: Verdict): string {
  const verdict = state === 'ok' ? 'ok' : `${oneLine(message)}   ${state}`
  return `${shortKey(key)}  ${verdict}\n`
}

/** A line for each snapshot that was removed, and the sum. */
export function prunedText(pruned: readonly Pruned[]): string {
  const lines = pruned.map(({ key, bytes, reason }) => {
    const why = reason === 'surplus' ? 'beyond snapshot_limit' : reason
    return `removed ${shortKey(key)}  ${sizeText(bytes)}  ${why === 'all' ? '--all' : why}\n`
  })
  const total = pruned.reduce((sum, { bytes }) => sum + bytes, 0)
  const what = counted(pruned.length, 'snapshot')
  return `${lines.join('')}${what} removed, ${sizeText(total)}\n`
}

/** Why an application cannot be captured, a line for each reason. */
export function refusalText({ target, reasons, traceback }: RefusalInspection): string {
  const lines = [`${target} cannot be captured:`, ...reasons.map((reason) => `  ${reason}`)]
  const below = traceback === '' ? '' : `${plain(traceback).trimEnd()}\n`
  return `${lines.map(oneLine).join('\n')}\n${below}`
}

/** Everything about a snapshot, for people; without `all` long lists are cut. */
export function inspectionText(inspection: SnapshotInspection, all: boolean): string {
  const { report, dependencies } = inspection
  const files = dependencies.map(({ kind, path }) => `${KINDS[kind]}  ${path}`)
  const sections = [
    facts(inspection),
    '',
    modules(report.modules, all),
    '',
    section(
      'environment variables read',
      report.variables.map(({ name, where }) => `${name}  ${where}`)
    ),
    section(
      'random numbers drawn from the system',
      report.random.map(({ where, count }) => `${counted(count, 'time')}  ${where}`)
    ),
    section('open files', report.openFiles),
    section(
      'in-memory files',
      report.inMemoryFiles.map(({ path, bytes }) => `${sizeText(bytes)}  ${path}`)
    ),
    section('warm-up requests', report.warmup),
    section('files of the host it depends on', files, all)
  ]
  return `${sections.flat().map(oneLine).join('\n')}\n`
}

/** Each as wide as the others. */
const KINDS = {
  file: 'content  ',
  folder: 'listing  ',
  absent: 'absence  ',
  exists: 'existence'
} as const

function facts(inspection: SnapshotInspection): string[] {
  const { key, report, memoryBytes, heapBytes, stored, obstacle } = inspection
  const lines: [label: string, value: string][] = [
    ['key', key],
    ['target', report.target],
    ['callable', report.callable],
    ['created', timeText(report.createdAt)],
    ['size in memory', `${sizeText(memoryBytes)}, of ${sizeText(heapBytes)} of the interpreter`]
  ]
  if (stored === undefined) {
    lines.push(['may be stored', obstacle === '' ? 'yes' : `no: ${obstacle}`])
  } else {
    lines.push(['size on disk', sizeText(stored.bytes)], ['last used', timeText(stored.usedAt)])
    const { state, message } = stored
    lines.push(['state', state === 'ok' ? 'ok' : `${message}   ${state}`])
  }
  return lines.map(([label, value]) => `${label.padEnd(LABEL_WIDTH)}${value}`)
}

function modules(all: readonly { name: string; bytes: number }[], whole: boolean): string[] {
  const total = sum(all)
  const shown = whole ? all : all.slice(0, MODULES)
  const rest = all.slice(shown.length)
  const lines = shown.map(({ name, bytes }) => `${sizeText(bytes).padStart(10)}  ${name}`)
  if (rest.length > 0) lines.push(`${sizeText(sum(rest)).padStart(10)}  ${rest.length} others`)
  return [`modules imported: ${all.length}, with ${sizeText(total)}`, ...lines]
}

function sum(modules: readonly { readonly bytes: number }[]): number {
  return modules.reduce((total, { bytes }) => total + bytes, 0)
}

function section(title: string, lines: readonly string[], listed = true): string[] {
  const head = `${title}: ${lines.length === 0 ? 'none' : lines.length}`
  return [head, ...(listed ? lines.map((line) => `  ${line}`) : [])]
}

/** Columns as wide as their widest cell; sizes are aligned by their end. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  )
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === SIZE_COLUMN ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  )
  return `${lines.join('\n')}\n`
}

/** No name can look like another line of the report. */
function oneLine(text: string): string {
  return plain(text).replaceAll('\n', '\\n')
}

function shortKey(key: string): string {
  return key.slice(0, KEY_DIGITS)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `2026-03-01T12:00:00Z`; what is no time, as in a damaged file, is a dash. */
function timeText(time: string | undefined): string {
  return time === undefined ? '-' : oneLine(time).replace(/\.\d+Z$/, 'Z')
}

/** `913 B`, `4.6 KiB`, `12.3 MiB`. */
function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const mib = bytes / 2 ** 20
  return mib < 1 ? `${(bytes / 1024).toFixed(1)} KiB` : `${mib.toFixed(1)} MiB`
}
