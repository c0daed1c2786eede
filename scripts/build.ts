// Builds dist/: compiled JavaScript, and beside it what is not compiled, the realm's scripts and Python.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = `${root}/dist`

rmSync(dist, { recursive: true, force: true })
const tsc = `${root}/node_modules/typescript/bin/tsc`
const compiled = spawnSync(process.execPath, [tsc, '-p', `${root}/tsconfig.build.json`], {
  stdio: 'inherit'
})
if (compiled.status !== 0) process.exit(1)

const isCompiled = (path: string): boolean => path.endsWith('.ts')
const isLitter = (path: string): boolean => path.endsWith('__pycache__')
cpSync(`${root}/workers`, `${dist}/workers`, {
  recursive: true,
  filter: (path) => !isCompiled(path) && !isLitter(path)
})
