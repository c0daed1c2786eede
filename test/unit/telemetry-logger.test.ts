// The server's log, as text and as JSON.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { WorkerDeath } from '../../src/dispatch/death.ts'
import { WasgiError } from '../../src/errors.ts'
import { groupEvents } from '../../src/server/group-log.ts'
import { createLogger, type Logger } from '../../src/telemetry/logger.ts'

const test = suite('log')

interface Recorded {
  readonly logger: Logger
  readonly text: () => string
}

function recorded(format: 'text' | 'json', level = 'info', color = false): Recorded {
  let text = ''
  const write = (lines: string): void => {
    text += lines
  }
  return { logger: createLogger({ level, format, color, sink: { write } }), text: () => text }
}

/** The record without its time, which is the first word. */
function body(text: string): string {
  return text.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, '')
}

test('a record is one line: time, level, worker, message, fields', () => {
  const { logger, text } = recorded('text')

  logger.info({ worker: 'default/1', path: '/a b', count: 3, list: [1] }, 'hello')

  assert.match(text(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO /)
  assert.is(body(text()), 'INFO  [default/1] hello path="/a b" count=3 list=[1]\n')
})

test('records below the level are left out', () => {
  const { logger, text } = recorded('text', 'warn')

  logger.info('quiet')
  logger.warn('loud')

  assert.is(body(text()), 'WARN  loud\n')
})

test('the lines of a message after its first stand below the fields, as they are', () => {
  const { logger, text } = recorded('text')

  logger.info({ worker: 'default/1', n: 1 }, 'one\n  two\nthree\n')

  assert.is(body(text()), 'INFO  [default/1] one n=1\n  two\nthree\n')
})

test("an error shows its code and Python's traceback, and no JavaScript stack", () => {
  const { logger, text } = recorded('text')
  const traceback = 'Traceback (most recent call last):\n  File "app.py", line 1\nKeyError: 1\n'

  logger.error({
    err: new WasgiError('WASGI_ERR_APP_EXCEPTION', ['KeyError', 'GET /'], { traceback })
  })

  const [first, ...rest] = body(text()).split('\n')
  assert.match(
    first ?? '',
    /^ERROR The application raised KeyError .*code=WASGI_ERR_APP_EXCEPTION$/
  )
  assert.is(rest.join('\n'), traceback)
})

test('a message of its own stands before that of the error', () => {
  const { logger, text } = recorded('text')

  logger.error({ err: new Error('disk full') }, 'cannot write')

  assert.is(body(text()), 'ERROR cannot write err="disk full"\n')
})

test('what an application prints cannot steer the terminal', () => {
  const { logger, text } = recorded('text')

  logger.info({ path: '/\x1b[2J' }, 'a\x1b[31mb\r\x07\ttab\u009b')

  assert.is(body(text()), 'INFO  a\\x1b[31mb\\x0d\\x07\ttab\\x9b path="/\\u001b[2J"\n')
})

test('a terminal that wants colours gets them on the level alone', () => {
  const { logger, text } = recorded('text', 'info', true)

  logger.warn('x')

  assert.is(body(text()), '\x1b[33mWARN \x1b[39m x\n')
})

test('JSON has the level as a word, the time as text and the error as fields', () => {
  const { logger, text } = recorded('json')
  const error = new WasgiError('WASGI_ERR_LISTEN', ['a', 'b'], { cause: new Error('deep') })

  logger.error({ err: error, worker: 'default/2' }, 'no\nway')

  const record = JSON.parse(text()) as Record<string, unknown>
  assert.is(text().indexOf('\n'), text().length - 1)
  assert.equal([record.level, record.msg, record.worker], ['error', 'no\nway', 'default/2'])
  assert.equal(new Date(String(record.time)).toISOString(), record.time)
  assert.equal(record.err, {
    type: 'WasgiError',
    code: 'WASGI_ERR_LISTEN',
    message: 'Cannot listen on a: b.',
    cause: { type: 'Error', message: 'deep' }
  })
})

const DEATH: WorkerDeath = {
  kind: 'request-timeout',
  reason: 'request_timeout (3000 ms)',
  traceback: undefined,
  group: 'shop',
  worker: 'shop/1',
  generation: 3,
  request: undefined,
  ageMs: 12_345,
  served: 40,
  heapBytes: 0,
  next: { kind: 'at-once' }
}
const ACCOUNT = 'Traceback\n  in f\nAborted()\n'

const REASONS: ReadonlyArray<readonly [what: string, death: Partial<WorkerDeath>, once: string]> = [
  ['one of a line', {}, 'request_timeout (3000 ms)'],
  ['a whole account', { reason: ACCOUNT, traceback: ACCOUNT }, '  in f']
]
for (const [what, changes, once] of REASONS) {
  test(`why a worker died is told once in text, and is a field of the JSON: ${what}`, () => {
    const [text, json] = [recorded('text'), recorded('json')]
    const death = { ...DEATH, ...changes }

    for (const { logger } of [text, json]) groupEvents(logger).onDeath(death)

    assert.is(text.text().split(once).length, 2, text.text())
    assert.not.match(text.text(), 'reason=')
    assert.match(text.text(), 'kind=request-timeout')
    assert.is(JSON.parse(json.text()).reason, death.reason)
  })
}

test('a reason that the message does not tell is a field of the text, too', () => {
  const { logger, text } = recorded('text')

  logger.warn({ reason: 'none is left' }, 'refused')

  assert.is(body(text()), 'WARN  refused reason="none is left"\n')
})

test.run()
