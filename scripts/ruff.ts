// Formats and lints all Python of the repository with ruff, from npm: no Python is needed on the host.
// `--check` changes nothing and exits 1 when a file is not as ruff would have it.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs'

const checkOnly = process.argv.includes('--check')
const settings = {
  'line-length': 100,
  'target-version': 'py311',
  lint: {
    select: ['E', 'F', 'W', 'I', 'B', 'UP', 'SIM', 'RET', 'D1'],
    ignore: ['E501', 'D107', 'D105', 'SIM105']
  }
}
const strict = new Workspace(settings, PositionEncoding.Utf16)
// Tests and examples need no docstring on every name.
const lenient = new Workspace(
  {
    ...settings,
    lint: {
      ...settings.lint,
      select: settings.lint.select.filter((rule) => !['D1', 'SIM'].includes(rule))
    }
  },
  PositionEncoding.Utf16
)

const files = execFileSync('git', ['ls-files', '*.py'], { encoding: 'utf8' }).trim().split('\n')
let faults = 0
for (const file of files.filter((name) => name !== '')) {
  const text = readFileSync(file, 'utf8')
  const workspace = file.startsWith('workers/') ? strict : lenient
  const formatted = workspace.format(text)
  if (formatted !== text) {
    if (checkOnly) {
      faults++
      console.error(`${file}: not formatted; run node scripts/ruff.ts`)
    } else writeFileSync(file, formatted)
  }
  for (const { message, code, start_location: at } of workspace.check(formatted)) {
    faults++
    console.error(`${file}:${at.row}:${at.column}: ${code} ${message}`)
  }
}
process.exitCode = faults === 0 ? 0 : 1
