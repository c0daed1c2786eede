// Programs that a machine may have: whether they are there, and curl, run so that nothing of its user matters.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as textOf } from 'node:stream/consumers'
import * as assert from 'uvu/assert'

/** What the first line of `program --version` says, or '' when there is no such program. */
export function version(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    // wrk prints its version and fails.
    return String((error as { stdout?: string }).stdout ?? '')
  }
}

export interface Curled {
  readonly out: string
  readonly err: string
}

/** curl with these arguments and nothing of the user's configuration; `input` is its standard input. */
export async function curl(args: readonly string[], input?: Uint8Array): Promise<Curled> {
  const common = ['--disable', '--silent', '--show-error', '--max-time', '50', '--noproxy', '*']
  const child = spawn('curl', [...common, ...args], { stdio: 'pipe' })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [out, err, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close')
  ])
  assert.is(code, 0, `curl ${args.join(' ')}: ${err}`)
  return { out, err }
}
