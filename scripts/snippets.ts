// Checks that every TypeScript and Python block in the README and the guides is the text of a file
// that runs, or a part of one. Prints the blocks that are not and exits 1.
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'

const pages = ['README.md', ...globSync('docs/guides/*.md')]
const files = execFileSync('git', ['ls-files', 'pyapps', 'test'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((name) => /\.(ts|py)$/.test(name))
const sources = files.map((name) => readFileSync(name, 'utf8'))

let lost = 0
for (const page of pages) {
  const text = readFileSync(page, 'utf8')
  for (const [, block = ''] of text.matchAll(/^```(?:ts|python)\n([\s\S]*?)^```$/gm)) {
    if (sources.some((source) => source.includes(block.trimEnd()))) continue
    lost++
    console.error(`${page}: this block is in no file of pyapps or test:\n${block}`)
  }
}
process.exitCode = lost === 0 ? 0 : 1
