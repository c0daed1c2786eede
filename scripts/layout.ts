// Checks the shape of the tree: no file over 400 lines, no folder deeper than three levels, no file
// without a header comment. Prints what breaks the rule and exits 1.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const LINES = 400
const LEVELS = 3
const CODE = /\.(ts|js|py)$/
const UNCHECKED = /^(pyapps|test\/fixtures)\//
// Python packages and Django projects have a depth of their own.
const DEEP = /^(pyapps|workers\/python)\//

const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n')
const faults: string[] = []
for (const file of files) {
  if (!DEEP.test(file) && file.split('/').length - 1 > LEVELS) faults.push(`${file}: too deep`)
  if (!CODE.test(file) || UNCHECKED.test(file)) continue
  const text = readFileSync(file, 'utf8')
  const count = text.split('\n').length - 1
  if (count > LINES) faults.push(`${file}: ${count} lines, at most ${LINES}`)
  if (text !== '' && !/^(#!.*\n)?(\/\/|#|""")/.test(text)) faults.push(`${file}: no header comment`)
}
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
