// One run of the command line inside the test: its actions replaced, its output kept.

import { EventEmitter } from 'node:events'
import { run } from '../../src/cli/program.ts'
import type { Actions } from '../../src/cli/surroundings.ts'

/** A command line on its way. */
export interface Run {
  readonly code: Promise<number>
  readonly out: () => string
  readonly err: () => string
  readonly signals: EventEmitter
  /** Settles with the first text on standard output. */
  readonly ready: Promise<void>
}

export interface RunOptions {
  readonly folder?: string
  readonly variables?: Record<string, string>
  readonly now?: () => number
  readonly hungUp?: () => boolean
  readonly terminal?: boolean
}

/** Runs a command line with these actions; any other that it takes is an error. */
export function start(
  line: readonly string[],
  actions: Partial<Actions> = {},
  options: RunOptions = {}
): Run {
  const text = { out: '', err: '' }
  const ready = Promise.withResolvers<void>()
  const signals = new EventEmitter()
  const unexpected = async (): Promise<never> => {
    throw new Error('an action ran')
  }
  const surroundings = {
    arguments: line,
    variables: options.variables ?? {},
    folder: options.folder ?? '/nowhere',
    out: (more: string) => {
      text.out += more
      ready.resolve()
    },
    err: (more: string) => {
      text.err += more
    },
    terminal: options.terminal ?? false,
    signals,
    hungUp: options.hungUp ?? (() => false),
    now: options.now ?? (() => 0)
  }
  const code = run(surroundings, {
    startServer: unexpected,
    checkApplication: unexpected,
    installPackages: unexpected,
    snapshots: unexpected,
    ...actions
  })
  return { code, out: () => text.out, err: () => text.err, signals, ready: ready.promise }
}
