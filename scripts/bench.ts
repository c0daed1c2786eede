// `npm run bench`: requests a second beside gunicorn, interleaved in one run; cold boot; idle memory.
// Needs wrk, and python3 with venv for gunicorn. Prints a Markdown page; figures are ratios of this
// machine in this minute. `--rounds N` (default 5) and `--seconds N` (default 5).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runWasgi } from '../test/serve.ts'

interface Contender {
  readonly name: string
  readonly url: string
  readonly stop: () => void
  readonly pid: number
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '16' }
  }
})
const rounds = Number(values.rounds)
const folder = mkdtempSync(join(tmpdir(), 'wasgi-bench-'))
const venv = join(folder, 'venv')
const site = join(folder, 'python_modules')
const children: ChildProcess[] = []

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

function prepare(): void {
  execFileSync('python3', ['-m', 'venv', venv])
  execFileSync(join(venv, 'bin/pip'), ['-q', 'install', 'gunicorn', 'flask'])
  execFileSync(process.execPath, ['bin/wasgi.js', 'install', 'flask', '--target', site], {
    stdio: ['ignore', 'ignore', 'ignore']
  })
}

async function startWasgi(app: string, workers: number): Promise<Contender & { bootMs: number }> {
  const startedAt = performance.now()
  const { child, printed } = runWasgi([
    ...['serve', app, '--port', '0', '--workers', String(workers)],
    ...['--access-log', 'off', '--log-level', 'warn', '--python-path', site]
  ])
  children.push(child)
  const url = (await printed(/ready on (\S+)/))[1] ?? ''
  const bootMs = performance.now() - startedAt
  return {
    name: `wasgi, ${workers} workers`,
    url,
    bootMs,
    stop: () => child.kill(),
    pid: child.pid ?? 0
  }
}

async function startGunicorn(
  app: string,
  port: number,
  args: readonly string[]
): Promise<Contender> {
  const child = spawn(join(venv, 'bin/gunicorn'), [...args, '-b', `127.0.0.1:${port}`, app], {
    cwd: app.startsWith('hello') ? 'pyapps' : 'scripts/bench',
    stdio: 'ignore'
  })
  children.push(child)
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    const ready = await fetch(url).then(
      (reply) => reply.ok,
      () => false
    )
    if (ready) break
  }
  return { name: `gunicorn ${args.join(' ')}`, url, stop: () => child.kill(), pid: child.pid ?? 0 }
}

/** Requests a second, and whether all of them were answered well. */
function load(url: string): number {
  const { seconds, connections } = values
  const args = ['-t1', `-c${connections}`, `-d${seconds}`, `${url}/`]
  const output = execFileSync('wrk', args, { encoding: 'utf8' })
  if (/Non-2xx|Socket errors: connect [1-9]/.test(output)) throw new Error(`${url}: ${output}`)
  return Number(/Requests\/sec: +([\d.]+)/.exec(output)?.[1])
}

/** One application under all contenders, in turn, round after round. */
async function compare(title: string, app: string, target: string, port: number): Promise<void> {
  const contenders = [
    await startWasgi(target, 2),
    await startGunicorn(app, port, ['-w', '2']),
    await startGunicorn(app, port + 1, ['-w', '2', '--threads', '4', '--keep-alive', '30'])
  ]
  // Twice: V8 goes on compiling the interpreter in the background for some seconds.
  for (const { url } of [...contenders, ...contenders]) load(url)
  const results = contenders.map(() => [] as number[])
  for (let round = 0; round < rounds; round++) {
    for (const [index, { url }] of contenders.entries()) results[index]?.push(load(url))
  }
  const medians = results.map(median)
  console.log(
    `\n## ${title}\n\n| server | requests a second (median of ${rounds}) | wasgi is |\n| --- | ---: | ---: |`
  )
  for (const [index, { name, stop }] of contenders.entries()) {
    const ratio = (medians[0] ?? 0) / (medians[index] ?? 1)
    console.log(`| ${name} | ${Math.round(medians[index] ?? 0)} | ${ratio.toFixed(2)} x |`)
    stop()
  }
}

/** Resident memory in MB, from the kernel's own accounting. */
function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

async function bootAndMemory(): Promise<void> {
  console.log('\n## Cold boot and idle memory, hello.py\n')
  console.log(
    '| workers | process start to readiness line | resident memory, idle |\n| ---: | ---: | ---: |'
  )
  for (const workers of [1, 2, 4]) {
    const boots: number[] = []
    const sizes: number[] = []
    for (let round = 0; round < 3; round++) {
      const server = await startWasgi('pyapps/hello.py', workers)
      await fetch(server.url)
      boots.push(server.bootMs)
      sizes.push(residentMb(server.pid))
      server.stop()
    }
    console.log(
      `| ${workers} | ${Math.round(median(boots))} ms | ${Math.round(median(sizes))} MB |`
    )
  }
}

if (!existsSync('/proc/self/status'))
  throw new Error('the benchmark reads /proc, so it needs Linux')
try {
  prepare()
  const cpu = cpus()[0]?.model ?? 'unknown processor'
  console.log(
    `Node.js ${process.version}, ${cpus().length} cores (${cpu}), ${new Date().toISOString().slice(0, 10)}`
  )
  await compare('hello.py', 'hello:application', 'pyapps/hello.py', 18_100)
  await compare('Flask hello', 'flask_hello:app', 'scripts/bench/flask_hello.py', 18_110)
  await bootAndMemory()
} finally {
  for (const child of children) child.kill('SIGKILL')
}
