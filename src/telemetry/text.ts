// One log record as text for people: time, level, worker, message, fields; tracebacks below.

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const STYLES: Readonly<Record<string, Style>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red'
}

/** Formats one line of pino's JSON. The result ends with a line feed. */
export function formatRecord(json: string, color: boolean): string {
  const { time, level, worker, msg, err, traceback, ...fields } = JSON.parse(json) as Record<
    string,
    unknown
  >
  const error = isObject(err) ? err : {}
  const message = trimEnd(String(msg ?? error.message ?? ''))
  const [first = '', ...below] = message.split('\n')
  const head = [
    String(time),
    paint(String(level).toUpperCase().padEnd(5), STYLES[String(level)], color),
    ...(worker === undefined ? [] : [`[${plain(String(worker))}]`]),
    plain(first),
    ...errorFields(error, msg).map(([name, value]) => `${name}=${shown(value)}`),
    ...Object.entries(fields)
      .filter(([name, value]) => name !== 'reason' || !isTold(value, first, traceback))
      .map(([name, value]) => `${name}=${shown(value)}`)
      .filter((field) => !first.split(' ').includes(field)) // some messages are made of fields
  ]
  for (const block of [traceback, error.traceback, error.stack]) {
    if (typeof block === 'string') below.push(...trimEnd(block).split('\n'))
  }
  return [head.filter((part) => part !== '').join(' '), ...below.map(plain), ''].join('\n')
}

/** Whether the message has the reason in it; one of several lines is the traceback as well. */
function isTold(reason: unknown, message: string, traceback: unknown): boolean {
  const [first = '', ...more] = String(reason).trim().split('\n')
  return message.includes(first) && (more.length === 0 || traceback !== undefined)
}

/** The error's own message is a field only where the record has another one. */
function errorFields(error: Readonly<Record<string, unknown>>, msg: unknown): [string, unknown][] {
  const fields: [string, unknown][] = []
  if (error.code !== undefined) fields.push(['code', error.code])
  if (msg !== undefined && error.message !== undefined && msg !== error.message) {
    fields.push(['err', error.message])
  }
  return fields
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return plain(JSON.stringify(value) ?? 'undefined')
  return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : plain(JSON.stringify(value))
}

/** What an application prints must not steer the terminal: control characters become `\x1b`. */
export function plain(text: string): string {
  return text.replace(
    /(?![\t\n])\p{Cc}/gu,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  )
}

function trimEnd(text: string): string {
  return text.replace(/\r?\n$/, '').replaceAll('\r\n', '\n')
}

function paint(text: string, style: Style | undefined, color: boolean): string {
  return color && style !== undefined ? styleText(style, text, { validateStream: false }) : text
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
