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
/** A round in which more of the processor time than this was taken away measures other machines. */
const STEAL_LIMIT = 0.03
const WARM_UP_ROUNDS = 3
const WARM_UP_SECONDS = 4
/** For each round that is asked for, this many are tried to find a quiet one. */
const MOST_TRIES = 6
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
function load(url: string, seconds: number | string = values.seconds): number {
  const { connections } = values
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
    await startGunicorn(app, port + 1, ['--threads', '4', '--keep-alive', '30']),
    await startGunicorn(app, port + 2, ['-w', '2', '--threads', '4', '--keep-alive', '30'])
  ]
  // V8 goes on compiling the interpreter in the background for some seconds.
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const { url } of contenders) load(url, WARM_UP_SECONDS)
  }
  const results = contenders.map(() => [] as number[])
  let tried = 0
  for (let counted = 0; counted < rounds && tried < MOST_TRIES * rounds; tried++) {
    const before = cpuTicks()
    const round = contenders.map(({ url }) => load(url))
    const after = cpuTicks()
    if ((after.steal - before.steal) / (after.all - before.all) > STEAL_LIMIT) continue
    counted++
    for (const [index, figure] of round.entries()) results[index]?.push(figure)
  }
  const medians = results.map(median)
  console.log(
    `\n## ${title}\n\n| server | requests a second (median) | wasgi is |\n| --- | ---: | ---: |`
  )
  for (const [index, { name, stop }] of contenders.entries()) {
    const ratio = (medians[0] ?? 0) / (medians[index] ?? 1)
    console.log(`| ${name} | ${Math.round(medians[index] ?? 0)} | ${ratio.toFixed(2)} x |`)
    stop()
  }
  console.log(
    `\n${results[0]?.length} of ${tried} rounds count: in the others the hypervisor gave more than ${100 * STEAL_LIMIT} % of the processor time to other machines.`
  )
}

/** The kernel's own accounting, over all processors since boot. */
function cpuTicks(): { all: number; steal: number } {
  const [, ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/ +/)
  return { all: ticks.reduce((sum, each) => sum + Number(each), 0), steal: Number(ticks[7]) }
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
