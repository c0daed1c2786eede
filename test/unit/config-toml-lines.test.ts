// The line numbers that messages about wasgi.toml carry.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keyLines } from '../../src/config/toml-lines.ts'

const test = suite('lines of TOML keys')

function lineOf(key: string, ...lines: string[]): number | undefined {
  return keyLines(lines.join('\n')).get(key)
}

test('a key is found below comments and blank lines', () => {
  assert.is(lineOf('port', '# port = 1', '', '  port = 2'), 3)
})

test('a key of a table carries the path of the table', () => {
  assert.is(lineOf('tool.wasgi.port', 'port = 1', '[tool.wasgi] # ours', 'port = 2'), 3)
  assert.is(lineOf('port', 'port = 1', '[tool.wasgi]', 'port = 2'), 1)
})

test('a table is on the line of its header, and of its first key where it has none', () => {
  assert.is(lineOf('env', 'port = 1', '[env]', 'A = "1"'), 2)
  assert.is(lineOf('env', 'port = 1', 'env.A = "1"'), 2)
})

test('quoted and dotted keys are the same as bare ones', () => {
  assert.is(lineOf('tool.wasgi.port', '[tool."wasgi"]', "'port' = 1"), 2)
  assert.is(lineOf('tool.wasgi.port', '[tool]', 'wasgi . port = 1'), 2)
})

test('what stands inside a multi-line string is no key', () => {
  assert.is(lineOf('port', 'a = """', 'port = 1', '"""', 'port = 2'), 4)
  assert.is(lineOf('port', "a = '''x'''", 'port = 2'), 2)
})

test('lines that end with carriage returns count once', () => {
  assert.is(keyLines('host = "a"\r\n[env]\r\nA = "1"\r\n').get('env.A'), 3)
})

test('the tables of an array go by number, and those below them, too', () => {
  const lines = ['[[mounts]]', 'path = "/"', '[mounts.env]', 'A = "1"', '[[mounts]]', 'path = "/a"']

  assert.is(lineOf('mounts.0', ...lines), 1)
  assert.is(lineOf('mounts.0.path', ...lines), 2)
  assert.is(lineOf('mounts.0.env.A', ...lines), 4)
  assert.is(lineOf('mounts.1', ...lines), 5)
  assert.is(lineOf('mounts.1.path', ...lines), 6)
  assert.is(lineOf('mounts', ...lines), 1)
})

test.run()
