// `npm run bench:snapshots`: what snapshots cost and save, with the Flask example. Restores in fresh
// worker threads, wipes in place, idle memory, the start of the whole server beside gunicorn, and
// 10,000 restarts of one interpreter. Prints a Markdown page. Needs python3 with venv.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Fastify, { type FastifyInstance } from 'fastify'
import { wasgi } from '../src/index.ts'

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    restarts: { type: 'string', default: '10000' }
  }
})
const times = Number(values.times)
const restarts = Number(values.restarts)
const folder = mkdtempSync(join(tmpdir(), 'wasgi-bench-'))
const site = join(folder, 'python_modules')
const venv = join(folder, 'venv')
const store = join(folder, 'store')
const flask = { app: 'scripts/bench/flask_hello.py', pythonPath: [site], snapshotDir: store }
const MEBIBYTE = 2 ** 20

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

function prepare(): void {
  execFileSync('python3', ['-m', 'venv', venv])
  execFileSync(join(venv, 'bin/pip'), ['-q', 'install', 'gunicorn', 'flask'])
  execFileSync(process.execPath, ['bin/wasgi.js', 'install', 'flask', '--target', site], {
    stdio: ['ignore', 'ignore', 'ignore']
  })
}

/** A Fastify with the application, and how long each interpreter says it took. */
async function mounted(options: object): Promise<{ app: FastifyInstance; ms: number[] }> {
  const ms: number[] = []
  const stream = {
    write: (line: string) => {
      const record = JSON.parse(line) as { msg: string; ms: number }
      if (record.msg.startsWith('interpreter ready')) ms.push(record.ms)
    }
  }
  const app = Fastify({ logger: { stream }, pluginTimeout: 0 })
  await app.register(wasgi, { ...flask, ...options })
  await app.ready()
  return { app, ms }
}

async function boots(): Promise<void> {
  const cold: number[] = []
  const restored: number[] = []
  await (await mounted({ workers: 1 })).app.close() // fills the store
  for (let i = 0; i < times; i++) {
    const { app, ms } = await mounted({ workers: 1 })
    restored.push(...ms)
    await app.close()
  }
  for (let i = 0; i < 3; i++) {
    const { app, ms } = await mounted({ workers: 1, snapshot: false })
    cold.push(...ms)
    await app.close()
  }
  console.log('\n## One interpreter, in a fresh worker thread\n')
  console.log('| | median ms | least |\n| --- | ---: | ---: |')
  console.log(`| booted from nothing (3) | ${median(cold).toFixed(0)} | ${Math.min(...cold)} |`)
  console.log(
    `| restored (${restored.length}) | ${median(restored).toFixed(0)} | ${Math.min(...restored)} |`
  )
}

const residentMiB = (): number => process.memoryUsage().rss / MEBIBYTE

async function memory(): Promise<void> {
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3000))
  const resident: number[] = []
  for (const workers of [1, 5]) {
    const { app } = await mounted({ workers })
    for (let i = 0; i < workers; i++) await app.inject('/')
    await settle()
    resident.push(residentMiB())
    await app.close()
    await settle()
  }
  const [one = 0, five = 0] = resident
  console.log('\n## Idle memory\n')
  console.log(`1 worker: ${one.toFixed(0)} MiB; 5 workers: ${five.toFixed(0)} MiB;`)
  console.log(`each further interpreter: **${((five - one) / 4).toFixed(0)} MiB**`)
}

async function restart(): Promise<void> {
  const { app } = await mounted({ workers: 1, isolation: 'request' })
  const at: number[] = []
  const startedAt = performance.now()
  for (let i = 1; i <= restarts; i++) {
    const { statusCode } = await app.inject('/')
    if (statusCode !== 200) throw new Error(`request ${i} ended in ${statusCode}`)
    if (i === 100 || i % 1000 === 0) at.push(residentMiB())
  }
  const each = (performance.now() - startedAt) / restarts
  const [status] = app.wasgi.interpreters()
  console.log(`\n## ${restarts} restarts of one interpreter, in one process\n`)
  console.log(`A request and a wipe: ${each.toFixed(2)} ms. Generation: ${status?.generation}.`)
  console.log(`Resident MiB after 100, then after each 1000: ${at.map(Math.round).join(', ')}`)
  const [first = 0] = at
  console.log(`Last against first: ${(((at.at(-1) ?? 0) / first - 1) * 100).toFixed(1)} %`)
  await app.close()
}

const children: ChildProcess[] = []

/** Milliseconds from the start of a program to its first answer. */
async function firstAnswer(port: number, command: string[], cwd: string): Promise<number> {
  const [file = '', ...args] = command
  const startedAt = performance.now()
  const child = spawn(file, args, { stdio: 'ignore', detached: true, cwd })
  children.push(child)
  while ((await status(port)) !== 200) await new Promise((resolve) => setTimeout(resolve, 2))
  const ms = performance.now() - startedAt
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await ended
  return ms
}

function status(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    request.on('error', () => resolve(undefined))
  })
}

async function starts(): Promise<void> {
  const options = ['--python-path', site, '--snapshot-dir', store, '--workers', '1']
  const serve = [process.execPath, 'bin/wasgi.js', 'serve', flask.app, '--port', '8731', ...options]
  const contenders: Record<string, () => Promise<number>> = {
    'wasgi, store warm': () => firstAnswer(8731, serve, process.cwd()),
    'wasgi, --no-snapshot': () => firstAnswer(8731, [...serve, '--no-snapshot'], process.cwd()),
    gunicorn: () => {
      const command = [join(venv, 'bin/gunicorn'), '-b', '127.0.0.1:8732', 'flask_hello:app']
      return firstAnswer(8732, command, 'scripts/bench')
    }
  }
  const figures: Record<string, number[]> = {}
  for (let round = 0; round < Math.max(3, times / 4); round++) {
    for (const [name, run] of Object.entries(contenders)) {
      figures[name] = [...(figures[name] ?? []), await run()]
    }
  }
  console.log('\n## From the start of the process to the first response of Flask\n')
  console.log('| | median ms | least |\n| --- | ---: | ---: |')
  for (const [name, list] of Object.entries(figures)) {
    console.log(`| ${name} | ${median(list).toFixed(0)} | ${Math.min(...list).toFixed(0)} |`)
  }
}

const [model = 'unknown'] = cpus().map((cpu) => cpu.model)
const steal = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/ +/)[8]
try {
  prepare()
  console.log(`# Snapshots, measured on ${cpus().length} x ${model}, Node.js ${process.version}`)
  await boots()
  await memory()
  await restart()
  await starts()
  const after = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/ +/)[8]
  console.log(`\nTaken by other machines meanwhile: ${Number(after) - Number(steal)} ticks`)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
