// The command line's way into the process, and the only place that ends it.

import { closeSync, openSync } from 'node:fs'
import v8 from 'node:v8'
import { run } from './program.ts'
import { reportFailure } from './report.ts'
import type { Actions, Surroundings } from './surroundings.ts'

/** Runs the process's own command line, then exits. */
export async function main(): Promise<void> {
  // A second wall: whoever gets out of an interpreter finds a thread in which V8 makes no code from
  // strings. This thread's context exists already and goes on doing so, as Fastify's validators need.
  v8.setFlagsFromString('--disallow-code-generation-from-strings')
  const surroundings = realSurroundings()
  // Whatever is thrown beside a command's own promise must end the process in the same form.
  process.on('uncaughtException', (error) => process.exit(reportFailure(error, surroundings)))
  // A reader that has left, as in `wasgi --help | head -1`, is no reason to fail or to stop serving.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.exit(await run(surroundings, realActions))
}

function realSurroundings(): Surroundings {
  return {
    arguments: process.argv.slice(2),
    variables: process.env,
    folder: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    signals: process,
    hungUp: watchTerminal(),
    now: () => performance.now()
  }
}

/** Tells whether there was a controlling terminal to begin with, and there is none any more. */
function watchTerminal(): () => boolean {
  // Under nohup none of them is the terminal, and losing it means nothing.
  const attached = process.stdin.isTTY === true || process.stderr.isTTY === true
  const had = attached && hasTerminal()
  return () => had && !hasTerminal()
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

/** Loaded late, so that no command pays for what only another needs. */
const realActions: Actions = {
  startServer: async (resolved) => (await import('../server/server.ts')).startServer(resolved),
  checkApplication: async (resolved) =>
    (await import('../server/check.ts')).checkApplication(resolved),
  installPackages: async (request, report) =>
    (await import('../packages/install.ts')).installPackages(request, report),
  snapshots: () => import('../snapshot/commands.ts')
}
