// The error table, its reference page and the codes that the code uses are one and the same.

import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ERRORS, type ErrorCode, WasgiError } from '../../src/errors.ts'

const test = suite('error table')

const ROOT = new URL('../../', import.meta.url)
const CODES = Object.keys(ERRORS).sort()

/** Which files of a folder name which codes. */
function codesBelow(folder: string): string[] {
  return readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js|py)$/.test(file) && file !== 'errors.ts')
    .flatMap((file) => codesIn(`${folder}${file}`))
}

function codesIn(path: string): string[] {
  return readFileSync(new URL(path, ROOT), 'utf8').match(/\bWASGI_ERR_[A-Z_]*[A-Z]\b/g) ?? []
}

test('every code that the tree uses is in the table, and every one in the table is used', () => {
  const used = new Set([...codesBelow('src/'), ...codesBelow('workers/')])

  assert.equal([...used].sort(), CODES)
})

test('the reference page has every code of the table and no other', () => {
  const documented = new Set(codesIn('docs/reference/errors.md'))

  assert.equal([...documented].sort(), CODES)
})

test('each text ends a sentence, fits one line and says whose fault it is', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { text, status } = ERRORS[code]

    assert.match(text, /^[^\n]+(?:\.|%s)$/, code)
    assert.ok(status >= 400 && status < 600, code)
  }
})

test('an error fills its text, and carries blame, status, cause and traceback', () => {
  const cause = new Error('deep')

  const error = new WasgiError('WASGI_ERR_LISTEN', ['a:1', '$& taken'], { cause, traceback: 't' })

  assert.is(error.message, 'Cannot listen on a:1: $& taken.')
  assert.equal([error.code, error.blame, error.statusCode], ['WASGI_ERR_LISTEN', 'operator', 500])
  assert.equal([error.cause, error.traceback], [cause, 't'])
})

test.run()
